import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOfScript, shownOf } from './support/answer.ts'
import { buildPlayground, drive, laneNames, ready, watchPages } from './support/open-playground.ts'

describeWithProgram('chromium', 'the page for a documentation', (path) => {
  let browser: OpenChromium
  let built: Awaited<ReturnType<typeof buildPlayground>>
  let server: Server
  let url: string
  const asked: string[] = []

  beforeAll(async () => {
    built = await buildPlayground({ isReplay: true })
    server = createServer((req, res) => {
      const { pathname } = new URL(req.url ?? '/', 'http://localhost')
      asked.push(pathname)
      built.files.serve(pathname, res)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    browser = await openChromium(path)
    await watchPages(browser.context)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    server?.close()
    await built?.remove()
  })

  it('answers out of its files, and has no button for what is not there', { timeout: 60_000 }, async () => {
    const page = await browser.context.newPage()
    await page.goto(url)
    await ready(page)
    const { ask, ended, pressAt } = drive(page, url)
    expect(await page.getByRole('button').allTextContents()).toEqual([
      'Ask',
      'Sleep tab',
      'Slow client',
      'Naive render',
      'Stop',
    ])
    const answer = await answerOfScript()

    await ask('5000')
    for (const lane of laneNames) expect(shownOf(await ended(lane)), `the lane ${lane}`).toEqual(answer)

    await ask('300')
    await pressAt(40, 'Sleep tab')
    for (const lane of ['backend', 'relay'] as const)
      expect(shownOf(await ended(lane)), `the lane ${lane}`).toEqual(answer)

    await ask('60')
    await pressAt(20, 'Stop')
    for (const lane of laneNames) expect((await ended(lane)).finishReason, `the lane ${lane}`).toBe('stopped')

    expect([...new Set(asked)].sort()).toEqual(['/', '/icon.svg', '/main.js', '/style.css'])
    expect(await page.evaluate(() => window.violations)).toEqual([])
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
  })
})

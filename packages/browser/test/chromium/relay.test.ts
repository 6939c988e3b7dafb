import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bundleApp, pageOf } from '../support/browser-lab.ts'
import { chunksOf } from '../support/chat-server.ts'
import { isBusy } from '@deltawire/testkit/is-busy'
import { type RelayServer, serveRelay } from '../support/relay-server.ts'

const TEXT = Array.from({ length: 400 }, (_, at) => ['Grüße', '世界', '👋🏽', 'Wort'][at % 4]).join(' ')

describeWithProgram('chromium', 'a chat through the relay', (path) => {
  let browser: OpenChromium
  let relay: RelayServer
  let words = TEXT

  beforeAll(async () => {
    relay = await serveRelay(
      () => chunksOf(words),
      () => 2,
      { html: pageOf('Relay'), script: await bundleApp('lab.ts') },
    )
    browser = await openChromium(path)
  }, 120_000)
  beforeEach(() => {
    words = TEXT
  })
  afterAll(async () => {
    await browser?.close()
    await relay?.close()
  })

  describe.each(['WebSocket', 'server-sent events'])('over %s', (way) => {
    async function open() {
      const page = await browser.context.newPage()
      await page.goto(relay.origin)
      await page.evaluate((kind) => {
        const { createChat, fetchTransport, page: environment, webSocketTransport } = window.lab
        // A line that is there again at once: nobody waits before the next attempt.
        const random = () => 0
        const transport = () =>
          kind === 'WebSocket'
            ? webSocketTransport({ url: '/v1/socket', random })
            : fetchTransport({ url: '/v1/chat/completions', isResumable: true })
        window.makeChat = () =>
          createChat({
            transport: transport(),
            request: { model: 'm' },
            retry: { attempts: 20 },
            environment: { ...environment, random },
          })
        window.chat = window.makeChat()
      }, way)
      return page
    }

    it('is the same after 200 random cuts', { timeout: 180_000 }, async () => {
      const page = await open()
      let seed = 7
      const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
      // Browsers hold six connections to one server.
      const AT_ONCE = 5
      let cuts = 0
      while (cuts < 200) {
        const before = relay.model.calls
        let isOver = false
        const answers = page
          .evaluate(
            (count) =>
              Promise.all(
                Array.from({ length: count }, async () => {
                  const chat = window.makeChat()
                  const { message, error } = await chat.sendMessage('Hello!')
                  return { parts: message?.parts, error, count: chat.getSnapshot().messages.length }
                }),
              ),
            AT_ONCE,
          )
          .finally(() => (isOver = true))
        while (!isOver) {
          const goal = relay.model.generated + AT_ONCE * (5 + random() * 30)
          await expect.poll(() => isOver || relay.model.generated >= goal, { interval: 2, timeout: 60_000 }).toBe(true)
          cuts += relay.cut()
        }
        const whole = { parts: [{ type: 'text', text: TEXT }], error: null, count: 2 }
        expect(await answers).toEqual(Array.from({ length: AT_ONCE }, () => whole))
        expect(relay.model.calls).toBe(before + AT_ONCE)
      }
      await page.close()
    })

    it('stops the model within 100 ms', { timeout: 120_000 }, async () => {
      words = TEXT.repeat(20)
      const page = await open()
      const times: number[] = []
      for (let at = 0; at < 100; at++) {
        const { calls, generated } = relay.model
        await page.evaluate(() => void window.chat.sendMessage('Hello!'))
        await expect.poll(() => relay.model.calls, { interval: 5, timeout: 20_000 }).toBe(calls + 1)
        await expect.poll(() => relay.model.generated, { interval: 5, timeout: 20_000 }).toBeGreaterThan(generated + 20)
        const clicked = await page.evaluate(() => {
          const now = Date.now()
          void window.chat.stop()
          return now
        })
        await expect.poll(() => relay.model.isStopped, { interval: 2, timeout: 20_000 }).toBe(true)
        times.push(relay.model.stoppedAt - clicked)
        const written = relay.model.generated
        await expect
          .poll(() => page.evaluate(() => window.chat.getSnapshot().status), { timeout: 20_000 })
          .toBe('ready')
        // Nothing since.
        expect(relay.model.generated).toBe(written)
      }
      times.sort((a, b) => a - b)
      console.info(
        `stop reaches the model over ${way}: median ${times[50]} ms, p99 ${times[98]} ms, most ${times[99]} ms`,
      )
      // 99 of 100: the slowest may have waited for the machine, and not for us.
      expect(times[98]).toBeLessThan(isBusy() ? 1_000 : 100)
      await page.close()
    })
  })
})

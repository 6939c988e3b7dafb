import { describeWithProgram } from '@deltawire/testkit/describe'
import type { Plugin } from 'esbuild'
import { expect, it } from 'vitest'
import { bundleApp, pageOf, strictPolicy } from '../support/browser-lab.ts'
import { chunksOf } from '../support/chat-server.ts'
import { solid, svelte } from '../support/framework-plugins.ts'
import { withBrowser } from '../support/with-browser.ts'

const TEXT = Array.from({ length: 300 }, (_, at) => `word${at}`).join(' ')

describeWithProgram('chromium', 'a chat in an app', (path) => {
  const { serve, newPage } = withBrowser(path)

  async function open(file: string, plugins: Plugin[] = [], policy = strictPolicy) {
    const server = await serve({
      script: () => ({ chunks: chunksOf(TEXT), pauseMs: 3 }),
      page: { html: pageOf(file), script: await bundleApp(file, plugins), policy },
    })
    const page = await newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(server.origin)
    return { page, server, errors }
  }

  it.each<[string, string, Plugin[]?, string?]>([
    ['React', 'react.tsx'],
    ['Vue', 'vue.ts'],
    // Both make their elements from markup of their own: Svelte says so in a policy, Solid does not.
    [
      'Svelte',
      'svelte.js',
      [svelte],
      strictPolicy.replace("trusted-types 'none'", 'trusted-types svelte-trusted-html'),
    ],
    ['Solid', 'solid.tsx', [solid], strictPolicy.replace(/require-trusted-types-for.*/, '')],
  ])('of %s shows the answer while it arrives', { timeout: 60_000 }, async (_name, file, plugins, policy) => {
    const { page, server, errors } = await open(file, plugins, policy)
    await page.getByRole('button', { name: 'ask' }).click()
    await expect.poll(() => page.locator('output').textContent(), { timeout: 20_000 }).toBe('streaming')
    const early = await page.locator('li').nth(1).textContent()
    expect(TEXT.startsWith(early ?? '?')).toBe(true)
    await expect.poll(() => page.locator('output').textContent(), { timeout: 20_000 }).toBe('ready')
    expect(await page.locator('li').allTextContents()).toEqual(['Hello!', TEXT])
    expect(server.log).toEqual(['POST /chat'])
    expect(errors).toEqual([])
    await page.close()
  })

  it(
    'of React takes up the answer with one request, for 20 subscribers in StrictMode',
    { timeout: 60_000 },
    async () => {
      const { page, server, errors } = await open('react.tsx')
      await page.getByRole('button', { name: 'ask' }).click()
      await expect.poll(() => server.streams[0]?.generated, { timeout: 20_000 }).toBeGreaterThan(30)
      await page.reload()
      await expect.poll(() => page.locator('output').textContent(), { timeout: 20_000 }).toBe('ready')
      await expect.poll(() => page.locator('li').allTextContents(), { timeout: 20_000 }).toEqual(['Hello!', TEXT])
      expect(server.log).toEqual(['POST /chat', 'GET /chat/s1'])
      expect(await page.locator('i').count()).toBe(20)
      // The question was rendered twice by StrictMode, if at all, and not with every piece of the answer.
      const renders = await page.evaluate(() => Object.values((window as unknown as { renders: object }).renders))
      expect(Math.min(...(renders as number[]))).toBeLessThanOrEqual(4)
      expect(errors).toEqual([])
      await page.close()
    },
  )
})

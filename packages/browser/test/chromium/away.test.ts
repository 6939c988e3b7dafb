import { describeWithProgram } from '@deltawire/testkit/describe'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleApp, pageOf } from '../support/browser-lab.ts'
import { type ChatServer, chunksOf, serveChat } from '../support/chat-server.ts'

declare global {
  interface Window {
    /** Whether the page came out of the back/forward cache. */
    isRestored?: boolean
    /** Whether the page has been told to stand still. */
    isFrozen?: boolean
  }
}

const TEXT = Array.from({ length: 200 }, (_, at) => ['Grüße', '世界', '👋🏽', 'Wort'][at % 4]).join(' ')

describeWithProgram('chromium', 'a page that is away', (path) => {
  let folder = ''
  let context: BrowserContext
  let server: ChatServer

  beforeAll(async () => {
    server = await serveChat({
      // Nothing is over before the page has gone.
      script: () => ({ chunks: chunksOf(TEXT), pauseMs: 1, heldAt: 60 }),
      page: { html: pageOf('Away'), script: await bundleApp('lab.ts') },
    })
    folder = await mkdtemp(join(tmpdir(), 'deltawire-chromium-'))
    context = await chromium.launchPersistentContext(folder, {
      executablePath: path,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
      // Which it is by default under this driver.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    })
  }, 120_000)
  afterAll(async () => {
    await context?.close()
    await server?.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  /** A page with a chat, in the middle of an answer. */
  async function begin(tabs = false): Promise<Page> {
    const page = await context.newPage()
    await page.goto(server.origin)
    const before = server.streams.length
    await page.evaluate((isShared) => {
      const { createChat, fetchTransport, sessionChatStorage, tabsTransport, bindText } = window.lab
      const inner = fetchTransport({ url: '/chat' })
      const transport = isShared ? tabsTransport(inner, { name: crypto.randomUUID() }) : inner
      window.chat = createChat({ transport, storage: sessionChatStorage('chat') })
      const answer = document.querySelector('#answer')
      if (answer !== null) bindText(answer, window.chat)
      document.addEventListener('freeze', () => (window.isFrozen = true))
      window.addEventListener('pageshow', ({ persisted }) => (window.isRestored = persisted))
      void window.chat.sendMessage('Hello!')
    }, tabs)
    await expect.poll(() => server.streams.length, { timeout: 20_000 }).toBe(before + 1)
    await expect.poll(() => last()?.generated, { timeout: 20_000 }).toBe(60)
    return page
  }

  const last = () => server.streams.at(-1)

  async function isWhole(page: Page): Promise<void> {
    await expect.poll(() => page.locator('#answer').textContent(), { timeout: 20_000 }).toBe(TEXT)
    const { error, messages } = await page.evaluate(() => {
      const snapshot = window.chat.getSnapshot()
      return { error: snapshot.error, messages: snapshot.messages.length }
    })
    expect({ error, messages }).toEqual({ error: null, messages: 2 })
  }

  describe.each([
    ['a connection of its own', false],
    ['one for all tabs', true],
  ])('in the back/forward cache, with %s,', (_what, isShared) => {
    it.each([
      ['with its connection', false],
      ['without its connection', true],
    ])('comes out %s and has the whole answer', { timeout: 60_000 }, async (_name, isCut) => {
      const page = await begin(isShared)
      const posts = server.log.filter((line) => line.startsWith('POST')).length
      // Another site: the page before it is kept as it is.
      await page.goto(server.origin.replace('127.0.0.1', 'localhost'))
      if (isCut) server.cut()
      server.release()
      await expect.poll(() => last()?.generated, { timeout: 20_000 }).toBeGreaterThan(100)
      // Nothing is loaded: the page is there already.
      await page.goBack({ waitUntil: 'commit' })
      await expect.poll(() => page.evaluate(() => window.isRestored), { timeout: 20_000 }).toBe(true)
      // Its timers and its network stood still: what a phone does to a page in a pocket.
      expect(await page.evaluate(() => window.isFrozen)).toBe(true)
      await isWhole(page)
      expect(server.log.filter((line) => line.startsWith('POST'))).toHaveLength(posts)
      await page.close()
    })
  })

  it('has a connection of its own where tabs can not agree who leads', { timeout: 60_000 }, async () => {
    await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
    const pages = [await begin(true), await begin(true)]
    expect(await pages[0]?.evaluate(() => navigator.locks)).toBe(undefined)
    expect(server.streams.slice(-2).map(({ readers }) => readers)).toEqual([1, 1])
    server.release()
    for (const page of pages) {
      await isWhole(page)
      await page.close()
    }
  })
})

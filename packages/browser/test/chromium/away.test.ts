import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { describeWithProgram } from '@deltawire/testkit/describe'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleApp, pageOf } from '../support/browser-lab.ts'
import { type ChatServer, chunksOf, serveChat } from '../support/chat-server.ts'
import { type RelayServer, serveRelay } from '../support/relay-server.ts'

declare global {
  interface Window {
    /** Whether the page came out of the back/forward cache. */
    isRestored?: boolean
    /** Whether the page has been told to stand still. */
    isFrozen?: boolean
  }
}

const TEXT = Array.from({ length: 200 }, (_, at) => ['Grüße', '世界', '👋🏽', 'Wort'][at % 4]).join(' ')

/** What a page talks to: a model that stops to think in the middle of its answer. */
interface Backend {
  readonly origin: string
  readonly calls: () => number
  /** Chunks of the last answer. */
  readonly generated: () => number
  readonly cut: () => void
  readonly release: () => void
}

/** Nothing is over before the page has gone. */
const HELD_AT = 60

describeWithProgram('chromium', 'a page that is away', (path) => {
  let browser: OpenChromium
  let server: ChatServer
  let relay: RelayServer
  const backends: Record<string, Backend> = {}

  beforeAll(async () => {
    const page = { html: pageOf('Away'), script: await bundleApp('lab.ts') }
    server = await serveChat({ script: () => ({ chunks: chunksOf(TEXT), pauseMs: 1, heldAt: HELD_AT }), page })
    backends['server-sent events'] = {
      origin: server.origin,
      calls: () => server.log.filter((line) => line.startsWith('POST')).length,
      generated: () => server.streams.at(-1)?.generated ?? 0,
      cut: server.cut,
      release: server.release,
    }
    const { length } = chunksOf(TEXT)
    let release = (): void => {}
    const pauseMs = async (): Promise<number> => {
      if (relay.model.generated % length === HELD_AT) await new Promise<void>((resolve) => (release = resolve))
      return 1
    }
    relay = await serveRelay(() => chunksOf(TEXT), pauseMs, page)
    backends['WebSocket'] = {
      origin: relay.origin,
      calls: () => relay.model.calls,
      generated: () => relay.model.generated - (relay.model.calls - 1) * length,
      cut: relay.cut,
      release: () => release(),
    }
    browser = await openChromium(path, { keepsPages: true })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await relay?.close()
  })

  function backendOf(way: string): Backend {
    const backend = backends[way]
    if (backend === undefined) throw new Error(`nothing serves ${way}`)
    return backend
  }

  /** A page with a chat, in the middle of an answer. */
  async function begin(way: string, isShared: boolean): Promise<Page> {
    const { origin, calls, generated } = backendOf(way)
    const page = await browser.context.newPage()
    await page.goto(origin)
    const before = calls()
    await page.evaluate(
      ([kind, shared]) => {
        const { createChat, fetchTransport, sessionChatStorage, tabsTransport, bindText, webSocketTransport } =
          window.lab
        const inner =
          kind === 'WebSocket' ? webSocketTransport({ url: '/v1/socket' }) : fetchTransport({ url: '/chat' })
        const transport = shared ? tabsTransport(inner, { name: crypto.randomUUID() }) : inner
        window.chat = createChat({ transport, storage: sessionChatStorage('chat'), request: { model: 'm' } })
        const answer = document.querySelector('#answer')
        if (answer !== null) bindText(answer, window.chat)
        document.addEventListener('freeze', () => (window.isFrozen = true))
        window.addEventListener('pageshow', ({ persisted }) => (window.isRestored = persisted))
        void window.chat.sendMessage('Hello!')
      },
      [way, isShared] as const,
    )
    await expect.poll(calls, { timeout: 20_000 }).toBe(before + 1)
    await expect.poll(generated, { timeout: 20_000 }).toBe(HELD_AT)
    return page
  }

  async function isWhole(page: Page): Promise<void> {
    await expect.poll(() => page.locator('#answer').textContent(), { timeout: 20_000 }).toBe(TEXT)
    const { error, messages } = await page.evaluate(() => {
      const snapshot = window.chat.getSnapshot()
      return { error: snapshot.error, messages: snapshot.messages.length }
    })
    expect({ error, messages }).toEqual({ error: null, messages: 2 })
  }

  describe.each(['server-sent events', 'WebSocket'])('in the back/forward cache, over %s,', (way) => {
    it.each([
      ['a connection of its own that lasts', false, false],
      ['a connection of its own that is cut', false, true],
      ['one for all tabs that lasts', true, false],
      ['one for all tabs that is cut', true, true],
    ])('with %s, comes out and has the whole answer', { timeout: 60_000 }, async (_name, isShared, isCut) => {
      const { origin, calls, generated, cut, release } = backendOf(way)
      const page = await begin(way, isShared)
      const before = calls()
      // Another site: the page before it is kept as it is. Its WebSocket is not: Chromium closes it.
      await page.goto(origin.replace('127.0.0.1', 'localhost'))
      if (isCut) cut()
      release()
      await expect.poll(generated, { timeout: 20_000 }).toBeGreaterThan(100)
      // Nothing is loaded: the page is there already.
      await page.goBack({ waitUntil: 'commit' })
      await expect.poll(() => page.evaluate(() => window.isRestored), { timeout: 20_000 }).toBe(true)
      // Its timers and its network stood still: what a phone does to a page in a pocket.
      expect(await page.evaluate(() => window.isFrozen)).toBe(true)
      await isWhole(page)
      expect(calls()).toBe(before)
      await page.close()
    })
  })

  it('has a connection of its own where tabs can not agree who leads', { timeout: 60_000 }, async () => {
    await browser.context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
    const way = 'server-sent events'
    const pages = [await begin(way, true), await begin(way, true)]
    expect(await pages[0]?.evaluate(() => navigator.locks)).toBe(undefined)
    expect(server.streams.slice(-2).map(({ readers }) => readers)).toEqual([1, 1])
    server.release()
    for (const page of pages) {
      await isWhole(page)
      await page.close()
    }
  })
})

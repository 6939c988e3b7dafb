import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { describeWithProgram } from '@deltawire/testkit/describe'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabApi } from '../apps/lab.ts'
import { bundleApp, pageOf, strictPolicy } from '../support/browser-lab.ts'
import { type ChatServer, chunksOf, type Script, serveChat } from '../support/chat-server.ts'
import { isBusy } from '@deltawire/testkit/is-busy'

declare global {
  interface Window {
    lab: LabApi
    chat: ReturnType<LabApi['createChat']>
    /** Another one like that. */
    makeChat: () => ReturnType<LabApi['createChat']>
  }
}

describeWithProgram('chromium', 'a chat in a page', (path) => {
  let browser: OpenChromium
  let server: ChatServer
  let script: Partial<Script> = {}

  const word = (seed: number) => ['Grüße', '世界', '👋🏽', 'data:', '\\"', 'Wort', '<b>no</b>', '𝒳'][seed % 8] ?? ''
  const textOf = (words: number) => Array.from({ length: words }, (_, at) => word(at * 7 + (at % 3))).join(' ')
  const TEXT = textOf(200)

  beforeAll(async () => {
    const code = await bundleApp('lab.ts')
    server = await serveChat({
      script: () => ({ chunks: chunksOf(TEXT), ...script }),
      page: { html: pageOf('Lab'), script: code, policy: strictPolicy },
    })
    browser = await openChromium(path)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(given: Partial<Script> = {}): Promise<Page> {
    script = given
    const page = await browser.context.newPage()
    await page.goto(server.origin)
    return page
  }

  /** Makes the chat of the page. */
  const makeChat = (page: Page, options: { flush?: 'frame'; storage?: 'local' | 'session'; tabs?: string } = {}) =>
    page.evaluate(({ flush, storage, tabs }) => {
      const { createChat, fetchTransport, localChatStorage, sessionChatStorage, tabsTransport, bindText } = window.lab
      const inner = fetchTransport({ url: '/chat' })
      window.chat = createChat({
        transport: tabs === undefined ? inner : tabsTransport(inner, { name: tabs }),
        retry: { attempts: 20 },
        ...(flush && { flush }),
        ...(storage && { storage: storage === 'local' ? localChatStorage(tabs ?? 'c') : sessionChatStorage('c') }),
      })
      const answer = document.querySelector('#answer')
      if (answer !== null) bindText(answer, window.chat)
    }, options)

  const ask = (page: Page) => page.evaluate(() => window.chat.sendMessage('Hello!'))
  const begin = (page: Page) => page.evaluate(() => void window.chat.sendMessage('Hello!'))
  const text = (page: Page) => page.locator('#answer').textContent()
  const last = () => {
    const stream = server.streams.at(-1)
    if (stream === undefined) throw new Error('nothing was asked')
    return stream
  }
  const generated = (least: number) => expect.poll(() => last().generated, { timeout: 20_000 }).toBeGreaterThan(least)

  it('is the same after random cuts', { timeout: 180_000 }, async () => {
    const page = await open()
    await makeChat(page)
    let seed = 1
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    let cuts = 0
    for (let round = 0; cuts < 200; round++) {
      const places = Array.from({ length: 20 }, () => Math.floor(200 + random() * 2_500))
      script = { cuts: places }
      const before = server.log.length
      const { message, error } = await ask(page)
      expect(error).toBe(null)
      expect(message?.parts).toEqual([{ type: 'text', text: TEXT }])
      const log = server.log.slice(before)
      cuts += log.length - 1
      expect(log.filter((line) => line.startsWith('POST'))).toHaveLength(1)
    }
    expect(cuts).toBeGreaterThanOrEqual(200)
    expect(await text(page)).toBe(TEXT)
    expect(await page.evaluate(() => window.lab.violations)).toEqual([])
    await page.close()
  })

  it('goes on after a reload', { timeout: 60_000 }, async () => {
    const page = await open({ pauseMs: 5 })
    await makeChat(page, { storage: 'session' })
    await begin(page)
    await generated(30)
    await page.reload()
    await makeChat(page, { storage: 'session' })
    await expect.poll(() => text(page), { timeout: 20_000 }).toBe(TEXT)
    expect(last().connections).toBe(2)
    const messages = await page.evaluate(() => window.chat.getSnapshot().messages.length)
    expect(messages).toBe(2)
    await page.close()
  })

  it('shares one connection between tabs, and takes up when the leading one goes', { timeout: 60_000 }, async () => {
    // The answer is not over before the tabs are there.
    const first = await open({ pauseMs: 1, heldAt: 100 })
    await makeChat(first, { storage: 'local', tabs: 'team' })
    await begin(first)
    await generated(20)
    const others = [await open({ pauseMs: 10 }), await open({ pauseMs: 10 })]
    for (const other of others) {
      await makeChat(other, { storage: 'local', tabs: 'team' })
      await expect
        .poll(() => other.evaluate(() => window.chat.getSnapshot().connection), { timeout: 20_000 })
        .toBe('following')
      await expect.poll(() => text(other), { timeout: 20_000 }).not.toBe('')
    }
    expect([last().readers, last().connections]).toEqual([1, 1])
    await first.close()
    await expect.poll(() => last().connections, { timeout: 20_000 }).toBe(2)
    for (const other of others)
      await expect
        .poll(() => other.evaluate(() => window.chat.getSnapshot().connection), { timeout: 20_000 })
        .toMatch(/^(following|open)$/)
    server.release()
    for (const other of others) await expect.poll(() => text(other), { timeout: 20_000 }).toBe(TEXT)
    // However many follow, a dying leader costs one connection.
    expect(last().connections).toBe(2)
    for (const other of others) {
      expect(await other.evaluate(() => window.chat.getSnapshot().messages.length)).toBe(2)
      await other.close()
    }
  })

  it(
    'asks nothing for a tab that means a leader who has gone: the tab will ask again',
    { timeout: 60_000 },
    async () => {
      const page = await open()
      await makeChat(page, { storage: 'local', tabs: 'late' })
      const before = server.log.length
      await page.evaluate(async () => {
        const channel = new BroadcastChannel('late')
        const leader = () =>
          new Promise<string>((resolve) => {
            channel.addEventListener('message', ({ data }) => data.t === 'leader' && resolve(String(data.leader)))
            // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
            channel.postMessage({ t: 'who' })
          })
        await leader()
        const late = { t: 'send', id: 'late', key: 'late', request: { messages: [] }, to: 'who was before' }
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
        channel.postMessage(late)
        // Who answers this has read that.
        await leader()
      })
      await ask(page)
      expect(server.log.slice(before)).toEqual(['POST /chat'])
      await page.close()
    },
  )

  it('asks the next leader for a stop that the last one did not answer', { timeout: 60_000 }, async () => {
    const page = await open()
    const before = server.log.length
    await page.evaluate(async () => {
      const { fetchTransport, tabsTransport } = window.lab
      let release = () => {}
      const held = new Promise<void>((resolve) => (release = resolve))
      await new Promise<void>((resolve) => {
        void navigator.locks.request('dying leader', () => {
          resolve()
          return held
        })
      })
      const channel = new BroadcastChannel('dying')
      const isAsked = new Promise<void>((resolve) => {
        channel.addEventListener('message', ({ data }) => {
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
          if (data.t === 'who') channel.postMessage({ t: 'leader', leader: 'who dies' })
          if (data.t === 'stop') resolve()
        })
      })
      const stopped = tabsTransport(fetchTransport({ url: '/chat' }), { name: 'dying' }).stop?.({ streamId: 'none' })
      await isAsked
      release()
      await stopped
    })
    expect(server.log.slice(before)).toEqual(['DELETE /chat/none'])
    await page.close()
  })

  it('goes on in a leading tab that was put away and comes back', { timeout: 60_000 }, async () => {
    const page = await open({ pauseMs: 10 })
    await makeChat(page, { storage: 'local', tabs: 'away' })
    await begin(page)
    await generated(20)
    await page.evaluate(() => window.dispatchEvent(new Event('pagehide')))
    await expect.poll(() => last().readers, { timeout: 20_000 }).toBe(0)
    await page.evaluate(() => window.dispatchEvent(new Event('pageshow')))
    await expect.poll(() => text(page), { timeout: 20_000 }).toBe(TEXT)
    expect(await page.evaluate(() => window.chat.getSnapshot().error)).toBe(null)
    await page.close()
  })

  it('asks again in a tab that was put away before it had an answer', { timeout: 60_000 }, async () => {
    const page = await open({ pauseMs: 10 })
    await makeChat(page, { storage: 'local', tabs: 'early' })
    await page.evaluate(() => {
      void window.chat.sendMessage('Hello!')
      window.dispatchEvent(new Event('pagehide'))
      window.dispatchEvent(new Event('pageshow'))
    })
    await expect.poll(() => text(page), { timeout: 20_000 }).toBe(TEXT)
    expect(await page.evaluate(() => window.chat.getSnapshot().error)).toBe(null)
    await page.close()
  })

  it('stops from a tab that follows', { timeout: 60_000 }, async () => {
    const first = await open({ pauseMs: 10 })
    await makeChat(first, { storage: 'local', tabs: 'stop' })
    await begin(first)
    await generated(20)
    const second = await open({ pauseMs: 10 })
    await makeChat(second, { storage: 'local', tabs: 'stop' })
    await expect
      .poll(() => second.evaluate(() => window.chat.getSnapshot().connection), { timeout: 20_000 })
      .toBe('following')
    expect(await second.evaluate(() => window.chat.stop())).toEqual({ stopped: true })
    expect(last().isStopped).toBe(true)
    await first.close()
    await second.close()
  })

  it('waits while the network is gone', { timeout: 60_000 }, async () => {
    const page = await open({ pauseMs: 10 })
    await makeChat(page)
    await begin(page)
    await generated(20)
    await browser.context.setOffline(true)
    // What is under way goes on in this emulation: the server has to cut.
    script = {}
    server.cut()
    await expect
      .poll(() => page.evaluate(() => window.chat.getSnapshot().connection), { timeout: 20_000 })
      .toBe('offline')
    await browser.context.setOffline(false)
    await expect.poll(() => text(page), { timeout: 20_000 }).toBe(TEXT)
    expect(server.log.filter((line) => line === `GET /chat/${last().id}`)).toHaveLength(1)
    await page.close()
  })

  it('goes on in a hidden page, and shows the end', { timeout: 60_000 }, async () => {
    const page = await open({ pauseMs: 2 })
    await makeChat(page)
    await page.evaluate(() => {
      // A headless browser hides no page.
      Object.defineProperty(document, 'hidden', { value: true, configurable: true })
      Object.defineProperty(window, 'requestAnimationFrame', { value: () => 0 })
    })
    await begin(page)
    await expect.poll(() => text(page), { timeout: 20_000 }).toBe(TEXT)
    expect(await page.evaluate(() => window.chat.getSnapshot().status)).toBe('ready')
    await page.close()
  })

  describe.each([true, false])('stop (streams are kept: %s)', (isKept) => {
    let other: ChatServer
    beforeAll(async () => {
      other = await serveChat({
        script: () => ({ chunks: chunksOf(textOf(20_000)), pauseMs: 1 }),
        isResumable: isKept,
        page: { html: pageOf('Stop'), script: await bundleApp('lab.ts'), policy: strictPolicy },
      })
    }, 60_000)
    afterAll(() => other.close())

    it('reaches the model within 100 ms', { timeout: 120_000 }, async () => {
      const page = await browser.context.newPage()
      await page.goto(other.origin)
      await makeChat(page)
      const times: number[] = []
      const generatedThen: (number | undefined)[] = []
      for (let at = 0; at < 100; at++) {
        await begin(page)
        await expect.poll(() => other.streams[at]?.generated ?? 0, { timeout: 20_000 }).toBeGreaterThan(20)
        const clicked = await page.evaluate(() => {
          const now = Date.now()
          void window.chat.stop()
          return now
        })
        await expect.poll(() => other.streams[at]?.isStopped, { timeout: 20_000 }).toBe(true)
        times.push((other.streams[at]?.stoppedAt ?? Infinity) - clicked)
        generatedThen.push(other.streams[at]?.generated)
      }
      times.sort((a, b) => a - b)
      console.info(
        `stop reaches the model, streams kept: ${isKept}: median ${times[50]} ms, p99 ${times[98]} ms, most ${times[99]} ms`,
      )
      // 99 of 100: the slowest may have waited for the machine, and not for us.
      expect(times[98]).toBeLessThan(isBusy() ? 1_000 : 100)
      // Nothing since.
      expect(other.streams.map((stream) => stream.generated)).toEqual(generatedThen)
      await page.close()
    })
  })

  const args = JSON.stringify({
    rows: Array.from({ length: 1_500 }, (_, at) => ({ id: at, name: `item number ${at}` })),
  })
  const calls = chunksOf('', {
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'save', arguments: args } }],
  })
  const pieces = Array.from({ length: 10_000 }, (_, at) =>
    args.slice(Math.floor((at * args.length) / 10_000), Math.floor(((at + 1) * args.length) / 10_000)),
  )
  const toolChunks = [
    ...calls.slice(0, 1),
    ...pieces.map((piece, at) => ({
      ...(calls[0] as (typeof calls)[number]),
      choices: [
        {
          index: 0,
          delta: {
            tool_calls: [
              at === 0
                ? { index: 0, id: 'call_1', type: 'function' as const, function: { name: 'save', arguments: piece } }
                : { index: 0, function: { arguments: piece } },
            ],
          },
          finish_reason: null,
        },
      ],
    })),
    ...calls.slice(-1),
  ]

  // The times are those of a quiet machine, and twice as much is allowed: this one has other things to do.
  it.each([
    ['10,000 chunks of text', chunksOf('word '.repeat(10_000)), 120],
    ['10,000 chunks of arguments', toolChunks, 150],
  ])('never holds up the page, not even for %s at once', { timeout: 120_000 }, async (what, chunks, budgetMs) => {
    const page = await open({ chunks })
    await page.evaluate(() => {
      const { createChat, createToolbox, defineTool, fetchTransport, bindText } = window.lab
      // A tool without `run`, and a schema that says yes to everything.
      const parameters = {
        '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
      } as const
      const tools = createToolbox({ save: defineTool({ parameters, jsonSchema: {} }) })
      window.chat = createChat({ transport: fetchTransport({ url: '/chat' }), tools }) as unknown as typeof window.chat
      const answer = document.querySelector('#answer')
      if (answer !== null) bindText(answer, window.chat)
    })
    await ask(page)
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
    const metrics = async () => {
      await cdp.send('HeapProfiler.collectGarbage')
      const { metrics: found } = await cdp.send('Performance.getMetrics')
      return (name: string) => found.find((each) => each.name === name)?.value ?? 0
    }
    const runs: number[] = []
    const longest: number[] = []
    for (let at = 0; at < 5; at++) {
      await page.evaluate(() => window.chat.setMessages([]))
      const before = await metrics()
      await page.evaluate(() => (window.lab.longTasks.length = 0))
      await page.evaluate(async () => void (await window.chat.sendMessage('Hello!')))
      longest.push(Math.max(0, ...(await page.evaluate(() => window.lab.longTasks))))
      const after = await metrics()
      runs.push((after('TaskDuration') - before('TaskDuration')) * 1_000)
      expect(after('JSHeapUsedSize') - before('JSHeapUsedSize')).toBeLessThan(10 * 1024 * 1024)
    }
    // A task is timed by the wall clock: on a machine that does other things, some runs have one that only waited.
    longest.sort((a, b) => a - b)
    if (isBusy()) console.info('the longest task is not judged: the machine does something else')
    else expect(longest[2]).toBeLessThanOrEqual(50)
    const median = runs.sort((a, b) => a - b)[2] ?? Infinity
    console.info(`${what} at once: ${Math.round(median)} ms of the main thread`)
    expect(median).toBeLessThan(2 * budgetMs)
    const parts = await page.evaluate(() => window.chat.getSnapshot().messages[1]?.parts.map(({ type }) => type))
    expect(parts).toEqual([budgetMs === 150 ? 'tool-call' : 'text'])
    await page.close()
  })

  it('never makes markup of an answer', { timeout: 60_000 }, async () => {
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    const page = await open({ chunks: chunksOf(evil) })
    await makeChat(page)
    await ask(page)
    expect(await text(page)).toBe(evil)
    expect(
      await page.evaluate(() => [document.querySelector('#answer')?.childElementCount, 'hacked' in window]),
    ).toEqual([0, false])
    expect(await page.evaluate(() => window.lab.violations)).toEqual([])
    await page.close()
  })
})

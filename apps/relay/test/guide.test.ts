import * as browser from '@deltawire/browser'
import { createMockServer, type MockServer } from '@deltawire/cli/mock'
import * as node from '@deltawire/node'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import * as bridge from '@deltawire/websocket-bridge'
import * as redisEngine from '@deltawire/websocket-bridge/redis'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startRedis } from '@deltawire/testkit/redis'

const guide = await readFile(new URL('../../../docs/relay.md', import.meta.url), 'utf8')
const snippets = snippetsOf(guide)
const codeOf = (title: string): string => snippets.find((snippet) => snippet.title === title)?.code ?? ''

let upstream: MockServer
let asked = 0
/** What the snippets have made, to be ended by the test. */
const made: { close(): unknown }[] = []

beforeAll(async () => {
  upstream = await createMockServer({ pace: { chunkMs: 15 }, onAnswer: () => asked++ })
})
afterAll(() => upstream.close())
beforeEach(() => {
  asked = 0
})
afterEach(async () => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  for (const one of made.splice(0).toReversed()) await one.close()
})

/** Runs a server of the guide on a free port. @returns its address and what it does when it is terminated */
async function serve(title: string, env: Record<string, string>) {
  let server: http.Server | undefined
  let leave = async (): Promise<void> => {}
  vi.stubEnv('OPENAI_BASE_URL', upstream.baseURL)
  vi.stubEnv('OPENAI_API_KEY', 'any')
  const keep = <T extends { close(): unknown }>(one: T): T => {
    made.push(one)
    return one
  }
  const modules = {
    'node:http': { createServer: (listener: http.RequestListener) => (server = keep(http.createServer(listener))) },
    '@deltawire/node': node,
    '@deltawire/websocket-bridge': {
      createRelay: (options: bridge.RelayOptions) => keep(bridge.createRelay(options)),
    },
    '@deltawire/websocket-bridge/redis': {
      createRedisEngine: (options: redisEngine.RedisEngineOptions) => keep(redisEngine.createRedisEngine(options)),
    },
  }
  await runSnippet(codeOf(title).replace('listen(8790)', 'listen(0)'), modules, {
    process: {
      env: { ...process.env, PORT: '0', ...env },
      once: (_: string, listener: () => Promise<void>) => (leave = listener),
    },
  })
  if (server === undefined) throw new Error('the snippet starts a server')
  if (!server.listening) await once(server, 'listening')
  // A server that listens on a port has one.
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, leave: () => leave() }
}

interface Page {
  readonly chat: ReturnType<typeof browser.createChat>
  /** Sends the form. */
  ask(): void
  /** What the page shows. */
  text(): string
}

/** The script of the page, and the elements that it finds: those of the page, by their names. */
function pageOf(html: string) {
  const [, script = ''] = /<script type="module">\n([^]*?)<\/script>/.exec(html) ?? []
  const [, question = ''] = /<input name="question" value="([^"]*)"/.exec(html) ?? []
  const pre = { textContent: '' }
  let submit = (_event: object): void => {}
  const form = { addEventListener: (_type: 'submit', listener: typeof submit) => void (submit = listener) }
  const elements: { readonly [selector: string]: object } = { pre, form }
  return {
    script,
    pre,
    document: { querySelector: (selector: string) => (html.includes(`<${selector}>`) ? elements[selector] : null) },
    ask: () => submit({ preventDefault() {}, target: { question: { value: question } } }),
  }
}

/** Opens the page of the guide: with the storage that its tab has. */
async function openPage(originOf: () => string, storage: Map<string, string>): Promise<Page> {
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
  })
  // A page's own server. The transport asks by path.
  const fetchHere: typeof fetch = (path, init) => fetch(new URL(path as string, originOf()), init)
  const { chat } = (await runSnippet(
    codeOf('Your page'),
    {
      '@deltawire/browser': {
        ...browser,
        fetchTransport: (options: browser.FetchTransportOptions) =>
          browser.fetchTransport({ ...options, fetch: fetchHere }),
      },
    },
    { console: { log: () => {} } },
  )) as { chat: Page['chat'] }
  const [, html = ''] = /^```html\n([^]*?)^```/m.exec(guide) ?? []
  const { script, pre, document, ask } = pageOf(html)
  await runSnippet(script, { './chat.ts': { chat } }, { document })
  return { chat, ask, text: () => pre.textContent.trimEnd() }
}

/** Asks, reloads in the middle, and gives what the page shows in the end. */
async function reloaded(before: () => string, after: () => string): Promise<string> {
  const storage = new Map<string, string>()
  const first = await openPage(before, storage)
  first.ask()
  await expect.poll(() => first.text().length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(10)
  const kept = new Map(storage)
  first.chat.dispose()
  const second = await openPage(after, kept)
  await expect.poll(() => second.chat.getSnapshot().status, { timeout: 20_000 }).toBe('ready')
  second.chat.dispose()
  return second.text()
}

/** What the page shows in the end: the question, and all that the model says. */
async function truth(): Promise<string> {
  const answer = await fetch(`${upstream.baseURL}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'demo:tour', messages: [{ role: 'user', content: 'Hello!' }] }),
  })
  const { choices } = (await answer.json()) as {
    choices: { message: { reasoning_content?: string; content: string } }[]
  }
  asked = 0
  const { reasoning_content: reasoning = '', content = '' } = choices[0]?.message ?? {}
  return ['Hello!', reasoning, content].join('\n\n')
}

describe('the guide of the relay', () => {
  it('has no snippet that is not tested here, and compiles', { timeout: 120_000 }, () => {
    expect(snippets.map(({ title }) => title)).toEqual(['Your backend', 'Your page', 'Two nodes'])
    const lib = ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts']
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url), { lib })).toEqual([])
  })

  it('leads what the page asks to the server that it starts', async () => {
    const [, config = ''] = /^```js\n([^]*?)^```/m.exec(guide) ?? []
    const target = 'http://127.0.0.1:8790'
    expect(await runSnippet(config, {})).toEqual({ default: { server: { proxy: { '/v1': { target, ws: true } } } } })
    expect(codeOf('Your backend')).toContain(`listen(${new URL(target).port})`)
  })

  it('leads to a page that survives a reload', async () => {
    const whole = await truth()
    const { origin } = await serve('Your backend', {})
    expect(
      await reloaded(
        () => origin,
        () => origin,
      ),
    ).toBe(whole)
    await expect.poll(() => asked).toBe(1)
  })

  describeWithProgram('redis', 'the two nodes of the guide', (program) => {
    it('carry on for each other, and one that leaves loses nothing', async () => {
      const redis = await startRedis(program)
      try {
        const whole = await truth()
        const env = { REDIS_URL: redis.url, TICKET_SECRET: '0123456789abcdef' }
        const first = await serve('Two nodes', env)
        const second = await serve('Two nodes', env)
        let left: Promise<void> | undefined
        const text = await reloaded(
          () => first.origin,
          () => {
            left ??= first.leave()
            return second.origin
          },
        )
        expect(text).toBe(whole)
        await left
        expect(asked).toBe(1)
      } finally {
        for (const one of made.splice(0).toReversed()) await one.close()
        await redis.close()
      }
    })
  })
})

import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as browser from '../src/index.ts'
import * as testing from '../src/testing.ts'
import * as tools from '../src/tools.ts'
import * as core from '@deltawire/core'
import * as zod from 'zod'
import { type ChatServer, chunksOf, serveChat } from './support/chat-server.ts'

const guide = snippetsOf(await readFile(new URL('../../../docs/browser.md', import.meta.url), 'utf8'))
const readme = snippetsOf(await readFile(new URL('../README.md', import.meta.url), 'utf8'))
const titles = guide.map(({ title }) => title)

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
// The servers of the guide are the other package's business: their types are found where that package has them.
const { resolve } = createRequire(path('../../node/package.json'))
const options = {
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  // As `react-jsx` in a configuration file.
  jsx: 4,
  paths: {
    '@deltawire/node': [path('../../node/src/index.ts')],
    express: [dirname(resolve('@types/express/package.json'))],
  },
}

let server: ChatServer
beforeAll(async () => {
  server = await serveChat({ script: () => ({ chunks: chunksOf('Hello there.') }) })
  const real = fetch
  // A page's own server.
  vi.stubGlobal('fetch', (url: string | URL, init: RequestInit) =>
    real(String(url).startsWith('/') ? server.url : url, init),
  )
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

const codeOf = (title: string, at = 0): string => {
  const code = guide.filter((snippet) => snippet.title === title)[at]?.code
  if (code === undefined) throw new Error(`the guide has no ${title}`)
  return code
}

const modules = {
  '@deltawire/core': core,
  '@deltawire/browser': browser,
  '@deltawire/browser/testing': testing,
  '@deltawire/browser/tools': tools,
  zod,
}

async function run(code: string): Promise<unknown[][]> {
  const printed: unknown[][] = []
  await runSnippet(code, modules, { console: { log: (...values: unknown[]) => printed.push(values) } })
  return printed
}

describe('the guide', () => {
  it('compiles, with the README', { timeout: 240_000 }, () => {
    expect(titles.length).toBeGreaterThanOrEqual(14)
    expect(
      typeErrorsOf([...guide, ...readme], new URL('.', import.meta.url), options as Parameters<typeof typeErrorsOf>[2]),
    ).toEqual([])
  })

  it.each(['Stop, leave, resume', 'Tools in the page', 'A model on this machine'])('runs: %s', async (title) => {
    await expect(run(codeOf(title))).resolves.toEqual([])
  })

  it.each([
    ['One answer', ['Hello there.', undefined, true, undefined]],
    ['In tests', [[{ type: 'text', text: 'Hello there.' }]]],
  ])('prints what it says: %s', async (title, expected) => {
    expect((await run(codeOf(title))).at(-1)).toEqual(expected)
  })

  it('takes up from its ref what a server keeps', async () => {
    const keeping = await serveChat({ script: () => ({ chunks: chunksOf('Hello there.'), heldAt: 2 }) })
    const transport = browser.fetchTransport({ url: keeping.url })
    const messages = [{ role: 'user' as const, content: 'Hello!' }]
    const stream = browser.streamChat({ messages }, { transport })
    let text = ''
    for await (const chunk of stream) {
      text += core.textOf(chunk)
      if (text !== '') break
    }
    const { ref } = stream
    if (ref === undefined) throw new Error('the server keeps streams, and tells no name')
    keeping.release()
    for await (const chunk of browser.resumeChat(ref, { transport })) text += core.textOf(chunk)
    expect(text).toBe('Hello there.')
    expect(keeping.log).toEqual(['POST /chat', `GET /chat/${ref.streamId}`])
    await keeping.close()
  })

  describe('has a backend', () => {
    const ask = async (url: string, fetcher?: typeof fetch) => {
      const transport = browser.fetchTransport({ url, ...(fetcher && { fetch: fetcher }) })
      const stream = browser.streamChat({ model: 'm', messages: [{ role: 'user', content: 'Hello!' }] }, { transport })
      const { completion, error } = await stream.result()
      return { error, text: completion?.choices[0]?.message.content }
    }
    const whole = { error: null, text: 'Hello there.' }
    let backend: object

    beforeAll(async () => {
      // The other package is none of this one's dependencies, nor is its address known to it.
      const node = (await import(path('../../node/src/index.ts'))) as { createChatHandler(options: object): unknown }
      const upstream = { baseURL: server.url, apiKey: 'none' }
      backend = { ...node, createChatHandler: (given: object) => node.createChatHandler({ ...given, upstream }) }
    }, 60_000)

    it('for Express, which answers', async () => {
      const express = createRequire(path('../../node/package.json'))('express') as () => {
        listen: (port: number) => Server
      }
      let tell: (server: Server) => void = () => {}
      const listening = new Promise<Server>((take) => (tell = take))
      const onAnyPort = () => {
        const app = express()
        const listen = app.listen.bind(app)
        app.listen = () => {
          const own = listen(0)
          own.on('listening', () => tell(own))
          return own
        }
        return app
      }
      await runSnippet(codeOf('Your backend', 0), { '@deltawire/node': backend, express: { default: onAnyPort } })
      const own = await listening
      const { port } = own.address() as AddressInfo
      expect(await ask(`http://127.0.0.1:${port}/v1/chat/completions`)).toEqual(whole)
      own.closeAllConnections()
      own.close()
    })

    it('for Next, which answers', async () => {
      const { POST } = await runSnippet(codeOf('Your backend', 1), { '@deltawire/node': backend })
      // What Next does with a route.
      const route = (url: unknown, init: unknown) =>
        (POST as (request: Request) => Promise<Response>)(new Request(url as string, init as RequestInit))
      expect(await ask('http://localhost/v1/chat/completions', route as typeof fetch)).toEqual(whole)
    })
  })

  it('begins in the README as it says', async () => {
    const printed = await run(readme[0]?.code ?? '')
    expect(printed).toContainEqual(['submitted'])
    expect(printed.at(-1)).toEqual([[{ type: 'text', text: 'Hello there.' }], null])
  })
})

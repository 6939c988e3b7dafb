import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@deltawire/core'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import * as client from '../src/client/index.ts'
import * as bridge from '../src/index.ts'
import { answerOf } from './support/chunks.ts'
import { toListener } from './support/listen.ts'

const snippets = snippetsOf(await readFile(new URL('../README.md', import.meta.url), 'utf8'))
const codeOf = (title: string): string => snippets.find((snippet) => snippet.title === title)?.code ?? ''

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
// It has the servers that an application may have.
const sibling = createRequire(path('../../node/package.json'))
const options = {
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  // The sibling is what an application uses beside this package, which itself never does.
  paths: {
    '@deltawire/node': [path('../../node/src/index.ts')],
    express: [dirname(sibling.resolve('@types/express/package.json'))],
  },
}

/** What stands in for the sibling when snippets run. */
const node = {
  streamChatCompletion: async function* () {
    yield* answerOf('Hello ', 'there.')
  },
  toNodeListener: (handle: bridge.Relay['handle']) => toListener({ handle }),
}
const modules = {
  'node:http': { createServer: (...all: Parameters<typeof createServer>) => (server = createServer(...all)) },
  '@deltawire/core': core,
  '@deltawire/node': node,
  '@deltawire/websocket-bridge': bridge,
  '@deltawire/websocket-bridge/client': {
    ...client,
    // Node.js 20 has no WebSocket of its own.
    connectRelay: (url: string) => client.connectRelay(url, { WebSocket }),
  },
}
let server: Server
let port = 0

async function run(title: string): Promise<{ printed: unknown[]; exported: Record<string, unknown> }> {
  const printed: unknown[] = []
  const process = { env: { PORT: String(port), ADMIN_TOKEN: 'admin' } }
  const exported = await runSnippet(codeOf(title), modules, {
    console: { log: (value: unknown) => printed.push(value) },
    process,
  })
  return { printed, exported }
}

const apps: Server[] = []

/** Runs the snippet, on a port of its own. */
async function inExpress() {
  const express = sibling('express') as () => { listen(port: number): Server }
  const onAnyPort = () => {
    const app = express()
    const listen = app.listen.bind(app)
    return Object.assign(app, {
      listen() {
        const own = listen(0)
        apps.push(own)
        return own
      },
    })
  }
  await runSnippet(codeOf('In an app that there is'), { ...modules, express: { default: onAnyPort } }, { process })
  const [own] = apps
  if (own === undefined) throw new Error('the snippet listens')
  if (!own.listening) await once(own, 'listening')
  // A server that listens on a port has one.
  const { port: ownPort } = own.address() as AddressInfo
  return {
    handle: (at: string, init?: RequestInit) => fetch(`http://127.0.0.1:${ownPort}${at}`, init),
    attach: `ws://127.0.0.1:${ownPort}/v1/socket`,
  }
}

describe('the README', () => {
  beforeAll(async () => {
    await run('A server')
    if (!server.listening) await once(server, 'listening')
    // A server that listens on a port has one.
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    for (const each of [server, ...apps]) {
      each.closeAllConnections()
      await new Promise((resolve) => each.close(resolve))
    }
  })

  test('compiles', { timeout: 120_000 }, () => {
    expect(snippets.length).toBe(6)
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url), options)).toEqual([])
  })

  test('stands in an app of Express beside what else is there', async () => {
    const { handle, attach } = await inExpress()
    const asked = await handle('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(await asked.json()).toMatchObject({ choices: [{ message: { content: 'Hello there.' } }] })
    // Express answers what is not the relay's.
    expect([(await handle('/')).status, await (await handle('/')).text()]).toEqual([
      404,
      expect.stringContaining('Cannot GET /'),
    ])
    const relay = client.connectRelay(attach, { WebSocket })
    let text = ''
    for await (const chunk of await relay.start({ messages: [{ role: 'user', content: 'Hi' }] }))
      text += core.textOf(chunk)
    expect(text).toBe('Hello there.')
    relay.close()
  })

  test('follows an answer to its end, and again', async () => {
    expect((await run('A client')).printed).toEqual(['Hello there.', 'Hello there.'])
  })

  test('serves clients that know nothing of this', async () => {
    expect((await run('Clients that know nothing of this')).printed).toEqual(['Hello there.', true])
  })

  test('lets in who may', async () => {
    const { relay } = (await run('Who may do what')).exported as { relay: bridge.Relay }
    const ask = (headers: Record<string, string>): Promise<Response> =>
      relay.handle(
        new Request('http://relay.example/v1/chat/completions', {
          method: 'POST',
          headers,
          body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] }),
        }),
      )
    expect((await ask({})).status).toBe(401)
    expect((await ask({ authorization: 'Bearer token-of-ann', origin: 'https://evil.example' })).status).toBe(403)
    expect((await ask({ authorization: 'Bearer token-of-ann' })).status).toBe(200)
    await relay.close()
  })

  test('waits for a tool', async () => {
    const { relay } = (await run('Tools')).exported as { relay: bridge.Relay }
    const request = { model: 'm', messages: [] }
    const anybody = { id: 'anybody' }
    const { id } = await relay.hub.start(anybody, { key: 'k', request })
    await relay.hub.toolOutput(anybody, id, 'call_1', 'Paris')
    await expect.poll(async () => (await relay.hub.read(anybody, id)).status).toBe('done')
    const response = await relay.handle(new Request(`http://relay.example/v1/streams/${id}`))
    expect(await response.json()).toMatchObject({
      completion: { choices: [{ message: { content: 'You are in Paris.' } }] },
    })
    await relay.close()
  })
})

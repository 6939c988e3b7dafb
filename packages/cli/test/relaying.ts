import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ChatCompletionChunk } from '@deltawire/core'
import { toNodeListener } from '@deltawire/node'
import { createMemoryEngine, createRelay, type RelayOptions } from '@deltawire/websocket-bridge'
import { afterEach } from 'vitest'

export const chunkOf = (content: string, finish_reason: string | null = null): ChatCompletionChunk => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason }],
})

/** A source whose chunks a test gives by hand. */
export function createSource() {
  const given: ChatCompletionChunk[] = []
  let over: { readonly reason?: Error } | undefined
  let wake = () => {}
  async function* read() {
    for (;;) {
      const next = given.shift()
      if (next !== undefined) yield next
      else if (over?.reason !== undefined) throw over.reason
      else if (over !== undefined) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    read,
    give(...chunks: readonly ChatCompletionChunk[]) {
      given.push(...chunks)
      wake()
    },
    end(reason?: Error) {
      over = reason === undefined ? {} : { reason }
      wake()
    },
  }
}

/** What is closed after each test, the last first. */
export const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A relay over an upstream that a test gives, on a port of its own. */
export async function serveRelay(open: RelayOptions['open'], options: Partial<RelayOptions> = {}) {
  const engine = createMemoryEngine()
  const relay = createRelay({ open, engine, ...options })
  const server = createServer(toNodeListener(relay.handle))
  relay.attach(server)
  const sockets = new Set<Duplex>()
  server.on('upgrade', (_, socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has one.
  const { port } = server.address() as AddressInfo
  closers.push(async () => {
    await relay.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await engine.close()
  })
  const base = `http://127.0.0.1:${port}`
  return {
    url: `ws://127.0.0.1:${port}/v1/socket`,
    /** Where its topics and streams are named. */
    origin: `ws://127.0.0.1:${port}`,
    /** Cuts every WebSocket, as a network does. */
    cut() {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    async start({ topic, token }: { topic?: string; token?: string } = {}): Promise<string> {
      const response = await fetch(`${base}/v1/streams`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({
          key: `k-${Math.random()}`,
          body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
          topic,
        }),
      })
      const { id } = (await response.json()) as { id?: string }
      if (id === undefined) throw new Error(`the relay began nothing: ${response.status}`)
      return id
    },
    cancel: (id: string) => fetch(`${base}/v1/streams/${id}/cancel`, { method: 'POST' }),
  }
}

export async function* answer(...chunks: readonly ChatCompletionChunk[]) {
  yield* chunks
}
export const short = () => answer(chunkOf('Hello, '), chunkOf('world'), chunkOf('', 'stop'))

// A server for Bun and Deno: their own `serve`, our handler, and sources that do what the model's name says.
import { createChatHandler, toEventStreamResponse } from '@deltawire/node'

const chunkOf = (content, finish_reason = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_750_000_000,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason }],
})

let pulls = 0
let onCancelled
const cancelled = new Promise((resolve) => (onCancelled = resolve))

const sources = {
  short: () => [chunkOf('Grüße, '), chunkOf('世界', 'stop')],
  async *waits() {
    try {
      yield chunkOf('first')
      await new Promise(() => {})
    } finally {
      onCancelled()
    }
  },
  async *floods() {
    try {
      for (const text = 'x'.repeat(16 * 1024); pulls < 4000;) {
        pulls += 1
        yield chunkOf(text)
        // Other connections are served as well.
        if (pulls % 16 === 0) await new Promise((resolve) => setTimeout(resolve))
      }
    } finally {
      onCancelled()
    }
  },
  async *fails() {
    yield chunkOf('first')
    throw new Error('postgres://user:password@10.0.0.1 is down')
  },
}

const handler = createChatHandler({
  // A source that waits cannot hear `return()`: it is told by the signal.
  open: ({ model }, { signal }) => {
    signal.addEventListener('abort', () => onCancelled(), { once: true })
    return sources[model]()
  },
  models: Object.keys(sources),
})

async function answer(request) {
  const { pathname } = new URL(request.url)
  if (pathname === '/cancelled') return cancelled.then(() => new Response('cancelled'))
  if (pathname === '/pulls') return new Response(String(pulls))
  if (pathname === '/direct') return toEventStreamResponse(sources.short())
  return handler(request)
}

const port = globalThis.Bun
  ? globalThis.Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 60, fetch: answer }).port
  : globalThis.Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: () => {} }, answer).addr.port
console.log(port)

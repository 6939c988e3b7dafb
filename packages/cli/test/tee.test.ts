import { describe, expect, test } from 'vitest'
import { readTee } from '../src/chat/tee.ts'
import { Interrupted } from '../src/io.ts'
import { runCli } from './run-cli.ts'
import { answering, choice, saying } from './upstream.ts'

describe('an answer that others follow', () => {
  test.each([
    ['ws://127.0.0.1:8790/plan', 'http://127.0.0.1:8790/v1', 'plan'],
    ['wss://r.example/v1/socket/a%20b', 'https://r.example/v1', 'a b'],
    ['http://127.0.0.1:8790/plan', 'http://127.0.0.1:8790/v1', 'plan'],
  ])('%s is asked at %s about %s', (given, baseURL, topic) => {
    expect(readTee(given, { env: {} })).toMatchObject({ baseURL, topic })
  })

  test('has a topic of the relay in the environment', () => {
    const env = { DELTAWIRE_RELAY_URL: 'ws://127.0.0.1:8790/v1/socket' }
    expect(readTee('plan', { env })).toMatchObject({ baseURL: 'http://127.0.0.1:8790/v1', topic: 'plan' })
    expect(() => readTee('plan', { env: {} })).toThrow('--tee "plan" names no relay')
    expect(() => readTee('ws://127.0.0.1:8790/', { env: {} })).toThrow('names no topic')
    expect(() => readTee('ws://127.0.0.1:8790/%zz', { env: {} })).toThrow('names no topic')
    expect(() => readTee('ws://', { env: {} })).toThrow('is no address')
  })

  const ask = (fetch: typeof globalThis.fetch, signal?: AbortSignal) =>
    runCli(['ask', '--no-store', '-m', 'm', '--tee', 'ws://relay.example/plan', 'hi'], {
      fetch,
      signal,
      env: { OPENAI_API_KEY: 'sk-0123456789', DELTAWIRE_RELAY_TOKEN: 'relay-token' },
    })

  test('is asked through the relay, with its token and not with the key', async () => {
    const upstream = answering(() => saying('ok'))
    expect(await ask(upstream.fetch)).toMatchObject({ code: 0, stdout: 'ok' })
    const [asked] = upstream.requests
    expect(asked?.url).toBe('http://relay.example/v1/chat/completions')
    expect(asked?.headers.get('x-topic')).toBe('plan')
    expect(asked?.headers.get('authorization')).toBe('Bearer relay-token')
  })

  test('ends for everybody with Ctrl-C', async () => {
    const interrupt = new AbortController()
    let cancelled: (url: string) => void = () => {}
    const wasCancelled = new Promise<string>((resolve) => (cancelled = resolve))
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init)
      if (request.method === 'DELETE') {
        cancelled(request.url)
        return Response.json({ status: 'cancelled' })
      }
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(choice({ content: 'half' }))}\n\n`))
          request.signal.addEventListener('abort', () => controller.error(request.signal.reason))
          setImmediate(() => interrupt.abort(new Interrupted('SIGINT')))
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-stream-id': 'st_1' } })
    }
    expect((await ask(fetch, interrupt.signal)).code).toBe(130)
    expect(await wasCancelled).toBe('http://relay.example/v1/streams/st_1')
  })
})

import { encodeChunk, encodeDone, StreamError, textOf } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type ChatTransport,
  type ChunkEvent,
  createChat,
  fetchTransport,
  type FetchTransportOptions,
  page,
  streamChat,
} from '../src/index.ts'
import { createManualEnvironment } from '../src/testing.ts'
import { type ChatServer, chunksOf, type Script, serveChat } from './support/chat-server.ts'
import { settled, until } from './support/until.ts'

// Without the waits of a real network: what is waited for is at once.
const environment = { ...page, random: () => 0 }

const TEXT = 'Grüße, 世界! 👋🏽 Ein Text aus mehreren Wörtern, 一つ二つ三つ.'
const messages = [{ role: 'user' as const, content: 'Hello!' }]

const servers: ChatServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(
  script: Partial<Script> = {},
  options: Partial<Parameters<typeof serveChat>[0]> = {},
  more: Partial<FetchTransportOptions> = {},
) {
  const server = await serveChat({ script: () => ({ chunks: chunksOf(TEXT), ...script }), ...options })
  servers.push(server)
  return { server, transport: fetchTransport({ url: server.url, environment, ...more }) }
}

const contentOf = (message: { parts: readonly object[] } | null) =>
  message?.parts.map((part) => ('text' in part ? part.text : '')).join('')

describe('an answer', () => {
  it('is read once, in order, to its end', async () => {
    const { server, transport } = await serve()
    const { completion, complete, error } = await streamChat(
      { model: 'm', messages },
      { transport, environment },
    ).result()
    expect({ complete, error }).toEqual({ complete: true, error: null })
    expect(completion?.choices[0]?.message.content).toBe(TEXT)
    expect(server.log).toEqual(['POST /chat'])
    expect(server.streams[0]?.request).toEqual({
      model: 'm',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  // Every place of it, and so without a network: the test in a page has one.
  it.each(['breaks', 'ends'])('is the same wherever its connection %s', { timeout: 120_000 }, async (how) => {
    // Characters of one to four bytes, and one that is two characters.
    const text = 'aü世👋🏽'
    const events = chunksOf(text).map((chunk, at) => `id: ${at + 1}\n${encodeChunk(chunk)}`)
    const bytesAfter = (id: number) => new TextEncoder().encode(events.slice(id).join('') + encodeDone())
    const { length } = bytesAfter(0)
    let posts = 0
    const one = async (cut: number) => {
      const answer = (_: unknown, { method, headers }: RequestInit = {}) => {
        const bytes = bytesAfter(Number(new Headers(headers).get('last-event-id') ?? 0))
        const pieces = method === 'POST' ? [bytes.subarray(0, cut)] : [bytes]
        if (method === 'POST') posts += 1
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const piece = pieces.shift()
            if (piece !== undefined) controller.enqueue(piece)
            else if (method === 'POST' && how === 'breaks') controller.error(new TypeError('terminated'))
            else controller.close()
          },
        })
        return Promise.resolve(
          new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-stream-id': 's1' } }),
        )
      }
      const transport = fetchTransport({ url: 'https://example.com/chat', environment, fetch: answer })
      const { completion, error } = await streamChat({ messages }, { transport, environment }).result()
      expect({ cut, error, text: completion?.choices[0]?.message.content }).toEqual({ cut, error: null, text })
    }
    // Each waits a little: many at once.
    for (let from = 0; from < length; from += 100)
      await Promise.all(Array.from({ length: Math.min(100, length - from) }, (_, at) => one(from + at)))
    expect(posts).toBe(length)
  })

  it.each<[string, Partial<Script>]>([
    ['comes in events that repeat', { isDoubled: true }],
    ['is taken up too early', { overlap: 5, cuts: [900, 1_500] }],
    ['is cut again and again', { cuts: [400, 300, 500, 300, 450] }],
    ['is begun again from the start each time', { overlap: 1_000, cuts: [900, 1_500, 2_000] }],
  ])('is right when it %s', async (_what, script) => {
    const { server, transport } = await serve(script)
    const chat = createChat({ transport, environment })
    const { message, error } = await chat.sendMessage('Hello!')
    expect({ error, text: contentOf(message) }).toEqual({ error: null, text: TEXT })
    expect(server.log.filter((line) => line.startsWith('POST'))).toHaveLength(1)
    expect(chat.getSnapshot().messages).toHaveLength(2)
  })

  it('is read anew when its events come out of order', async () => {
    const chunks = chunksOf('a b c d')
    const events = chunks.map((chunk, at) => `id: ${at + 1}\n${encodeChunk(chunk)}`)
    const { transport } = await serve(
      { chunks },
      {
        intercept(request, response) {
          if (request.method !== 'POST' && request.headers['last-event-id'] !== undefined) return false
          const isFirst = request.method === 'POST'
          response.writeHead(200, { 'content-type': 'text/event-stream', 'x-stream-id': 's1' })
          const order = isFirst ? [0, 1, 3, 2, 4, 5] : [0, 1, 2, 3, 4, 5]
          response.end(order.map((at) => events[at] ?? '').join('') + encodeDone())
          return true
        },
      },
    )
    const { completion, error } = await streamChat({ messages }, { transport, environment }).result()
    expect({ error, text: completion?.choices[0]?.message.content }).toEqual({ error: null, text: 'a b c d' })
  })

  it('without [DONE] is whole if it says why it ended', async () => {
    const { transport } = await serve({ isUnended: true })
    expect(await streamChat({ messages }, { transport, environment }).result()).toMatchObject({ complete: true })
  })

  it('without [DONE] and without an end is none', async () => {
    const { transport } = await serve({ isUnended: true, chunks: chunksOf(TEXT).slice(0, -1) }, { isResumable: false })
    const { message, error } = await createChat({ transport, environment }).sendMessage('Hello!')
    expect(error).toMatchObject({ code: 'incomplete_stream', isPartial: true })
    expect(message).toMatchObject({ finishReason: 'interrupted' })
    expect(contentOf(message)).toBe(TEXT)
  })
})

describe('a server that refuses', () => {
  const answer =
    (
      status: number,
      headers: Record<string, string>,
      text: string,
    ): NonNullable<Parameters<typeof serveChat>[0]['intercept']> =>
    (request, response) => {
      if (request.method !== 'POST') return false
      response.writeHead(status, headers).end(text)
      return true
    }

  it('is quoted', async () => {
    const body = JSON.stringify({ error: { message: 'no such model', type: 'invalid_request_error' } })
    const { transport, server } = await serve({}, { intercept: answer(404, {}, body) })
    const { error } = await streamChat({ messages }, { transport, environment }).result()
    expect(error).toMatchObject({
      code: 'http_status',
      message: '[http_status] the server answered 404: no such model',
    })
    expect(server.log).toEqual(['POST /chat'])
  })

  it('for now is asked again, with the same key', async () => {
    let times = 0
    const keys = new Set()
    const { transport } = await serve(
      {},
      {
        intercept(request, response, body) {
          keys.add(request.headers['idempotency-key'])
          return ++times < 3 && answer(429, { 'retry-after': '0' }, '')(request, response, body)
        },
      },
    )
    expect(await streamChat({ messages }, { transport, environment }).result()).toMatchObject({ complete: true })
    expect([times, keys.size]).toEqual([3, 1])
  })

  it.each([
    ['a page', 'text/html', '<!doctype html><title>Sign in</title>'],
    ['JSON', 'application/json', '{"choices":[]}'],
  ])('with %s in the place of a stream is known', async (_what, type, text) => {
    const { transport } = await serve({}, { intercept: answer(200, { 'content-type': type }, text) })
    const { error } = await streamChat({ messages }, { transport, environment }).result()
    expect(error).toMatchObject({ code: 'no_chunk', message: `[no_chunk] not a stream but ${type}` })
  })

  it.each([
    ['an error event', 'event: error\ndata: {"error":{"message":"overloaded","code":503}}\n\n', 'upstream_error'],
    ['an error in the place of a chunk', 'data: {"error":{"message":"overloaded"}}\n\n', 'upstream_error'],
    ['what is not JSON', 'data: oops\n\n', 'invalid_json'],
  ])('in the stream, by %s, ends it', async (_what, text, code) => {
    const stream = answer(
      200,
      { 'content-type': 'text/event-stream' },
      encodeChunk(chunksOf('Hi')[1] ?? ({} as never)) + text,
    )
    const { transport } = await serve({}, { intercept: stream })
    const { message, error } = await createChat({ transport, environment }).sendMessage('Hello!')
    expect(contentOf(message)).toBe('Hi')
    expect(error).toMatchObject({ code, isPartial: true })
  })

  it('is not there', async () => {
    const { transport, server } = await serve()
    await server.close()
    servers.length = 0
    const { error } = await streamChat({ messages }, { transport, environment, retry: false }).result()
    expect(error).toMatchObject({ code: 'connect_failed', details: { url: server.url } })
  })
})

describe('a server that falls silent', () => {
  it('is left, and the stream taken up where it was', async () => {
    const chunks = chunksOf('a b c d')
    const ids: unknown[] = []
    const { transport } = await serve(
      { chunks },
      {
        intercept(request, response) {
          if (request.method !== 'POST') {
            ids.push(request.headers['last-event-id'])
            return false
          }
          response.writeHead(200, { 'content-type': 'text/event-stream', 'x-stream-id': 's1' })
          response.write(
            `id: 1\n${encodeChunk(chunks[0] ?? ({} as never))}id: 2\n${encodeChunk(chunks[1] ?? ({} as never))}`,
          )
          return true
        },
      },
      { idleTimeoutMs: 30 },
    )
    const { error } = await streamChat({ messages }, { transport, environment }).result()
    // This server was never asked for it.
    expect(error?.message).toBe('the server no longer has the answer')
    expect(ids).toEqual(['2'])
  })

  it('is heard first where it was the page that stood still', async () => {
    const time = createManualEnvironment()
    let server: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (server = controller) })
    const say = (text: string) => server?.enqueue(new TextEncoder().encode(text))
    // Nothing of this can be taken up.
    const fetcher = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const transport = fetchTransport({ url: '/chat', fetch: fetcher, environment: time })
    const result = streamChat({ messages }, { transport, environment: time }).result()
    const [first = '', ...rest] = chunksOf('Hello there.').map(encodeChunk)
    say(first)
    await settled()
    // Frozen for minutes: its timers ring before it is given what has come meanwhile.
    time.advance(300_000)
    say(rest.join('') + encodeDone())
    expect(await result).toMatchObject({ complete: true, error: null })
    expect(time.timers).toBe(0)
  })

  it('is given up all the same when it says nothing more', async () => {
    const time = createManualEnvironment()
    const fetcher = async () =>
      new Response(new ReadableStream({}), { headers: { 'content-type': 'text/event-stream' } })
    const transport = fetchTransport({ url: '/chat', fetch: fetcher, environment: time })
    const result = streamChat({ messages }, { transport, environment: time }).result()
    await settled()
    time.advance(45_000)
    await settled()
    time.advance(1000)
    expect((await result).error).toMatchObject({ code: 'timeout', details: { phase: 'idle', timeoutMs: 45_000 } })
  })

  describe('before it has answered at all', () => {
    /** A network on which nobody answers for long, and how often it was asked for what. */
    function silence(more: Partial<FetchTransportOptions> = {}, isSilent = (_method: string): boolean => true) {
      const time = createManualEnvironment()
      const asked: string[] = []
      const fetcher = (_: unknown, { method = 'GET', signal }: RequestInit = {}): Promise<Response> => {
        asked.push(method)
        if (!isSilent(method))
          return Promise.resolve(
            new Response(encodeChunk(chunksOf('Hi')[0] ?? ({} as never)), {
              headers: { 'content-type': 'text/event-stream', 'x-stream-id': 's1' },
            }),
          )
        return new Promise((_resolve, fail) => signal?.addEventListener('abort', () => fail(signal.reason as Error)))
      }
      const transport = fetchTransport({ url: '/chat', fetch: fetcher, environment: time, ...more })
      return { asked, time, stream: streamChat({ messages }, { transport, environment: time }) }
    }

    it('is given up after five minutes and not asked again by itself, because the model may be at it', async () => {
      const { asked, time, stream } = silence()
      const result = stream.result()
      await settled()
      time.advance(299_999)
      await settled()
      expect(time.timers).toBe(1)
      time.advance(1)
      time.advance(1000)
      const { error } = await result
      expect(error).toMatchObject({ code: 'timeout', details: { phase: 'connect', timeoutMs: 300_000 } })
      expect(error?.message).toContain('connectTimeoutMs')
      expect(asked).toEqual(['POST'])
      expect(time.timers).toBe(0)
    })

    it('is given up when it was said to be', async () => {
      const { time, stream } = silence({ connectTimeoutMs: 1000 })
      const result = stream.result()
      await settled()
      time.advance(1000)
      time.advance(1000)
      expect((await result).error).toMatchObject({ code: 'timeout', details: { timeoutMs: 1000 } })
    })

    it('is asked again for a stream that it keeps, as after any silence', async () => {
      const { asked, time, stream } = silence({}, (method) => method === 'GET')
      const result = stream.result()
      for (let attempt = 0; attempt < 18; attempt++) {
        await settled()
        time.advance(45_000)
      }
      expect((await result).error).toMatchObject({ code: 'timeout', details: { phase: 'idle', timeoutMs: 45_000 } })
      expect(asked).toEqual(['POST', ...Array<string>(5).fill('GET')])
    })

    it('is heard first where it was the page that stood still', async () => {
      const time = createManualEnvironment()
      let answer: ((response: Response) => void) | undefined
      const fetcher = (_: unknown, { signal }: RequestInit = {}): Promise<Response> =>
        new Promise((resolve, fail) => {
          answer = resolve
          signal?.addEventListener('abort', () => fail(signal.reason as Error))
        })
      const transport = fetchTransport({ url: '/chat', fetch: fetcher, environment: time })
      const result = streamChat({ messages }, { transport, environment: time }).result()
      await settled()
      time.advance(600_000)
      const text = chunksOf('Hello there.').map(encodeChunk).join('') + encodeDone()
      answer?.(new Response(text, { headers: { 'content-type': 'text/event-stream' } }))
      expect(await result).toMatchObject({ complete: true, error: null })
      expect(time.timers).toBe(0)
    })

    it('may be left meanwhile', async () => {
      const { time, stream } = silence()
      const result = stream.result()
      await settled()
      stream.leave()
      expect((await result).error).toMatchObject({ name: 'AbortError' })
      expect(time.timers).toBe(0)
    })
  })

  it('is not taken for silent while it sends comments', async () => {
    const { transport } = await serve(
      {},
      {
        intercept(_request, response) {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          let beats = 0
          const timer = setInterval(() => {
            response.write(': keep-alive\n\n')
            if (++beats < 10) return
            clearInterval(timer)
            response.end(chunksOf('Hi').map(encodeChunk).join('') + encodeDone())
          }, 20)
          return true
        },
      },
      { idleTimeoutMs: 1_000 },
    )
    expect(await streamChat({ messages }, { transport, environment }).result()).toMatchObject({ complete: true })
  })
})

describe('stop', () => {
  const long = { chunks: chunksOf('word '.repeat(2_000)), pauseMs: 1 }

  it.each([true, false])('reaches the model (streams are kept: %s)', async (isResumable) => {
    const { server, transport } = await serve(long, { isResumable })
    const chat = createChat({ transport, environment })
    const answer = chat.sendMessage('Hello!')
    await until(() => (server.streams[0]?.generated ?? 0) > 20)
    expect(await chat.stop()).toEqual({ stopped: true })
    await until(() => server.streams[0]?.isStopped === true && server.streams[0].readers === 0)
    const { generated } = server.streams[0] ?? { generated: 0 }
    expect(generated).toBeLessThan(1_500)
    expect((await answer).message).toMatchObject({ finishReason: 'stopped' })
    expect(server.log).toEqual(isResumable ? ['POST /chat', 'DELETE /chat/s1'] : ['POST /chat'])
  })

  it('before the answer has begun waits for its name, and stops it then', async () => {
    const { server, transport } = await serve(long)
    // However slow the machine is.
    const patient = { ...environment, after: () => () => {} }
    const stream = streamChat({ messages }, { transport, environment: patient })
    const result = stream.result()
    expect(await stream.stop()).toEqual({ stopped: true })
    expect(server.streams[0]).toMatchObject({ isStopped: true })
    expect((await result).complete).toBe(false)
  })

  it('only leaves by leave, and can be taken up', async () => {
    const { server, transport } = await serve({ ...long, chunks: long.chunks.slice(0, 100) })
    const chat = createChat({ transport, environment })
    void chat.sendMessage('Hello!')
    await until(() => (server.streams[0]?.generated ?? 0) > 20)
    chat.disconnect()
    await until(() => server.streams[0]?.readers === 0)
    expect(server.streams[0]?.isStopped).toBe(false)
    expect(await chat.resume()).toBe(true)
    expect(chat.getSnapshot().messages).toHaveLength(2)
    expect(server.streams[0]?.lastEventIds[0]).toMatch(/^\d+$/)
  })
})

describe('a loop over chunks', () => {
  it('leaves the stream when it is left', async () => {
    const { server, transport } = await serve(
      { chunks: chunksOf('word '.repeat(2_000)), pauseMs: 1 },
      { isResumable: false },
    )
    for await (const _chunk of streamChat({ messages }, { transport, environment })) break
    await until(() => server.streams[0]?.readers === 0)
    expect(server.streams[0]?.isStopped).toBe(true)
  })

  it('throws what broke the stream, after everything that came', async () => {
    const { transport } = await serve({ cuts: [600] }, { isResumable: false })
    let chunks = 0
    const read = async () => {
      for await (const _chunk of streamChat({ messages }, { transport, environment })) chunks++
    }
    await expect(read()).rejects.toBeInstanceOf(StreamError)
    expect(chunks).toBeGreaterThan(0)
  })

  it('gives nothing twice where a server can only begin anew, and the result has all of it', async () => {
    const piece = (content: string, isWhole?: true): ChunkEvent => ({
      chunk: {
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      },
      isWhole,
    })
    const transport: ChatTransport = {
      send: async () => ({
        streamId: 's',
        events: (async function* () {
          yield piece('Hel')
          await settled()
          throw new StreamError('connection_lost', 'cut', { pieces: 1 })
        })(),
      }),
      resume: async () => ({
        streamId: 's',
        events: (async function* () {
          yield [piece('Hello', true), piece('!')]
        })(),
      }),
    }
    const stream = streamChat({ messages }, { transport, environment })
    const texts: string[] = []
    const loop = async () => {
      for await (const chunk of stream) texts.push(textOf(chunk))
    }
    await expect(loop()).rejects.toThrow('anew')
    expect(texts).toEqual(['Hel'])
    expect(await stream.result()).toMatchObject({
      error: null,
      completion: { choices: [{ message: { content: 'Hello!' } }] },
    })
  })

  it('passes the reason of an abort on', async () => {
    const { transport } = await serve({ chunks: chunksOf('word '.repeat(2_000)), pauseMs: 1 })
    const controller = new AbortController()
    const stream = streamChat({ messages }, { transport, environment, signal: controller.signal })
    const reason = new Error('enough')
    const read = async () => {
      for await (const _chunk of stream) controller.abort(reason)
    }
    await expect(read()).rejects.toBe(reason)
    expect(stream.ref).toMatchObject({ streamId: 's1' })
  })
})

describe('places', () => {
  const calls: string[] = []
  const record = (async (url: string, init: RequestInit) => {
    calls.push(`${init.method ?? 'GET'} ${url}`)
    return new Response(null, { status: 204 })
  }) as unknown as typeof fetch

  it.each([
    ['/chat', 'GET /chat/a%2Fb', 'DELETE /chat/a%2Fb'],
    ['/chat?user=1', 'GET /chat/a%2Fb?user=1', 'DELETE /chat/a%2Fb?user=1'],
    ['/v1/chat/completions', 'GET /v1/streams/a%2Fb/events?format=openai', 'DELETE /v1/streams/a%2Fb'],
  ])('of %s', async (url, ...expected) => {
    calls.length = 0
    const transport = fetchTransport({ url, fetch: record })
    const { signal } = new AbortController()
    expect(await transport.resume?.({ streamId: 'a/b' }, { signal })).toBe(null)
    await transport.stop?.({ streamId: 'a/b' })
    expect(calls).toEqual(expected)
  })
})

import { EventEmitter } from 'node:events'
import { accumulate, mergeChunk, StreamError, type ChatCompletionChunk } from '@deltawire/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ApiError,
  clientSignal,
  createChatHandler,
  readChatRequest,
  readChunks,
  toEventStream,
  toEventStreamResponse,
  type ServerResponseLike,
} from '../../src/index.ts'
import { createBacklog } from '../../src/server/backlog.ts'
import { chunkOf, manualTimers, ScriptedSource, shortAnswer, standstill, usage, usageChunk } from './script.ts'

const messages = [{ role: 'user', content: 'Hi' }]

function post(body: unknown, init: RequestInit = {}): Request {
  return new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST', body: JSON.stringify(body), ...init })
}

/** The events of what has been read. */
const eventsIn = (bytes: Uint8Array | undefined): string[] => new TextDecoder().decode(bytes).split('\n\n').slice(0, -1)

const dataOf = (event: string | undefined): unknown => JSON.parse(event?.replace(/^data: /, '') ?? 'null')

describe('an event stream', () => {
  it('reads back as what it was made of', async () => {
    const { completion, complete } = await accumulate(readChunks(toEventStreamResponse([...shortAnswer, usageChunk])))
    expect(complete).toBe(true)
    expect(completion).toEqual((await accumulate([...shortAnswer, usageChunk])).completion)
  })

  it('gives a client that sleeps all it has missed as one chunk, and the usage in another', async () => {
    const pieces = Array.from({ length: 5000 }, (_, n) => chunkOf({ content: `word ${n} ` }))
    const source = new ScriptedSource([...shortAnswer.slice(0, 1), ...pieces, chunkOf({}, 'stop'), usageChunk]).end()
    const reader = toEventStream(source).getReader()
    await reader.read()
    // The client sleeps, the source does not: it is read to its end.
    await standstill(() => source.pulls)
    expect(source.pulls).toBe(pieces.length + 4)
    const events = eventsIn((await reader.read()).value)
    expect(events).toHaveLength(3)
    const content = pieces.map((_, n) => `word ${n} `).join('')
    expect(dataOf(events[0])).toEqual(chunkOf({ content }, 'stop'))
    expect(dataOf(events[1])).toEqual(usageChunk)
    expect(events[2]).toBe('data: [DONE]')
    expect(await reader.read()).toMatchObject({ done: true })
  })

  it('leaves the rest in the source when more is pending than is allowed, and goes on afterwards', async () => {
    const pieces = Array.from({ length: 1000 }, () => chunkOf({ content: 'x'.repeat(1000) }))
    const source = new ScriptedSource(pieces).end()
    const reader = toEventStream(source, { maxPendingLength: 10_000 }).getReader()
    await reader.read()
    await standstill(() => source.pulls)
    expect(source.pulls).toBeLessThan(15)
    let length = 1000
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read())
      for (const event of eventsIn(value))
        if (event !== 'data: [DONE]')
          length += (dataOf(event) as ChatCompletionChunk).choices[0]?.delta.content?.length ?? 0
    expect(length).toBe(pieces.length * 1000)
  })

  it('lets others have a turn beside a source that never waits', async () => {
    const endless = (function* () {
      for (;;) yield chunkOf({ tool_calls: [] })
    })()
    const reader = toEventStream(endless, { maxPendingLength: Number.MAX_SAFE_INTEGER }).getReader()
    await reader.read()
    // Comes only if timers still do.
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(await reader.cancel()).toBeUndefined()
  })

  it('cancels a source that was never begun', async () => {
    const source = new ScriptedSource()
    await toEventStream(source).cancel()
    await source.returned
    expect(source.pulls).toBe(0)
  })

  it('sends no heartbeat to a client that has something to read', async () => {
    const timers = manualTimers()
    const source = new ScriptedSource(shortAnswer)
    const reader = toEventStream(source, { timers }).getReader()
    await reader.read()
    await standstill(() => source.pulls)
    timers.tick()
    expect(eventsIn((await reader.read()).value).some((event) => event.startsWith(':'))).toBe(false)
    await reader.cancel()
    expect(timers.running).toBe(0)
  })

  it('sends no heartbeat when there shall be none', async () => {
    const timers = manualTimers()
    const reader = toEventStream(new ScriptedSource(shortAnswer), { timers, heartbeatMs: 0 }).getReader()
    await reader.read()
    expect(timers.running).toBe(0)
    await reader.cancel()
  })

  it('refuses what is no source, and no such option', () => {
    expect(() => toEventStream('text' as never)).toThrow('chunks to iterate over')
    expect(() => toEventStream([], { heartbeatMs: -1 })).toThrow('heartbeatMs must be a number')
  })

  it('keeps given headers, but for a length', () => {
    const { headers, status } = toEventStreamResponse([], {
      status: 201,
      headers: { 'x-own': '1', 'content-length': '5' },
    })
    expect(status).toBe(201)
    expect(headers.get('x-own')).toBe('1')
    expect(headers.has('content-length')).toBe(false)
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
  })
})

describe('a backlog', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string().map((content) => chunkOf({ content })),
      fc
        .string()
        .map((text) => chunkOf({ tool_calls: [{ index: 1, id: 'c', function: { name: 'f', arguments: text } }] })),
      fc.string().map((content) => ({
        ...chunkOf({ content }),
        choices: [{ index: 2, delta: { content }, finish_reason: 'stop' }],
      })),
      fc.constant(usageChunk),
    ),
    { minLength: 1 },
  )

  const sumOf = (chunks: readonly ChatCompletionChunk[]) =>
    chunks.reduce<ChatCompletionChunk | undefined>(mergeChunk, undefined)

  it('is the sum of what came, wherever it was taken from', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.boolean()), (chunks, takes) => {
        const before = JSON.stringify(chunks)
        const backlog = createBacklog()
        const taken: ChatCompletionChunk[] = []
        for (const [at, chunk] of chunks.entries()) {
          backlog.push(chunk)
          if (takes[at] === true) taken.push(...backlog.take())
        }
        taken.push(...backlog.take())
        // In which order choices appeared is told by none of them.
        const sorted = (sum: ChatCompletionChunk | undefined) => sum?.choices.toSorted((a, b) => a.index - b.index)
        expect(sorted(sumOf(taken))).toEqual(sorted(sumOf(chunks)))
        expect(sumOf(taken)?.usage).toEqual(sumOf(chunks)?.usage)
        expect(JSON.stringify(chunks)).toBe(before)
      }),
    )
  })

  it('keeps the text that a whole message would replace, for readers of deltas', () => {
    const backlog = createBacklog()
    const whole = {
      ...chunkOf({}, 'stop'),
      choices: [{ index: 0, delta: {}, finish_reason: 'stop', whole_message: { content: 'Hello' } }],
    }
    for (const chunk of [chunkOf({ content: 'Hel' }), chunkOf({ content: 'lo' }), whole]) backlog.push(chunk)
    expect(backlog.take()).toEqual([chunkOf({ content: 'Hello' }), whole])
  })
})

describe('usage', () => {
  const fromEach = shortAnswer.map((chunk, at) => ({ ...chunk, usage: { ...usage, completion_tokens: at } }))

  it('that comes with every chunk is given once, at the end', async () => {
    const events = (await toEventStreamResponse(fromEach).text()).split('\n\n')
    expect(events.filter((event) => event.includes('prompt_tokens'))).toEqual([events.at(-3)])
    expect(dataOf(events.at(-3))).toEqual({ ...usageChunk, usage: { ...usage, completion_tokens: 3 } })
  })

  it('is left out when nobody asked, and nothing else with it', async () => {
    const citations = { ...usageChunk, citations: ['https://example.com'] }
    const text = await toEventStreamResponse([...fromEach, citations, usageChunk], { includeUsage: false }).text()
    expect(text).not.toContain('usage')
    expect(text).toContain('citations')
    expect(text.split('\n\n')).toHaveLength(shortAnswer.length + 3)
  })

  it('is not given for a stream that broke', async () => {
    const source = new ScriptedSource(fromEach).fail(new Error('broken'))
    expect(await toEventStreamResponse(source).text()).not.toContain('prompt_tokens')
  })
})

describe('readChatRequest', () => {
  it('gives the request as it came', async () => {
    const body = { model: 'm', messages, top_k: 40, stream: true }
    expect(await readChatRequest(post(body))).toEqual(body)
  })

  it('takes what a body parser has made of it', async () => {
    const body = { model: 'm', messages }
    for (const given of [body, JSON.stringify(body), Buffer.from(JSON.stringify(body))])
      expect(await readChatRequest({ body: given })).toEqual(body)
  })

  it('fills in a model where there is one to fill in', async () => {
    expect(await readChatRequest(post({ messages }), { defaultModel: 'm' })).toEqual({ model: 'm', messages })
    await expect(readChatRequest(post({ messages }))).rejects.toMatchObject({
      status: 400,
      body: { error: { param: 'model' } },
    })
  })

  it('refuses a body that is compressed', async () => {
    const request = post({ messages }, { headers: { 'content-encoding': 'gzip' } })
    await expect(readChatRequest(request)).rejects.toMatchObject({ status: 415 })
  })

  it.for([Number.NaN, -1, '1mb' as unknown as number])(
    'takes no limit that limits nothing: %s',
    async (maxBodyBytes) => {
      const wrong = /^maxBodyBytes must be a number of at least 0, as in \{ maxBodyBytes: 4194304 \}, not /
      await expect(readChatRequest(post({ model: 'm', messages }), { maxBodyBytes })).rejects.toThrow(wrong)
      expect(() => createChatHandler({ open: () => [], maxBodyBytes })).toThrow(wrong)
    },
  )

  it('names the option that a long body exceeds', async () => {
    const request = post({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(100) }] })
    await expect(readChatRequest(request, { maxBodyBytes: 50 })).rejects.toMatchObject({
      status: 413,
      body: { error: { message: 'The body is larger than 50 bytes (maxBodyBytes).', code: 'body_too_large' } },
    })
  })
})

describe('clientSignal', () => {
  /** What it asks of a response, and no more. */
  function responseOf(state: { writableEnded: boolean; destroyed: boolean }): ServerResponseLike & EventEmitter {
    return Object.assign(new EventEmitter(), state) as unknown as ServerResponseLike & EventEmitter
  }

  it('aborts when the response closes before its end', () => {
    const res = responseOf({ writableEnded: false, destroyed: false })
    const signal = clientSignal(res)
    expect(signal.aborted).toBe(false)
    res.emit('close')
    expect(signal.aborted).toBe(true)
    expect(res.listenerCount('close')).toBe(0)
  })

  it('does not abort when the response closes after its end', () => {
    const state = { writableEnded: false, destroyed: false }
    const res = responseOf(state)
    const signal = clientSignal(res)
    Object.assign(res, { writableEnded: true })
    res.emit('close')
    expect(signal.aborted).toBe(false)
  })

  it('is aborted at once for a client that has gone already', () => {
    expect(clientSignal(responseOf({ writableEnded: false, destroyed: true })).aborted).toBe(true)
  })
})

describe('createChatHandler', () => {
  const open = () => shortAnswer

  it('lets in only who is let in by name', async () => {
    const verdicts: [unknown, number][] = [
      [true, 200],
      [false, 401],
      [undefined, 401],
      [{ user: 1 }, 401],
      [new Response(null, { status: 418 }), 418],
    ]
    for (const [verdict, status] of verdicts) {
      const handler = createChatHandler({ open, authorize: async () => verdict as boolean })
      expect((await handler(post({ model: 'm', messages }))).status).toBe(status)
    }
  })

  it('lets the pages in that are let in', async () => {
    const handler = createChatHandler({ open, cors: { origin: ['https://a.example'], credentials: true } })
    const from = async (origin: string, method = 'POST') => {
      const headers = { origin, 'access-control-request-headers': 'authorization' }
      const init = method === 'POST' ? { body: JSON.stringify({ model: 'm', messages }) } : {}
      return (await handler(new Request('http://127.0.0.1/v1/chat/completions', { method, headers, ...init }))).headers
    }
    expect((await from('https://a.example')).get('access-control-allow-origin')).toBe('https://a.example')
    expect((await from('https://a.example')).get('vary')).toBe('origin')
    expect((await from('https://b.example')).has('access-control-allow-origin')).toBe(false)
    const preflight = await from('https://a.example', 'OPTIONS')
    expect(preflight.get('access-control-allow-methods')).toBe('POST, OPTIONS')
    expect(preflight.get('access-control-allow-headers')).toBe('authorization')
    expect(() => createChatHandler({ open, cors: { credentials: true } })).toThrow('must name its origins')
  })

  it.for([true, false])(
    'waits for no source that is still being opened when the client leaves (stream: %s)',
    async (stream) => {
      let give: (chunks: AsyncIterable<ChatCompletionChunk>) => void = () => {}
      let left = 0
      const handler = createChatHandler({ open: () => new Promise((resolve) => (give = resolve)) })
      const client = new AbortController()
      const body = JSON.stringify({ model: 'm', messages, stream })
      const url = 'http://127.0.0.1/v1/chat/completions'
      const response = handler(new Request(url, { method: 'POST', body, signal: client.signal }))
      await new Promise((resolve) => setImmediate(resolve))
      client.abort()
      expect((await response).status).toBe(499)
      // What comes too late is not left open.
      const next = () => Promise.reject(new Error('nobody reads'))
      give({ [Symbol.asyncIterator]: () => ({ next, return: async () => ({ done: true, value: (left += 1) }) }) })
      await new Promise((resolve) => setImmediate(resolve))
      expect(left).toBe(1)
    },
  )

  it('also tells a page of an error', async () => {
    const handler = createChatHandler({ open, cors: true })
    const response = await handler(
      new Request('http://127.0.0.1/v1/nothing', { headers: { origin: 'https://a.example' } }),
    )
    expect(response.status).toBe(404)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  const upstreamError = (code?: number | string) =>
    new StreamError('upstream_error', 'no', { error: { message: 'no', ...(code !== undefined && { code }), body: {} } })
  const statusError = (status: number) =>
    new StreamError('http_status', 'no', { status, headers: {}, body: '<html>10.0.0.1</html>' })

  it.each<[string, Error, number, string | number | null]>([
    ['an own refusal', new ApiError(402), 402, null],
    ['no connection', new StreamError('connect_failed', 'no', { url: 'http://10.0.0.1' }), 502, 'upstream_unreachable'],
    ['no answer in time', new StreamError('timeout', 'no', { phase: 'idle', timeoutMs: 1 }), 504, 'upstream_timeout'],
    ['a bad request', statusError(400), 400, null],
    ['a bad key', statusError(401), 502, 'upstream_refused'],
    ['a redirect', statusError(302), 502, 'upstream_failed'],
    ['an overload', statusError(529), 529, null],
    ['an error with a status', upstreamError(429), 429, 429],
    ['an error without one', upstreamError('overloaded'), 502, 'overloaded'],
    ['a fault of ours', new Error('10.0.0.1'), 500, 'internal_error'],
    ['a stop', new DOMException('10.0.0.1', 'AbortError'), 503, 'stopped'],
  ])('answers %s with a status, streamed or not', async (_, failure, status, code) => {
    const errors: unknown[] = []
    const handler = createChatHandler({
      open: () => new ScriptedSource().fail(failure),
      onError: (error) => errors.push(error),
    })
    for (const stream of [true, false]) {
      const response = await handler(post({ model: 'm', messages, stream }))
      expect(response.status).toBe(status)
      const body = (await response.json()) as { error: { message: string; code: unknown } }
      expect(body.error.code).toBe(code)
      expect(JSON.stringify(body)).not.toContain('10.0.0.1')
    }
    expect(errors).toEqual(failure instanceof ApiError ? [] : [failure, failure])
  })
})

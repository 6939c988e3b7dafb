import { isStreamError, StreamError } from '@deltawire/core'
import { describe, expect, it, vi } from 'vitest'
import { type Retry, streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'
import { isRetriable, retryPolicyOf } from '../../src/retry.ts'
import { chunked, collect, event, eventsOf, head, page, piece, question, serveBytes, stream } from './byte-server.ts'
import { createManualTime, until } from './manual-time.ts'

const failed = (status: number, headers: Record<string, string> = {}) =>
  new StreamError('http_status', `the server answered ${status}`, { status, headers, body: '' })

describe('a failure is tried again', () => {
  it.for([408, 409, 429, 500, 502, 503, 504, 529])('for status %i', (status) => {
    expect(isRetriable(failed(status))).toBe(true)
  })

  it.for([301, 400, 401, 403, 404, 413, 422])('not for status %i', (status) => {
    expect(isRetriable(failed(status))).toBe(false)
  })

  it('as the server says, where it says', () => {
    expect(isRetriable(failed(429, { 'x-should-retry': 'false' }))).toBe(false)
    expect(isRetriable(failed(400, { 'x-should-retry': 'true' }))).toBe(true)
  })

  it('when the connection fails, unless it always will', () => {
    const failure = (code: string) => {
      const cause = new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
      return new StreamError('connect_failed', code, { url: '' }, { cause })
    }
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'UND_ERR_SOCKET'])
      expect(isRetriable(failure(code))).toBe(true)
    for (const code of [
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'HPE_INVALID_CONSTANT',
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ])
      expect(isRetriable(failure(code))).toBe(false)
    expect(isRetriable(new StreamError('connection_lost', '', { pieces: 0 }))).toBe(true)
  })

  it('when there is no connection in time, and not when the server has the question', () => {
    const timeout = (phase: 'connect' | 'first_chunk' | 'idle' | 'total') =>
      new StreamError('timeout', '', { phase, timeoutMs: 1 })
    expect(isRetriable(timeout('connect'))).toBe(true)
    for (const phase of ['first_chunk', 'idle', 'total'] as const) expect(isRetriable(timeout(phase))).toBe(false)
  })

  it('never for anything else', () => {
    expect(isRetriable(new DOMException('', 'AbortError'))).toBe(false)
    expect(isRetriable(new StreamError('no_chunk', '', { events: 0, body: '' }))).toBe(false)
  })
})

describe('the pause', () => {
  const delays = (random: number, options = {}) => {
    const policy = retryPolicyOf({ maxRetries: 7, ...options }, createManualTime(random))
    return [1, 2, 3, 4, 5, 6, 7, 8].map((retry) => policy.delayMs(failed(500), retry))
  }

  it('is drawn from a range that doubles up to a limit', () => {
    expect(delays(1)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000, undefined])
    expect(delays(0)).toEqual([0, 0, 0, 0, 0, 0, 0, undefined])
    expect(delays(0.5, { maxRetryDelayMs: 600, maxRetries: 3 })).toEqual([250, 300, 300, ...Array<undefined>(5)])
  })

  const asked = (headers: Record<string, string>, options = {}) =>
    retryPolicyOf(options, createManualTime()).delayMs(failed(429, headers), 1)

  it('is as long as the server asks for', () => {
    expect(asked({ 'retry-after': '2' })).toBe(2000)
    expect(asked({ 'retry-after': '0.5' })).toBe(500)
    expect(asked({ 'retry-after-ms': '120', 'retry-after': '9' })).toBe(120)
    expect(asked({ 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' })).toBe(7000)
    expect(asked({ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' })).toBe(0)
  })

  it("is counted from the server's own clock where it tells it: ours may be set otherwise", () => {
    const at = (date: string) => ({ date, 'retry-after': 'Thu, 01 Jan 2026 01:00:07 GMT' })
    expect(asked(at('Thu, 01 Jan 2026 01:00:00 GMT'))).toBe(7000)
    expect(asked(at('Thu, 01 Jan 2026 02:00:00 GMT'))).toBe(0)
    expect(asked(at('today'), { maxRetryAfterMs: Infinity })).toBe(3_607_000)
  })

  it('is drawn where the server asks for nonsense', () => {
    for (const text of ['soon', '-3', '']) expect(asked({ 'retry-after': text })).toBe(250)
  })

  it('is not made where the server asks for too long: its error comes at once', () => {
    expect(asked({ 'retry-after': '61' })).toBeUndefined()
    expect(asked({ 'retry-after': '61' }, { maxRetryAfterMs: 61_000 })).toBe(61_000)
  })

  it.for([{ maxRetries: -1 }, { maxRetries: Number.NaN }, { maxRetryDelayMs: -1 }, { maxRetryAfterMs: -1 }])(
    'cannot be %j',
    (options) => {
      expect(() => streamChatCompletion(question, { baseURL: 'http://127.0.0.1', ...options })).toThrow(
        /must be a number of at least 0, as in/,
      )
    },
  )
})

describe('streamChatCompletion', () => {
  it('tries again, telling of it, until there is an answer', async () => {
    await using server = await serveBytes((socket, _request, nth) => {
      if (nth === 0) socket.write(page('429 Too Many', '{}', { 'retry-after': 3 }))
      else if (nth === 1) socket.resetAndDestroy()
      else stream(socket, eventsOf('Hi'))
    })
    const time = createManualTime()
    const retries: Retry[] = []
    const answer = streamChatCompletion(question, {
      baseURL: server.baseURL,
      time,
      onRetry: (retry) => retries.push(retry),
    })
    const text = answer.text()
    await until(() => time.started.includes(3000))
    time.advance(2999)
    expect(server.requests).toHaveLength(1)
    time.advance(1)
    await until(() => time.started.includes(500))
    time.advance(500)
    expect(await text).toBe('Hi')
    expect(server.requests).toHaveLength(3)
    expect(retries).toMatchObject([
      { retry: 1, delayMs: 3000, error: { code: 'http_status' } },
      { retry: 2, delayMs: 500, error: { code: 'connect_failed' } },
    ])
  })

  it('pauses for as long as a timer can where a server asks for more and may', async () => {
    const fetch = vi.fn(async () => new Response('', { status: 429, headers: { 'retry-after': '99999999' } }))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const answer = streamChatCompletion(question, {
        baseURL: 'http://chat.invalid',
        fetch,
        maxRetryAfterMs: Infinity,
      })
      const result = answer.result()
      await until(() => vi.getTimerCount() === 1 && fetch.mock.calls.length === 1)
      // A timer of more than 24.8 days would ring at once.
      await vi.advanceTimersByTimeAsync(2 ** 31 - 2)
      expect(fetch).toHaveBeenCalledTimes(1)
      await vi.advanceTimersByTimeAsync(1)
      expect(fetch).toHaveBeenCalledTimes(2)
      answer.abort()
      expect(await result).toMatchObject({ error: { name: 'AbortError' } })
    } finally {
      vi.useRealTimers()
    }
  })

  const refusing = async (options: StreamChatCompletionOptions) => {
    await using server = await serveBytes(
      (socket) => void socket.write(page('500 Oops', 'oops', { 'retry-after-ms': 0 })),
    )
    const { error } = await streamChatCompletion(question, { baseURL: server.baseURL, ...options }).result()
    return { error, requests: server.requests.length }
  }

  it('gives the last error when there is none', async () => {
    const { error, requests } = await refusing({})
    expect(error).toMatchObject({ code: 'http_status', details: { status: 500, body: 'oops' } })
    expect(requests).toBe(3)
  })

  it('asks once without retries', async () => {
    expect((await refusing({ maxRetries: 0 })).requests).toBe(1)
  })

  it('tries again when the body breaks before the first chunk, and never after it', async () => {
    for (const [begins, requests] of [
      [': wait\n\n', 2],
      [event({ content: 'Hi' }).slice(0, -2), 2],
      [event({ role: 'assistant' }), 1],
    ] as const) {
      await using server = await serveBytes((socket) => {
        socket.write(head('200 OK', chunked) + piece(begins))
        setImmediate(() => socket.resetAndDestroy())
      })
      for (const way of ['fold', 'iterate'] as const) {
        const before = server.requests.length
        const answer = streamChatCompletion(question, { baseURL: server.baseURL, maxRetries: 1, maxRetryDelayMs: 0 })
        if (way === 'iterate') await expect(collect(answer)).rejects.toSatisfy(isStreamError)
        const { error } = await answer.result()
        expect(error, `${way} ${begins}`).toMatchObject({ code: 'connection_lost' })
        expect(server.requests.length - before, `${way} ${begins}`).toBe(requests)
      }
    }
  })

  it('does not wait out a pause when it is aborted', async () => {
    await using server = await serveBytes((socket) => void socket.write(page('500 Oops', 'oops')))
    const time = createManualTime()
    const controller = new AbortController()
    const answer = streamChatCompletion(question, { baseURL: server.baseURL, time, signal: controller.signal })
    const result = answer.completion()
    await until(() => time.started.includes(250))
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    expect(time.running).toBe(0)
    expect(server.requests).toHaveLength(1)
  })
})

import { isStreamError, type StreamErrorCode, textOf } from '@deltawire/core'
import { createServer, type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type ChatStream, streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'
import {
  type Answer,
  chunked,
  collect,
  done,
  event,
  eventsOf,
  head,
  lastPiece,
  page,
  piece,
  question,
  serveBytes,
  stream,
} from './byte-server.ts'
import { createManualTime, until } from './manual-time.ts'

/** What came of a request: the text, the error's code, and how many requests there were. */
interface Outcome {
  text: string
  code: StreamErrorCode | null
  error: Error | null
  attempts: number
}

const ways = [
  ['folded', async (answer: ChatStream) => void (await answer.completion())],
  ['iterated', async (answer: ChatStream) => void (await collect(answer))],
] as const

async function outcomeOf(
  read: (typeof ways)[number][1],
  baseURL: string,
  options: StreamChatCompletionOptions = {},
): Promise<Outcome> {
  let attempts = 1
  const answer = streamChatCompletion(question, {
    baseURL,
    maxRetryDelayMs: 0,
    onRetry: () => (attempts += 1),
    ...options,
  })
  const thrown: unknown = await read(answer).then(
    () => null,
    (reason: unknown) => reason,
  )
  const { completion, error } = await answer.result()
  expect(thrown).toBe(error)
  const code = isStreamError(error) ? error.code : null
  if (error !== null) expect(isStreamError(error) && 'partial' in error && error.partial).toEqual(completion)
  return { text: textOf(completion ?? undefined), code, error, attempts }
}

describe.for(ways)('a stream that is %s', ([, read]) => {
  it('from where nobody listens is connect_failed, after all retries', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const outcome = await outcomeOf(read, `http://127.0.0.1:${port}/v1?key=secret`)
    expect(outcome).toMatchObject({ code: 'connect_failed', attempts: 3, text: '' })
    expect(outcome.error?.message).toBe(
      `[connect_failed] no answer from http://127.0.0.1:${port}/v1/chat/completions (ECONNREFUSED)`,
    )
  })

  it('from a name that does not exist is connect_failed, after all retries', async () => {
    const outcome = await outcomeOf(read, 'http://nobody.invalid/v1')
    expect(outcome).toMatchObject({ code: 'connect_failed', attempts: 3 })
    expect(outcome.error?.message).toMatch(/\((?:ENOTFOUND|EAI_AGAIN)\)$/)
  })

  it('from a server without TLS, or without HTTP, is connect_failed at once', async () => {
    await using server = await serveBytes((socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    expect(await outcomeOf(read, server.baseURL)).toMatchObject({ code: 'connect_failed', attempts: 1 })
    const plain = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
        socket.destroySoon()
      })
    })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.address() as AddressInfo
    expect(await outcomeOf(read, `https://127.0.0.1:${port}/v1`)).toMatchObject({ code: 'connect_failed', attempts: 1 })
    await new Promise((resolve) => plain.close(resolve))
  })

  const rows: [string, Answer, Partial<Outcome> & { requests: number; status?: number }][] = [
    [
      '429 with Retry-After',
      (socket) => void socket.write(page('429 Too Many', '{}', { 'retry-after': 0 })),
      { code: 'http_status', requests: 3, status: 429 },
    ],
    ['500', (socket) => void socket.write(page('500 Oops', 'oops')), { code: 'http_status', requests: 3, status: 500 }],
    [
      '529',
      (socket) => void socket.write(page('529 Overloaded', '{"error":{"message":"Overloaded"}}')),
      { code: 'http_status', requests: 3, status: 529 },
    ],
    [
      '401',
      (socket) => void socket.write(page('401 Unauthorized', '{"error":{"message":"no key"}}')),
      { code: 'http_status', requests: 1, status: 401 },
    ],
    [
      'a redirect',
      (socket) => void socket.write(page('302 Found', '', { location: 'http://127.0.0.1:1/' })),
      { code: 'http_status', requests: 1, status: 302 },
    ],
    [
      'an error page of a proxy',
      (socket) => void socket.write(page('502 Bad Gateway', '<html>502</html>', { 'content-type': 'text/html' })),
      { code: 'http_status', requests: 3, status: 502 },
    ],
    [
      'a page',
      (socket) => void socket.write(page('200 OK', '<html>Sign in</html>', { 'content-type': 'text/html' })),
      { code: 'no_chunk', requests: 1 },
    ],
    ['an empty body', (socket) => void socket.write(page('200 OK', '')), { code: 'no_chunk', requests: 1 }],
    ['no body', (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n'), { code: 'no_chunk', requests: 1 }],
    [
      'a good answer, compressed',
      (socket) => {
        const body = gzipSync(eventsOf('One ', 'two').join(''))
        socket.write(head('200 OK', { 'content-encoding': 'gzip', 'content-length': body.length }))
        socket.write(body)
      },
      { code: null, text: 'One two', requests: 1 },
    ],
    [
      'a compressed answer that is cut',
      (socket) => {
        const body = gzipSync([event({ content: 'One ' }), event({ content: 'two' })].join(''), { level: 0 }).subarray(
          0,
          -90,
        )
        socket.write(head('200 OK', { 'content-encoding': 'gzip', connection: 'close' }))
        socket.end(body)
      },
      { code: 'incomplete_stream', text: 'One ', requests: 1 },
    ],
    [
      'pieces that are cut',
      (socket) =>
        void socket.end(
          head('200 OK', chunked) + piece(event({ content: 'One ' })) + piece(event({ content: 'two' })).slice(0, -9),
        ),
      { code: 'connection_lost', text: 'One ', requests: 1 },
    ],
    [
      'pieces of which the last is missing',
      (socket) => void socket.end(head('200 OK', chunked) + piece(event({ content: 'One ' }))),
      { code: 'connection_lost', text: 'One ', requests: 1 },
    ],
    [
      'pieces of which the last is missing, after [DONE]',
      (socket) => void socket.end(head('200 OK', chunked) + piece(eventsOf('One ').join(''))),
      { code: null, text: 'One ', requests: 1 },
    ],
    [
      'pieces whose length is none',
      (socket) => {
        socket.write(head('200 OK', chunked) + piece(event({ content: 'One ' })))
        setTimeout(() => socket.write('zz\r\n'), 10)
      },
      { code: 'connection_lost', text: 'One ', requests: 1 },
    ],
    [
      'a length that is too long',
      (socket) => void socket.end(page('200 OK', event({ content: 'One ' }), { 'content-length': 10_000 })),
      { code: 'connection_lost', text: 'One ', requests: 1 },
    ],
    [
      'a length that is too short',
      (socket) => {
        const text = event({ content: 'One ' })
        socket.end(page('200 OK', text + event({ content: 'two' }) + done, { 'content-length': text.length + 30 }))
      },
      { code: 'incomplete_stream', text: 'One ', requests: 1 },
    ],
    [
      'a length that is none',
      (socket) => void socket.end(page('200 OK', event({ content: 'One ' }), { 'content-length': 'many' })),
      { code: 'connect_failed', requests: 1 },
    ],
    [
      'an end without [DONE] and finish reason',
      (socket) => stream(socket, [event({ content: 'One ' })]),
      { code: 'incomplete_stream', text: 'One ', requests: 1 },
    ],
    [
      'an error in the stream',
      (socket) =>
        stream(socket, [event({ content: 'One ' }), 'data: {"error":{"message":"Overloaded","code":529}}\n\n', done]),
      { code: 'upstream_error', text: 'One ', requests: 1 },
    ],
    [
      'an error at the beginning of the stream',
      (socket) => stream(socket, ['data: {"error":{"message":"Overloaded","code":529}}\n\n', done]),
      { code: 'upstream_error', requests: 1 },
    ],
  ]

  it.for(rows)('and gets %s', async ([, answer, { requests, status, ...expected }]) => {
    await using server = await serveBytes(answer)
    const outcome = await outcomeOf(read, server.baseURL)
    expect(outcome).toMatchObject({ text: '', ...expected })
    if (status !== undefined) expect(outcome.error).toMatchObject({ details: { status } })
    expect({ requests: server.requests.length, attempts: outcome.attempts }).toEqual({ requests, attempts: requests })
  })

  it.for(['closed', 'reset'] as const)('gives what arrived wherever the connection is %s', async (how) => {
    const says = (content: string, finish_reason: string | null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
    const whole =
      head('200 OK', chunked) + [says('One ', null), says('two', 'stop'), done].map(piece).join('') + lastPiece
    const bytes = Buffer.from(whole)
    let at = 0
    let early = true
    await using server = await serveBytes(async (socket) => {
      const end = () => (how === 'closed' ? socket.end() : socket.resetAndDestroy())
      if (at > 0) socket.write(bytes.subarray(0, at))
      // What is on its way when a connection is reset may be lost.
      if (how === 'reset' && !early) await new Promise((resolve) => setTimeout(resolve, 3))
      end()
    })
    const headEnd = whole.indexOf('\r\n\r\n') + 4
    const texts = ['One ', 'two', '[DONE]'].map((text) => whole.indexOf('\n\n', whole.indexOf(text)) + 2)
    const [firstEnd = 0, secondEnd = 0, doneEnd = 0] = texts
    for (at = 0; at <= bytes.length; at += 1) {
      const before = server.requests.length
      early = at % 4 !== 0
      const { text, code, attempts } = await outcomeOf(read, server.baseURL, { maxRetries: 1 })
      const requests = server.requests.length - before
      const exact = {
        text: at < firstEnd ? '' : at < secondEnd ? 'One ' : 'One two',
        code: at < headEnd ? 'connect_failed' : at < doneEnd ? 'connection_lost' : null,
      }
      if (how === 'closed' || !early) expect({ text, code }, `at byte ${at}`).toEqual(exact)
      expect(exact.text.startsWith(text), `at byte ${at}`).toBe(true)
      // Once there is a chunk there is no second request; before, there is one for a lost connection.
      const expected = text === '' && code !== null ? 2 : 1
      expect({ requests, attempts }, `at byte ${at}`).toEqual({ requests: expected, attempts: expected })
    }
  })

  it('from a server that accepts and reads nothing ends with its timeout', async () => {
    const sockets: { destroy(): void }[] = []
    const deaf = createServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const time = createManualTime()
    const outcome = outcomeOf(read, `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`, { time })
    await until(() => sockets.length > 0)
    time.advance(300_000)
    expect(await outcome).toMatchObject({ code: 'timeout', error: { details: { phase: 'first_chunk' } }, attempts: 1 })
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => deaf.close(resolve))
  })

  it('that says it is compressed and is not ends with an error', async () => {
    await using server = await serveBytes((socket) => {
      socket.write(head('200 OK', { 'content-encoding': 'gzip', connection: 'close' }))
      socket.end(eventsOf('One').join(''))
    })
    const time = createManualTime()
    const outcome = outcomeOf(read, server.baseURL, { time, maxRetries: 0 })
    // Node.js 20 lets a reader of such a body wait for ever: nothing but the timeout ends it.
    await until(() => server.requests.length === 1 && server.open === 0)
    time.advance(300_000)
    expect((await outcome).code).toMatch(/^(?:timeout|connection_lost)$/)
  })
})

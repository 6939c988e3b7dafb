import { request as ask } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryEngine, createRelay, type Engine, type Relay, type RelayOptions } from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { all } from './support/events.ts'
import { handClock } from './support/hand-clock.ts'
import { pass, settle } from './support/hub-world.ts'
import { createStage } from './support/listen.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, keep, clear } = createStage()
afterEach(clear)

const at = (path: string): string => `http://relay.test${path}`
const post = (path: string, said: unknown, init: RequestInit = {}): Request =>
  new Request(at(path), { method: 'POST', body: JSON.stringify(said), ...init })
const get = (path: string, init: RequestInit = {}): Request => new Request(at(path), init)

function world(options: Partial<RelayOptions> = {}): {
  readonly relay: Relay
  readonly clock: ReturnType<typeof handClock>
} {
  const clock = handClock()
  return { clock, relay: keep(createRelay({ open: () => handSource(), clock, ...options })) }
}

async function started(relay: Relay, key = 'k'): Promise<string> {
  const response = await relay.handle(post('/v1/streams', { key, body }))
  return ((await response.json()) as { id: string }).id
}

describe('a node that is closed', () => {
  test.each([false, true])('answers who waits for an answer (streamed: %s)', async (stream) => {
    const { relay, clock } = world()
    const waiting = relay.handle(post('/v1/chat/completions', { ...body, stream }))
    await settle(clock)
    await relay.close()
    const { status, headers } = await waiting
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
  })

  test('has nobody follow a stream that is opened only then', async () => {
    let letRead = (): void => {}
    const { relay, clock } = world({
      authorize: (_who, { kind }) => kind !== 'read' || new Promise((resolve) => (letRead = () => resolve(true))),
    })
    const id = await started(relay)
    await settle(clock)
    const waiting = relay.handle(get(`/v1/streams/${id}/events`))
    await settle(clock)
    await relay.close()
    letRead()
    expect((await waiting).status).toBe(503)
    expect([relay.stats.eventReaders, relay.stats.streamsAttached]).toEqual([0, 0])
  })
})

describe('a request', () => {
  test('for the head alone is answered as one for the whole, and follows nothing', async () => {
    const { relay } = world()
    const id = await started(relay)
    for (const path of ['/healthz', '/readyz', '/metrics', `/v1/streams/${id}`, `/v1/streams/${id}/events`]) {
      const head = await relay.handle(get(path, { method: 'HEAD' }))
      const whole = await relay.handle(get(path))
      expect([path, head.status, head.body]).toEqual([path, whole.status, null])
      expect(head.headers.get('content-type')).toBe(whole.headers.get('content-type'))
      await whole.body?.cancel()
    }
    expect(relay.stats.eventReaders).toBe(0)
    expect((await relay.handle(get('/v1/streams', { method: 'HEAD' }))).status).toBe(405)
    expect((await relay.handle(get('/v1/streams/st_none', { method: 'HEAD' }))).status).toBe(404)
  })

  test('of a page elsewhere may have every header that a request of this relay has', async () => {
    const origin = 'https://app.example'
    const { relay } = world({ origins: [origin] })
    const preflight = await relay.handle(
      get('/v1/chat/completions', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-os',
        },
      }),
    )
    expect(preflight.status).toBe(204)
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ') ?? []
    for (const name of [
      'authorization',
      'content-type',
      'idempotency-key',
      'last-event-id',
      'x-topic',
      'x-cancel-after-ms',
    ])
      expect(allowed).toContain(name)
    // An official client says what it runs on, and cannot be told not to.
    expect(allowed).toContain('x-stainless-os')
  })

  test.each([
    ['PUT', '/v1/streams', 405],
    ['PATCH', '/v1/streams/st_a', 405],
    ['PROPFIND', '/healthz', 405],
    ['GET', '//v1/streams/st_a', 404],
    ['GET', '/v1//streams/st_a', 404],
    ['GET', '/v1/streams/st_a/', 404],
    ['GET', '/v1/streams/st%2Fa', 404],
    ['GET', '/v1/streams/%00', 404],
    ['GET', '/v1/streams/..%2f..%2fadmin', 404],
    ['GET', `/v1/streams/${'a'.repeat(64)}`, 404],
    ['GET', `/v1/streams/${'a'.repeat(65)}`, 404],
    ['GET', `/v1/streams/st_a/events?${'x'.repeat(100_000)}`, 404],
    ['DELETE', '/v1/streams/st_a', 404],
    ['GET', '/admin/streams', 404],
  ])('%s %s is answered with %d', async (method, path, status) => {
    const { relay } = world()
    const response = await relay.handle(get(path, { method }))
    expect(response.status).toBe(status)
    if (status === 405) expect(response.headers.get('allow')).not.toBe('')
  })

  test.each([
    '',
    ' ',
    'garbage',
    'e1',
    'e1.',
    '.1',
    'e1.-1',
    'e1.1.1',
    'e1.99999999999999999999',
    'é.1',
    `${'e'.repeat(33)}.1`,
  ])('that was at "%s" is refused or begins at the beginning', async (from) => {
    const { relay } = world()
    const id = await started(relay)
    const response = await relay.handle(get(`/v1/streams/${id}/events?from=${encodeURIComponent(from)}`))
    expect(response.status).toBe(from === '' ? 200 : 400)
    await response.body?.cancel()
    expect(relay.stats.eventReaders).toBe(0)
  })

  test('may have a body as long as allowed, and none longer, told before or not', async () => {
    const { relay } = world({ limits: { maxBodyBytes: 1000 } })
    const text = (length: number): string => {
      const said = JSON.stringify({ key: 'k', body, pad: '' })
      return JSON.stringify({ key: 'k', body, pad: 'x'.repeat(length - said.length) })
    }
    const streamOf = (whole: string): ReadableStream => new Blob([whole]).stream()
    for (const [length, status] of [
      [999, 201],
      [1000, 200],
      [1001, 413],
    ] as const) {
      const whole = text(length)
      expect(whole).toHaveLength(length)
      const told = await relay.handle(
        new Request(at('/v1/streams'), { method: 'POST', body: whole, headers: { 'content-length': String(length) } }),
      )
      expect([length, told.status]).toEqual([length, status])
      const untold = await relay.handle(
        new Request(at('/v1/streams'), { method: 'POST', body: streamOf(whole), duplex: 'half' }),
      )
      expect([length, untold.status]).toEqual([length, status === 201 ? 200 : status])
    }
  })

  test('says in so many words what is wrong with what becomes of an orphan', async () => {
    const { relay } = world()
    const wrong = [
      post('/v1/chat/completions', body, { headers: { 'x-cancel-after-ms': '' } }),
      post('/v1/chat/completions', body, { headers: { 'x-cancel-after-ms': 'soon' } }),
      post('/v1/chat/completions', body, { headers: { 'x-cancel-after-ms': '-1' } }),
      ...[null, 'soon', 7, [], {}, { cancelAfterMs: null }].map((orphan) =>
        post('/v1/streams', { key: 'k', body, orphan }),
      ),
    ]
    for (const request of wrong) {
      const response = await relay.handle(request)
      const { error } = (await response.json()) as { error: { message: string } }
      expect([response.status, error.message]).toEqual([
        400,
        'What becomes of an orphan is "continue" or { "cancelAfterMs": 60000 }.',
      ])
    }
    expect(relay.stats.streamsStarted).toBe(0)
  })

  test('that shows a ticket, or asks for all streams, while the store is away is to come again', async () => {
    const clock = handClock()
    const memory = createMemoryEngine({ clock })
    let isAway = false
    const away = <T>(answer: () => Promise<T>): Promise<T> => (isAway ? Promise.reject(new Error('away')) : answer())
    const engine: Engine = {
      ...memory,
      once: (word, ttlMs) => away(() => memory.once(word, ttlMs)),
      list: (which, limit) => away(() => memory.list(which, limit)),
    }
    const { relay } = world({ engine, clock, authenticate: () => undefined, adminToken: 'admin' })
    const { ticket } = relay.issueTicket({ id: 'ann' })
    const asks = [
      () => get(`/v1/streams/st_a?ticket=${ticket}`),
      () => get('/admin/streams', { headers: { authorization: 'Bearer admin' } }),
    ]
    isAway = true
    for (const one of asks) {
      const { status, headers } = await relay.handle(one())
      expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    }
    isAway = false
    const statuses = await Promise.all(asks.map(async (one) => (await relay.handle(one())).status))
    expect(statuses).toEqual([404, 200])
  })

  test('whose body breaks off is no fault of the server', async () => {
    const faults: unknown[] = []
    const { relay } = world({ onError: (reason) => void faults.push(reason) })
    const half = new ReadableStream({
      pull(controller) {
        controller.error(new DOMException('the client has gone away', 'AbortError'))
      },
    })
    const response = await relay.handle(new Request(at('/v1/streams'), { method: 'POST', body: half, duplex: 'half' }))
    expect([response.status, faults, relay.stats.requestsRefused.internal]).toEqual([400, [], 0])
  })
})

test('without authentication all are one and the same: they share streams, keys and limits', async () => {
  const { relay, clock } = world({ limits: { maxLiveStreams: 1 } })
  const begin = (key: string, content: string, who: string) =>
    relay.handle(
      post(
        '/v1/streams',
        { key, body: { ...body, messages: [{ role: 'user', content }] } },
        { headers: { authorization: `Bearer ${who}` } },
      ),
    )
  const { id } = (await (await begin('k', 'Hi', 'ann')).json()) as { id: string }
  await settle(clock)
  expect(await (await begin('k', 'Hi', 'bob')).json()).toMatchObject({ id, fresh: false })
  expect([(await begin('k', 'Ho', 'bob')).status, (await begin('other', 'Hi', 'bob')).status]).toEqual([409, 429])
  const cancelled = await relay.handle(
    get(`/v1/streams/${id}`, { method: 'DELETE', headers: { authorization: 'Bearer bob' } }),
  )
  expect(cancelled.status).toBe(200)
})

test('answers that are open are no more than sockets may be, and there is room again when one is over', async () => {
  const { relay, clock } = world({ limits: { maxSockets: 2 } })
  const id = await started(relay)
  await settle(clock)
  const events = () => relay.handle(get(`/v1/streams/${id}/events`))
  const gone = new AbortController()
  // The one waits for the first chunk of its answer, the other follows.
  const waiting = relay.handle(post('/v1/chat/completions', { ...body, stream: false }, { signal: gone.signal }))
  await settle(clock)
  const open = await events()
  const refused = [await events(), await relay.handle(post('/v1/chat/completions', { ...body, stream: true }))]
  for (const response of refused) {
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await response.text()).toContain('maxSockets')
  }
  // What ends with its answer takes no room.
  expect((await relay.handle(get(`/v1/streams/${id}`))).status).toBe(200)
  await open.body?.cancel()
  const again = await events()
  expect(again.status).toBe(200)
  await again.body?.cancel()
  gone.abort()
  expect((await waiting).status).toBe(499)
  expect(relay.stats.eventReaders).toBe(0)
})

test('a reader that comes back by itself, as EventSource does, is told once that all is over', async () => {
  const { relay, clock } = world({
    open: async function* () {
      yield* answerOf('Hi')
    },
  })
  const id = await started(relay)
  await settle(clock)
  const events = (lastEventId: string) =>
    relay.handle(get(`/v1/streams/${id}/events`, { headers: { 'last-event-id': lastEventId } }))
  const whole = await all(await relay.handle(get(`/v1/streams/${id}/events`)))
  expect(whole.map(({ event }) => event)).toEqual(['d', 'end'])
  const [data = '', end = ''] = whole.map((event) => event.id)
  // Cut off before the end, it has to hear that.
  expect((await all(await events(data))).map(({ event }) => event)).toEqual(['end'])
  expect((await events(end)).status).toBe(204)
  expect(relay.stats.eventReaders).toBe(0)
})

test('readers of events come and go a thousand times, and nothing is counted of them', async () => {
  const { relay, clock } = world()
  const id = await started(relay)
  await settle(clock)
  for (let round = 0; round < 1000; round++) {
    const format = round % 2 === 0 ? '' : '?format=openai'
    const { body: events } = await relay.handle(get(`/v1/streams/${id}/events${format}`))
    if (round % 3 === 0) await events?.getReader().cancel()
    else await events?.cancel()
  }
  const stream = relay.hub.streams.all.get(id)
  expect([relay.stats.eventReaders, stream?.readers.size]).toEqual([0, 0])
  await pass(clock, 1)
})

test('frames that are the whole sum are counted as that, and those that follow are not', async () => {
  const source = handSource()
  const { relay, clock } = world({ open: () => source })
  const id = await started(relay)
  await settle(clock)
  source.give(...answerOf('a', 'b'))
  await settle(clock)
  const readings = [1, 2, 3].map(async () => all(await relay.handle(get(`/v1/streams/${id}/events`))))
  await settle(clock)
  expect(relay.stats.sumsSent).toBe(3)
  source.give(chunkOf({ content: 'c' }))
  source.end()
  await settle(clock)
  await Promise.all(readings)
  expect(relay.stats.sumsSent).toBe(3)
})

test('how long deltas are held back is told as it is, also when nothing comes any more', async () => {
  const source = handSource()
  const { relay, clock } = world({ open: () => source })
  const id = await started(relay)
  await settle(clock)
  const response = await relay.handle(get(`/v1/streams/${id}/events`))
  const reading = all(response)
  for (let tenth = 0; tenth < 10; tenth++) {
    source.give(...Array.from({ length: 1000 }, () => chunkOf({ content: 'a' })))
    clock.advance(30)
    await settle(clock)
  }
  expect(relay.stats.flushWindowMs).toBeGreaterThan(0)
  await pass(clock, 1)
  expect(relay.stats.flushWindowMs).toBe(0)
  source.end()
  await settle(clock)
  await reading
})

describe('over a connection', () => {
  test('requests that come one behind the other are answered in their order', async () => {
    const { port, relay } = await serve({
      open: async function* () {
        yield* answerOf('a')
      },
    })
    const text = JSON.stringify({ key: 'k', body })
    const said = [
      `POST /v1/streams HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ].join('')
    const socket = connectTcp({ port, host: '127.0.0.1' })
    socket.write(said)
    let heard = ''
    for await (const data of socket) heard += String(data)
    expect(heard.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 404', 'HTTP/1.1 200'])
    expect(relay.stats.streamsStarted).toBe(1)
  })

  test('that breaks in the middle of a body, or while an answer is waited for, leaves nothing behind', async () => {
    const { port, relay } = await serve({ open: () => handSource() })
    for (let round = 0; round < 20; round++)
      await new Promise<void>((resolve) => {
        const whole = JSON.stringify({ ...body, stream: round % 2 === 0 })
        const asked = ask({
          port,
          method: 'POST',
          path: '/v1/chat/completions',
          headers: { 'content-length': whole.length, 'idempotency-key': 'k' },
        })
        asked.on('error', () => {})
        asked.on('close', () => resolve())
        asked.write(round % 4 < 2 ? whole.slice(0, 10) : whole, () => setImmediate(() => asked.destroy()))
      })
    const readers = (): number =>
      [...relay.hub.streams.all.values()].reduce((count, stream) => count + stream.readers.size, 0)
    while (readers() > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(relay.stats.eventReaders).toBe(0)
  })
})

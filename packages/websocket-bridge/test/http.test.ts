import { type ChatCompletionChunk, StreamError, textOf } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createReceiver,
  createRelay,
  type DataFrame,
  type EndFrame,
  type Principal,
  type Receiver,
  type RelayOptions,
} from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { all, type Event, eventsOf } from './support/events.ts'
import { handClock } from './support/hand-clock.ts'
import { createStage } from './support/listen.ts'
import { isA } from './support/peer.ts'

const { serve, connect, clear } = createStage()
afterEach(clear)

const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] }
const post = (said: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof said === 'string' ? said : JSON.stringify(said),
})

function take(receiver: Receiver, { data }: Event): string {
  return receiver.receive(JSON.parse(data) as DataFrame | EndFrame)
}

const contentOf = (events: readonly Event[]): string =>
  events
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => textOf(JSON.parse(data) as ChatCompletionChunk))
    .join('')

const answering: RelayOptions = {
  open: async function* () {
    yield* answerOf('Hel', 'lo')
  },
}

describe('POST /v1/chat/completions', () => {
  test('answers as OpenAI does, streamed', async () => {
    const { url } = await serve(answering)
    const response = await fetch(`${url}/v1/chat/completions`, post({ ...body, stream: true }))
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('x-stream-id')).toMatch(/^st_/)
    const events = await all(response)
    expect(events.at(-1)).toEqual({ data: '[DONE]' })
    expect(contentOf(events)).toBe('Hello')
    for (const { data } of events.slice(0, -1))
      expect(JSON.parse(data)).toMatchObject({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'test-model' })
  })

  test('answers as OpenAI does, whole', async () => {
    const { url } = await serve(answering)
    const response = await fetch(`${url}/v1/chat/completions`, post(body))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'test-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
    })
  })

  test('asks the model once for one Idempotency-Key', async () => {
    let opened = 0
    const { url } = await serve({ open: (...all_) => (opened++, answering.open(...all_)) })
    const keyed = (said: object): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, post(said, { 'idempotency-key': 'k' }))
    const [one, two] = await Promise.all([keyed(body), keyed(body)])
    expect(one.headers.get('x-stream-id')).toBe(two.headers.get('x-stream-id'))
    expect(await one.json()).toEqual(await two.json())
    expect((await keyed({ ...body, model: 'other' })).status).toBe(409)
    expect(opened).toBe(1)
  })

  test('goes on when its client leaves, and is found again by its id', async () => {
    const source = handSource()
    const { url } = await serve({ open: () => source })
    const gone = new AbortController()
    source.give(chunkOf({ content: 'a' }))
    const response = await fetch(`${url}/v1/chat/completions`, {
      ...post({ ...body, stream: true }),
      signal: gone.signal,
    })
    const id = response.headers.get('x-stream-id') ?? ''
    gone.abort()
    source.give(chunkOf({ content: 'b' }), chunkOf({}, 'stop'))
    source.end()
    const events = await all(await fetch(`${url}/v1/streams/${id}/events?format=openai`))
    expect(contentOf(events)).toBe('ab')
    expect(events.at(-1)?.data).toBe('[DONE]')
  })

  test.each<[string, string | object, Record<string, string>, number, string]>([
    ['what is no JSON', '{', {}, 400, 'bad_request'],
    ['a list', [], {}, 400, 'bad_request'],
    ['no messages', { model: 'm' }, {}, 400, 'bad_request'],
    ['too much', { ...body, x: 'x'.repeat(20_000) }, {}, 413, 'too_large'],
    ['a long key', body, { 'idempotency-key': 'x'.repeat(129) }, 400, 'bad_request'],
    ['a body that is compressed', body, { 'content-encoding': 'gzip' }, 400, 'bad_request'],
    ['a strange policy', body, { 'x-cancel-after-ms': 'soon' }, 400, 'bad_request'],
  ])('refuses %s', async (_name, said, headers, status, code) => {
    const { url } = await serve({ ...answering, limits: { maxBodyBytes: 10_000 } })
    const response = await fetch(`${url}/v1/chat/completions`, post(said, headers))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
  })

  test('has the status of what failed before the first chunk, and an error event for what failed after it', async () => {
    const refusal = (status: number): StreamError<'http_status'> =>
      new StreamError('http_status', 'no', {
        status,
        headers: {},
        body: '{"error":{"message":"said upstream, key sk-1"}}',
      })
    for (const [status, told] of [
      [429, 429],
      [400, 400],
      [401, 502],
      [500, 502],
    ] as const) {
      const { url } = await serve({ open: () => Promise.reject(refusal(status)) })
      for (const stream of [true, false]) {
        const response = await fetch(`${url}/v1/chat/completions`, post({ ...body, stream }))
        expect([status, stream, response.status]).toEqual([status, stream, told])
        expect((await response.text()).includes('sk-1')).toBe(told === status)
      }
    }
    const { url } = await serve({
      open: async function* () {
        yield chunkOf({ content: 'part' })
        throw new Error('/secret/path')
      },
    })
    const events = await all(await fetch(`${url}/v1/chat/completions`, post({ ...body, stream: true })))
    expect(events.map(({ data }) => data).join()).not.toContain('secret')
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'source_failed' } })
    expect(contentOf(events.slice(0, -1))).toBe('part')
  })

  test('cannot be told where the model is, nor learn how it is asked', async () => {
    const seen: unknown[] = []
    const { url } = await serve({
      open: async function* (request, context) {
        seen.push(request, Object.keys(context))
        yield* answerOf('x')
      },
    })
    const said = { ...body, baseURL: 'http://169.254.169.254/', base_url: 'http://10.0.0.1/', api_key: 'x' }
    const headers = {
      'x-forwarded-host': '169.254.169.254',
      'openai-base-url': 'http://10.0.0.1/',
      forwarded: 'host=evil',
    }
    const response = await fetch(`${url}/v1/chat/completions`, post(said, headers))
    // The body is passed on as a body. Where it goes is not in it, nor in anything else that `open` is given.
    expect(seen).toEqual([said, ['signal', 'toolOutput', 'stream']])
    expect(JSON.stringify([...response.headers])).not.toContain('169.254')
  })
})

describe('GET /v1/streams/:id/events', () => {
  test('gives frames with their position, and resumes at every one of them', async () => {
    const { url } = await serve(answering)
    const started = await fetch(`${url}/v1/streams`, post({ key: 'k', body }))
    expect(started.status).toBe(201)
    const { id } = (await started.json()) as { id: string }
    const events = await all(await fetch(`${url}/v1/streams/${id}/events`))
    const whole = createReceiver()
    for (const event of events) take(whole, event)
    expect(whole.end?.st).toBe('done')
    const { e } = whole.position ?? { e: '' }
    for (let o = 0; o <= 4; o++) {
      const from = createReceiver()
      const headers = { 'last-event-id': `${e}.${o}` }
      const rest = await all(await fetch(`${url}/v1/streams/${id}/events`, { headers }))
      const first = JSON.parse(rest[0]?.data ?? '') as DataFrame
      if (o < 4) expect([first.o - first.n, first.o]).toEqual([o, 4])
      // What the client had before, and what it got now.
      if (o > 0) from.receive({ t: 'd', s: id, e, o, n: o, c: [prefix(o)] })
      for (const event of rest) take(from, event)
      expect([o, from.end?.st]).toEqual([o, 'done'])
    }
    function prefix(o: number): DataFrame['c'][number] {
      const receiver = createReceiver()
      const chunks = answerOf('Hel', 'lo').slice(0, o)
      receiver.receive({ t: 'd', s: id, e, o, n: o, c: chunks })
      return receiver.sum ?? {}
    }
  })

  test('goes on over SSE where a WebSocket left off, and the other way round', async () => {
    const source = handSource()
    const { url, socketUrl } = await serve({ open: () => source })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await peer.until(isA('ok'))
    const receiver = createReceiver()
    source.give(chunkOf({ content: 'a' }))
    receiver.receive(await peer.until(isA('d')))
    peer.ws.terminate()
    source.give(chunkOf({ content: 'b' }))
    const { e = '', o = 0 } = receiver.position ?? {}
    const left = new AbortController()
    const response = await fetch(`${url}/v1/streams/${s}/events?from=${e}.${o}`, { signal: left.signal })
    for await (const event of eventsOf(response)) {
      expect(take(receiver, event)).toBe('added')
      break
    }
    left.abort()
    source.give(chunkOf({ content: 'c' }))
    source.end()
    const again = await connect(socketUrl)
    const { position } = receiver
    again.say({ t: 'hello' }, { t: 'sub', s, ...(position && { from: position }) })
    await again.until(isA('end'))
    for (const frame of again.heard) if (frame.t === 'd' || frame.t === 'end') receiver.receive(frame)
    expect([receiver.end?.st, receiver.sum?.choices?.[0]?.delta.content]).toEqual(['done', 'abc'])
  })

  test('does not run ahead of a client that does not read, in either format', async () => {
    const source = handSource()
    const relay = createRelay({ open: () => source })
    const { id } = await relay.hub.start({ id: 'anybody' }, { key: 'k', request: { ...body, messages: [] } })
    const bodies = await Promise.all(
      ['frames', 'openai'].map(async (format) => {
        const response = await relay.handle(new Request(`http://x/v1/streams/${id}/events?format=${format}`))
        return response.body
      }),
    )
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    for (let n = 0; n < 300; n++) {
      source.give(chunkOf({ content: 'x'.repeat(1000) }))
      if (n % 3 === 0) await turn()
    }
    source.end()
    for (let n = 0; n < 10; n++) await turn()
    for (const one of bodies) {
      let reads = 0
      let text = ''
      for await (const bytes of one ?? []) {
        reads++
        text += new TextDecoder().decode(bytes as Uint8Array)
      }
      // What it missed came summed: far fewer pieces than chunks.
      expect(reads).toBeLessThan(60)
      expect(text.match(/x/g)?.length).toBeGreaterThanOrEqual(300_000)
    }
    await relay.close()
  })

  test('says that it lives, and ends now and then for clients that come back', async () => {
    const clock = handClock()
    const relay = createRelay({ open: () => handSource(), clock })
    const { id } = await relay.hub.start({ id: 'anybody' }, { key: 'k', request: { ...body, messages: [] } })
    const response = await relay.handle(new Request(`http://x/v1/streams/${id}/events`))
    let text = ''
    const reading = (async () => {
      for await (const bytes of response.body ?? []) text += new TextDecoder().decode(bytes as Uint8Array)
    })()
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(16_000)
    await expect.poll(() => text).toBe(':\n\n')
    clock.advance(100_000)
    expect(relay.stats.eventReaders).toBe(1)
    clock.advance(250_000)
    await reading
    expect(relay.stats.eventReaders).toBe(0)
    await relay.close()
  })

  test('refuses what is no position', async () => {
    const { url, relay } = await serve({ open: () => handSource() })
    const { id } = await relay.hub.start({ id: 'anybody' }, { key: 'k', request: { ...body, messages: [] } })
    for (const from of ['x', '-1', 'a.b', '../..'])
      expect((await fetch(`${url}/v1/streams/${id}/events?from=${from}`)).status).toBe(400)
  })
})

test('a stream is described, cancelled and given the output of tools', async () => {
  const { url } = await serve({
    open: async function* (_request, { toolOutput }) {
      yield chunkOf({ content: JSON.stringify(await toolOutput('c')) })
      await toolOutput('never')
    },
  })
  const { id } = (await (await fetch(`${url}/v1/streams`, post({ key: 'k', body }))).json()) as { id: string }
  const told = (path: string, said: unknown): Promise<unknown> =>
    fetch(`${url}/v1/streams/${id}${path}`, post(said)).then((response) => response.json())
  expect(await told('/tool_outputs', { call: 'c', output: [1] })).toEqual({ won: true })
  expect(await told('/tool_outputs', { call: 'c', output: [1] })).toEqual({ won: false })
  expect(await told('/tool_outputs', { call: 'c' })).toMatchObject({ error: { code: 'bad_request' } })
  const describe_ = async (): Promise<Record<string, unknown>> =>
    (await (await fetch(`${url}/v1/streams/${id}`)).json()) as Record<string, unknown>
  await expect.poll(async () => (await describe_())['position']).toMatch(/\.1$/)
  expect(await told('/cancel', {})).toEqual({ status: 'live' })
  await expect.poll(async () => (await describe_())['status']).toBe('cancelled')
  expect(await describe_()).toMatchObject({ completion: { choices: [{ message: { content: '[1]' } }] } })
  const deleted = await fetch(`${url}/v1/streams/${id}`, { method: 'DELETE' })
  expect(await deleted.json()).toEqual({ status: 'cancelled' })
})

describe('who may', () => {
  const people: { readonly [token: string]: Principal } = { ann: { id: 'ann' }, bob: { id: 'bob' } }
  const guarded: RelayOptions = {
    ...answering,
    authenticate: ({ token, cookie }) => people[token ?? cookie?.split('=')[1] ?? ''],
    cookies: true,
    adminToken: 'admin-token',
  }
  const as = (token: string): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${token}` } })

  test('do what: only those who are known, with their own streams', async () => {
    const { url } = await serve(guarded)
    expect((await fetch(`${url}/v1/chat/completions`, post(body))).status).toBe(401)
    const response = await fetch(`${url}/v1/chat/completions`, post(body, as('ann').headers))
    const id = response.headers.get('x-stream-id') ?? ''
    expect((await fetch(`${url}/v1/streams/${id}`, as('ann'))).status).toBe(200)
    for (const path of ['', '/events'])
      expect((await fetch(`${url}/v1/streams/${id}${path}`, as('bob'))).status).toBe(404)
    expect((await fetch(`${url}/v1/streams/${id}`, { method: 'DELETE', ...as('bob') })).status).toBe(404)
    expect((await fetch(`${url}/v1/streams/${id}/cancel`, post({}, as('bob').headers))).status).toBe(404)
  })

  test('come with cookies: pages of our own host, and those that are named', async () => {
    const { url } = await serve(guarded)
    const cookie = 'session=ann'
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, post(body, { cookie, ...headers }))
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
    // A form of another page says where it is from; what does not say may be anything.
    expect((await ask({})).status).toBe(401)
    expect((await ask({ origin: url })).status).toBe(200)
    // A page of our host that only reads says no origin.
    expect((await fetch(`${url}/v1/streams/st_x`, { headers: { cookie } })).status).toBe(404)
    const named = await serve({ ...guarded, origins: ['https://app.example'] })
    const response = await fetch(
      `${named.url}/v1/chat/completions`,
      post(body, { cookie, origin: 'https://app.example' }),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
    const preflight = await fetch(`${named.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, POST, DELETE',
    ])
  })

  test('follow no longer than their token is good', async () => {
    const clock = handClock()
    const source = handSource()
    const relay = createRelay({
      clock,
      open: () => source,
      authenticate: ({ token }) => (token === undefined ? undefined : { id: token, expiresAt: clock.date() + 60_000 }),
    })
    const { id } = await relay.hub.start({ id: 'ann' }, { key: 'k', request: { ...body, messages: [] } })
    const events = all(await relay.handle(new Request(`http://x/v1/streams/${id}/events`, as('ann'))))
    expect(relay.stats.eventReaders).toBe(1)
    for (let second = 0; second < 62; second++) clock.advance(1_000)
    expect(relay.stats.eventReaders).toBe(0)
    source.give(chunkOf({ content: 'after' }))
    expect(JSON.stringify(await events)).not.toContain('after')
    await relay.close()
  })

  test('open an event stream with a ticket, once', async () => {
    const { url } = await serve(guarded)
    const response = await fetch(`${url}/v1/chat/completions`, post(body, as('ann').headers))
    const id = response.headers.get('x-stream-id') ?? ''
    const { ticket } = (await (await fetch(`${url}/v1/tickets`, post({}, as('ann').headers))).json()) as {
      ticket: string
    }
    const events = `${url}/v1/streams/${id}/events?ticket=${ticket}`
    expect((await all(await fetch(events))).at(-1)?.event).toBe('end')
    expect((await fetch(events)).status).toBe(401)
  })

  test('look at everything: admins', async () => {
    const { url, relay } = await serve(guarded)
    const { id } = await relay.hub.start({ id: 'ann' }, { key: 'k', request: { ...body, messages: [] } })
    for (const path of ['/admin/streams', '/metrics']) {
      expect((await fetch(`${url}${path}`)).status).toBe(401)
      expect((await fetch(`${url}${path}`, as('ann'))).status).toBe(401)
    }
    const list = await (await fetch(`${url}/admin/streams`, as('admin-token'))).json()
    expect(list).toMatchObject({ streams: [{ id, owner: 'ann' }] })
    const metrics = await (await fetch(`${url}/metrics`, as('admin-token'))).text()
    expect(metrics).toContain('deltawire_relay_streams_started_total 1')
    expect(metrics).toContain('deltawire_relay_requests_refused_total{code="unauthorized"} 4')
    expect((await fetch(`${url}/admin/streams/${id}/cancel`, post({}, as('admin-token').headers))).status).toBe(200)
    const open = await serve(answering)
    expect((await fetch(`${open.url}/admin/streams`)).status).toBe(404)
    expect((await fetch(`${open.url}/metrics`)).status).toBe(200)
  })
})

test('a node tells that it lives, and whether it takes new clients', async () => {
  const { url, relay } = await serve(answering)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  relay.hub.drain()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
  expect((await fetch(`${url}/v1/chat/completions`, post(body))).status).toBe(503)
  expect((await fetch(`${url}/v1/unknown`)).status).toBe(404)
  expect((await fetch(`${url}/healthz`, { method: 'PUT' })).status).toBe(405)
})

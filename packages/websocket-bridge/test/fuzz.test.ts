import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Principal } from '../src/index.ts'
import { type Random, randomOf } from './model/random.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { heapUsed } from './support/heap-used.ts'
import { createStage, type Listening } from './support/listen.ts'
import { isA } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, clear } = createStage()
afterEach(clear)

const SECRET = 'a word of somebody else'
const people: { readonly [token: string]: Principal } = { mallory: { id: 'mallory' }, ann: { id: 'ann' } }

/** A relay on which somebody has a secret, and what only they may know of it. */
async function guarded() {
  const errors: unknown[] = []
  const secret = handSource()
  let opened = 0
  const relay = await serve({
    // The first stream is the secret one.
    open: () => (opened++ === 0 ? secret : handSource()),
    authenticate: ({ token }) => people[token ?? ''],
    onError: (reason) => void errors.push(reason),
    limits: { maxFramesPerSecond: 1e9, maxFrameBurst: 1e9, maxLiveStreams: 5 },
  })
  const ann = await connect(relay.socketUrl)
  ann.say({ t: 'hello', token: 'ann' }, { t: 'start', id: '1', key: 'k', body, topic: 'room' })
  const { s = '' } = await ann.until(isA('ok'))
  secret.give(chunkOf({ content: SECRET }))
  const { e } = await ann.until(isA('d'))
  return { ...relay, errors, ann, s, e }
}

type Guarded = Awaited<ReturnType<typeof guarded>>

/** Sends bytes, and gives all that comes back until the end of the connection. */
function shout(port: number, ...pieces: readonly (string | Buffer)[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const heard: Buffer[] = []
    const socket = connectTcp(port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece)
    })
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (data) => heard.push(data))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(heard)))
  })
}

const handshake = ({ port }: Listening, over = ''): string =>
  [
    'GET /v1/socket HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: deltawire.v1',
    ...(over === '' ? [] : [over]),
    '',
    '',
  ].join('\r\n')

/** One frame of WebSocket, by its two first bytes, with a mask of zeros. */
const wireFrame = (first: number, payload: Buffer, mask = true): Buffer =>
  Buffer.concat([Buffer.from([first, (mask ? 0x80 : 0) | payload.length]), Buffer.alloc(mask ? 4 : 0), payload])

/** The code of a close frame at the end of what came back. */
const closeCodeOf = (bytes: Buffer): number => {
  const at = bytes.lastIndexOf(0x88)
  return at < 0 ? 0 : bytes.readUInt16BE(at + 2)
}

describe('bytes that break the rules of WebSocket', () => {
  const text = Buffer.from('{"t":"ping"}')
  test.each<[string, Buffer, number]>([
    ['are not masked', wireFrame(0x81, text, false), 1002],
    ['have a reserved bit', wireFrame(0x81 | 0x10, text), 1002],
    ['say that they are compressed', wireFrame(0x81 | 0x40, text), 1002],
    ['have an unknown kind', wireFrame(0x83, text), 1002],
    ['are no UTF-8', wireFrame(0x81, Buffer.from([0xc3, 0x28])), 1007],
    ['continue what was never begun', wireFrame(0x80, text), 1002],
    ['are a ping in pieces', wireFrame(0x09, text), 1002],
    ['close with half a code', wireFrame(0x88, Buffer.from([0x03])), 1002],
    ['promise four gigabytes', Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ])('close the socket that they %s on, and nothing else', async (_how, bytes, code) => {
    const all = await guarded()
    const hello = wireFrame(0x81, Buffer.from('{"t":"hello","token":"mallory"}'))
    expect(closeCodeOf(await shout(all.port, handshake(all), hello, bytes))).toBe(code)
    await expect.poll(() => all.relay.stats.sockets).toBe(1)
    all.ann.say({ t: 'ping' })
    await all.ann.until(isA('pong'))
    expect(all.errors).toEqual([])
  })

  test('are not inflated, whatever the client offers', async () => {
    const all = await guarded()
    const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'
    const bytes = await shout(all.port, handshake(all, offer), wireFrame(0x88, Buffer.from([0x03, 0xe8])))
    expect(bytes.toString('latin1')).toContain('101 Switching Protocols')
    expect(bytes.toString('latin1').toLowerCase()).not.toContain('sec-websocket-extensions')
  })
})

/** Something that is nearly a frame, about streams that there are, and are not. */
function nearlyFrame(random: Random, { s, e }: Guarded): string {
  const value = (): unknown =>
    random.pick<() => unknown>([
      () => random.pick(['', s, e, 'room', 'st_x', '__proto__', 'constructor', '\u0000', '\uD83D', 'x'.repeat(300)]),
      () => random.pick([0, -1, 1, 1.5, 2 ** 53, 2 ** 53 - 1, 1e308, -0]),
      () => random.pick([true, false, null, [], {}, [[]], [{}]]),
      () => ({ e: random.pick([e, 'x', '']), o: random.pick([0, 1, 2, 99, -1, 2 ** 53 - 1]) }),
      () => ({ ...body, model: 7 }),
      () => body,
    ])()
  const t = random.pick([
    'auth',
    'start',
    'sub',
    'unsub',
    'topic',
    'untopic',
    'cancel',
    'tool',
    'ping',
    'hello',
    'd',
    'x',
  ])
  const fields = ['s', 'id', 'key', 'body', 'from', 'topic', 'auto', 'call', 'output', 'x', 'sub', 'orphan', 'why']
  const frame: { [field: string]: unknown } = { t }
  // Most are right, so that more than the door is tried.
  if (random.chance(0.7))
    Object.assign(frame, { id: `i${random.below(9)}`, s, key: `k${random.below(9)}`, body, topic: 'room' })
  if (random.chance(0.7)) Object.assign(frame, { call: 'c', output: 1 })
  for (let n = random.below(3); n > 0; n--) frame[random.pick(fields)] = value()
  const json = JSON.stringify(frame)
  const at = random.below(json.length)
  return random.chance(0.9) ? json : json.slice(0, at) + random.pick(['', '}', '"', '[', '\\']) + json.slice(at + 1)
}

describe('frames and requests that are nearly right', () => {
  async function frames(all: Guarded, random: Random): Promise<string> {
    const peer = await connect(all.socketUrl)
    peer.say({ t: 'hello', token: 'mallory' })
    for (let n = 0; n < 40; n++) peer.ws.send(nearlyFrame(random, all))
    peer.ws.send('{"t":"ping","x":"last"}')
    await Promise.race([peer.until((frame) => frame.t === 'pong' && frame.x === 'last'), peer.closed]).catch(() => {})
    peer.ws.terminate()
    await peer.closed
    return JSON.stringify(peer.heard)
  }

  async function ask(all: Guarded, random: Random): Promise<string> {
    const path = random.pick([
      `/v1/streams/${all.s}`,
      `/v1/streams/${all.s}/events`,
      `/v1/streams/${all.s}/events?format=openai&from=${all.e}.0`,
      `/v1/streams/${all.s}/cancel`,
      `/v1/streams/${all.s}/tool_outputs`,
      `/v1/streams/..%2f${all.s}`,
      '/v1/chat/completions',
      '/v1/streams',
      '/admin/streams',
      `/admin/streams/${all.s}/cancel`,
      '/v1/tickets?ticket=x.y',
      '//',
    ])
    const method = random.pick(['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS'])
    const said = random.pick(['', '{', '[]', 'null', nearlyFrame(random, all), JSON.stringify({ ...body, stream: 7 })])
    const response = await fetch(`${all.url}${path}`, {
      method,
      headers: {
        authorization: random.pick(['Bearer mallory', 'Bearer x', 'Basic x', 'Bearer']),
        'last-event-id': random.pick(['', `${all.e}.1`, 'x', `${all.e}.99999999999999`]),
        'idempotency-key': random.pick(['k', 'x'.repeat(200)]),
      },
      ...(method !== 'GET' && { body: said }),
      signal: AbortSignal.timeout(100),
    }).catch(() => undefined)
    expect(response?.status).not.toBe(500)
    return (await response?.text().catch(() => '')) ?? ''
  }

  test('crash nothing, tell nothing of others, and leave nothing behind', async () => {
    const all = await guarded()
    const { relay, errors, ann } = all
    const round = async (seed: number): Promise<void> => {
      const random = randomOf(seed)
      for (let n = 0; n < 25; n++) {
        expect(await frames(all, random)).not.toContain(SECRET)
        expect(await ask(all, random)).not.toContain(SECRET)
      }
    }
    await round(1)
    const before = heapUsed()
    for (let seed = 2; seed < 6; seed++) await round(seed)
    // Mallory's own streams are few and empty; a leak of a socket, a frame or a key would be four times that of one round.
    expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024)
    await expect.poll(() => [relay.stats.sockets, relay.stats.subscriptions]).toEqual([1, 1])
    expect(relay.stats.streamsProducing).toBeLessThanOrEqual(6)
    expect(errors).toEqual([])
    ann.say({ t: 'ping' })
    await ann.until(isA('pong'))
    // Nobody has cancelled it, or answered for it.
    expect((await relay.hub.read({ id: 'ann' }, all.s)).flags).toEqual({})
    expect((await relay.hub.read({ id: 'ann' }, all.s)).status).toBe('live')
  }, 60_000)

  test('say nothing of where the model is: what a start asks for is passed on as it is', async () => {
    const seen: unknown[] = []
    const { socketUrl } = await serve({
      open: async function* (request, context) {
        seen.push(request, Object.keys(context))
        yield* answerOf('x')
      },
    })
    const said = { ...body, baseURL: 'http://169.254.169.254/', base_url: 'http://10.0.0.1/', api_key: 'x' }
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body: said })
    await peer.until(isA('end'))
    expect(seen).toEqual([said, ['signal', 'toolOutput', 'stream']])
  })
})

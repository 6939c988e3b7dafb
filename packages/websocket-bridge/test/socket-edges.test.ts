import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { RelayOptions, ServerFrame } from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { handClock } from './support/hand-clock.ts'
import { settle } from './support/hub-world.ts'
import { createStage } from './support/listen.ts'
import { isA } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, keep, clear } = createStage()
afterEach(clear)

const refused =
  (id: string) =>
  (frame: ServerFrame): boolean =>
    frame.t === 'err' && frame.id === id
const done =
  (id: string) =>
  (frame: ServerFrame): boolean =>
    frame.t === 'ok' && frame.id === id

/** Resolves once this is so, however many turns of the event loop that takes. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve))
}

const upgrade = (path: string, protocol = 'deltawire.v1'): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocol}`,
    '\r\n',
  ].join('\r\n')

describe('an upgrade that is refused', () => {
  test.each([
    ['of another subprotocol', upgrade('/v1/socket', 'other'), '400'],
    ['of another address', upgrade('/elsewhere'), '404'],
    ['of two slashes', upgrade('//v1/socket'), '404'],
    ['of an address that is none', upgrade('http://a?x'), '404'],
  ])('because %s leaves no connection behind, though its client holds on to it', async (_why, text, status) => {
    const { server, port } = await serve({ open: () => handSource() })
    const held = Array.from({ length: 20 }, () => connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true }))
    for (const socket of held) keep({ close: () => socket.destroy() })
    const answers = await Promise.all(
      held.map(
        (socket) =>
          new Promise<string>((resolve) => {
            socket.on('error', () => {})
            socket.once('data', (data) => resolve(data.toString()))
            socket.write(text)
          }),
      ),
    )
    expect(answers.every((answer) => answer.startsWith(`HTTP/1.1 ${status} `))).toBe(true)
    await until(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0))))
  })

  test('by both of two relays on one server is answered, and each has its own address', async () => {
    const { server, port, relay } = await serve({ open: () => handSource() }, { path: '/one' })
    relay.attach(server, { path: '/two' })
    for (const path of ['/one', '/two']) {
      const peer = await connect(`ws://127.0.0.1:${port}${path}`)
      peer.say({ t: 'hello' })
      await peer.until(isA('welcome'))
    }
    await expect(connect(`ws://127.0.0.1:${port}/three`)).rejects.toThrow('404')
  })

  test('for want of room is let in when there is some again, however the others left', async () => {
    const { socketUrl, relay } = await serve({ open: () => handSource(), limits: { maxSockets: 2 } })
    for (let round = 0; round < 10; round++) {
      const [one, two] = [await connect(socketUrl), await connect(socketUrl)]
      await expect(connect(socketUrl)).rejects.toThrow('503')
      one.say({ t: 'hello' })
      if (round % 3 === 0) one.ws.close()
      else if (round % 3 === 1) one.ws.terminate()
      else one.ws.send('no frame')
      two.ws.terminate()
      await until(() => relay.stats.sockets === 0)
    }
  })
})

test('upgrades whose connection dies in the middle leave nothing behind', async () => {
  const { server, port, relay } = await serve({ open: () => handSource() })
  const text = upgrade('/v1/socket')
  for (let at = 0; at < text.length; at += 5)
    await new Promise<void>((resolve) => {
      const socket = connectTcp({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      // Most end before the last byte of the request, some right after it.
      socket.write(text.slice(0, at % 3 === 0 ? undefined : at), () => socket.destroy())
    })
  await until(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0))))
  expect([relay.stats.sockets, relay.stats.subscriptions]).toEqual([0, 0])
})

describe('the subscriptions of one socket', () => {
  const limits = { maxSubscriptions: 2, maxTopics: 2, maxFramesPerSecond: 1e9, maxFrameBurst: 1e9 }

  test('are no more than allowed where a topic brings many at once', async () => {
    const { socketUrl, relay } = await serve({ open: () => handSource(), limits })
    const starter = await connect(socketUrl)
    starter.say({ t: 'hello' })
    for (let at = 0; at < 6; at++) {
      starter.say({ t: 'start', id: `${at}`, key: `${at}`, body, topic: 't', sub: false })
      await starter.until(done(`${at}`))
    }
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'topic', id: 'a', topic: 't', auto: true })
    await peer.until(done('a'))
    peer.say({ t: 'sub', id: 'b', s: 'st_other' })
    await peer.until(refused('b'))
    expect(relay.stats.subscriptions).toBe(2)
    const told = peer.heard.filter(isA('stream'))
    expect(told).toHaveLength(6)
    // There is room again as soon as it leaves one of them.
    peer.say({ t: 'unsub', s: told[0]?.s ?? '' }, { t: 'sub', id: 'c', s: told[5]?.s ?? '' })
    await peer.until(done('c'))
    expect(relay.stats.subscriptions).toBe(2)
  })

  test('do not come back by themselves: whoever leaves a stream while a topic opens it has left it', async () => {
    const verdicts: (() => void)[] = []
    let isSlow = false
    const { socketUrl, relay } = await serve({
      open: () => handSource(),
      limits,
      authorize: (_who, { kind }) =>
        kind !== 'read' || !isSlow ? true : new Promise((resolve) => verdicts.push(() => resolve(true))),
    })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: '1', body, topic: 't', sub: false })
    await peer.until(done('1'))
    isSlow = true
    peer.say({ t: 'topic', id: '2', topic: 't', auto: true })
    // Whether it may be told of, then whether it may be opened.
    await until(() => verdicts.length === 1)
    verdicts[0]?.()
    const { s } = await peer.until(isA('stream'))
    await until(() => verdicts.length === 2)
    peer.say({ t: 'unsub', id: '3', s })
    await peer.until(done('3'))
    verdicts[1]?.()
    peer.say({ t: 'untopic', id: '4', topic: 't' })
    await peer.until(done('4'))
    expect(relay.stats.subscriptions).toBe(0)
  })

  test('are not counted any more, whichever way they end', async () => {
    const clock = handClock()
    const sources = new Map<string, ReturnType<typeof handSource>>()
    const { socketUrl, relay } = await serve({
      clock,
      open: (_request, { stream }) => {
        const source = handSource()
        sources.set(stream.id, source)
        return source
      },
      limits: { ...limits, maxStreamChunks: 3 },
    } satisfies RelayOptions)
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' })
    const ends: ((s: string, id: string) => void)[] = [
      (s) => sources.get(s)?.end(),
      (s) => sources.get(s)?.fail(new Error('broken')),
      (s) => sources.get(s)?.give(...answerOf('a', 'b', 'c')),
      (s, id) => peer.say({ t: 'cancel', id: `${id}c`, s }),
    ]
    for (let round = 0; round < 12; round++) {
      const ids = [`${round}a`, `${round}b`]
      for (const id of ids) {
        peer.say({ t: 'start', id, key: id, body })
        await until(async () => (await settle(clock), peer.heard.some(done(id))))
      }
      peer.say({ t: 'start', id: `${round}x`, key: 'x', body })
      await peer.until(refused(`${round}x`))
      for (const ok of peer.heard.filter(isA('ok')).filter(({ id }) => ids.includes(id)))
        ends[round % ends.length]?.(ok.s ?? '', ok.id)
      await until(async () => (await settle(clock), relay.stats.subscriptions === 0))
    }
    expect(relay.stats.streamsStarted).toBe(24)
  })

  test('and its topics are not counted any more when they are left, refused or lost', async () => {
    const { socketUrl } = await serve({
      open: () => handSource(),
      limits,
      authorize: (_who, action) => action.kind !== 'follow' || action.topic !== 'secret',
    })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' })
    for (let round = 0; round < 20; round++) {
      peer.say(
        { t: 'topic', id: `${round}s`, topic: 'secret' },
        { t: 'topic', id: `${round}a`, topic: `a${round}` },
        { t: 'topic', id: `${round}b`, topic: `b${round}` },
        { t: 'topic', id: `${round}b2`, topic: `b${round}` },
        { t: 'topic', id: `${round}c`, topic: `c${round}` },
        { t: 'untopic', topic: `a${round}` },
        { t: 'untopic', id: `${round}u`, topic: `b${round}` },
      )
      await peer.until(done(`${round}u`))
      for (const id of ['a', 'b', 'b2']) expect(peer.heard.some(done(round + id))).toBe(true)
      for (const id of ['s', 'c']) expect(peer.heard.some(refused(round + id))).toBe(true)
    }
  })
})

test('a limit of no bytes for a frame lets none through', async () => {
  const { socketUrl } = await serve({ open: () => handSource(), limits: { maxFrameBytes: 0 } })
  const peer = await connect(socketUrl)
  peer.say({ t: 'hello' })
  expect((await peer.closed).code).toBe(1009)
})

test('a token that is renewed a hundred times costs nothing and keeps the connection', async () => {
  const clock = handClock()
  const { socketUrl, relay } = await serve({
    clock,
    open: () => handSource(),
    authenticate: ({ token }) => ({ id: 'ann', expiresAt: Number(token) }),
  })
  const peer = await connect(socketUrl)
  peer.say({ t: 'hello', token: String(clock.date() + 10_000) })
  await peer.until(isA('welcome'))
  for (let round = 0; round < 100; round++) {
    clock.advance(9_000)
    const expiresAt = clock.date() + 10_000
    peer.say({ t: 'auth', id: `${round}`, token: String(expiresAt) })
    expect(await peer.until(done(`${round}`))).toMatchObject({ expiresAt })
  }
  expect(relay.stats.sockets).toBe(1)
  clock.advance(10_000)
  expect((await peer.closed).code).toBe(4410)
})

test('a principal that never runs out has nothing to renew, however it came in', async () => {
  const ann = { id: 'ann', expiresAt: Infinity }
  const { socketUrl, relay } = await serve({ open: () => handSource(), authenticate: () => ann })
  const { ticket } = relay.issueTicket(ann)
  for (const url of [socketUrl, `${socketUrl}?ticket=${ticket}`]) {
    const peer = await connect(url)
    peer.say({ t: 'hello' }, { t: 'auth', id: '1', token: 'another' })
    // No number is written as `null`, and that is no time.
    expect(await peer.until(isA('welcome'))).not.toHaveProperty('expiresAt')
    expect(await peer.until(done('1'))).not.toHaveProperty('expiresAt')
  }
})

test('a client that reads an answer of many chunks to the end is held for nothing', async () => {
  const { socketUrl } = await serve({
    open: async function* () {
      for (let at = 0; at < 5000; at++) yield chunkOf({ content: `${at} `.repeat(10) })
    },
  })
  const peer = await connect(socketUrl)
  peer.say({ t: 'hello' }, { t: 'start', id: '1', key: '1', body })
  expect((await peer.until(isA('end'))).t).toBe('end')
})

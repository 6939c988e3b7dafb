import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectRelay, type RelayState, type Sign } from '../../src/client/index.ts'
import { connected, following } from './connected.ts'
import { createFakeClock, turn } from './fake-clock.ts'
import { createScriptedPeer } from './scripted-peer.ts'
import { createTruth, textChunks } from './truth.ts'

describe('the connection', () => {
  it('asks again for a stop that came too fast: a model that is to stop must not go on', async () => {
    const { clock, peer, stream } = await following()
    const stopping = stream.cancel()
    const [first] = peer.socket.take('cancel')
    peer.socket.say({ t: 'err', id: first?.id ?? '', code: 'too_many', msg: 'slowly', retryMs: 1000 })
    await clock.pass(999)
    expect(peer.socket.take('cancel')).toEqual([])
    await clock.pass(1)
    expect(peer.socket.take('cancel')).toEqual([first])
    peer.socket.say({ t: 'ok', id: first?.id ?? '', s: 'st_1', st: 'cancelled' })
    expect(await stopping).toBe('cancelled')
  })

  it('asks again for each thing when it was told to, and for nothing sooner', async () => {
    const { clock, peer, relay } = await connected()
    const stopping = ['st_1', 'st_2'].map((id) => relay.subscribe(id).cancel())
    const [first, second] = peer.socket.take('cancel')
    peer.socket.say(
      { t: 'err', id: first?.id ?? '', code: 'too_many', msg: 'slowly', retryMs: 1000 },
      { t: 'err', id: second?.id ?? '', code: 'too_many', msg: 'slowly', retryMs: 3000 },
    )
    await clock.pass(2999)
    expect(peer.socket.take('cancel')).toEqual([first])
    await clock.pass(1)
    expect(peer.socket.take('cancel')).toEqual([second])
    for (const frame of [first, second]) peer.socket.say({ t: 'ok', id: frame?.id ?? '', st: 'cancelled' })
    expect(await Promise.all(stopping)).toEqual(['cancelled', 'cancelled'])
  })

  it('takes no answer without a name for that to anything', async () => {
    const { clock, peer } = await following()
    // A server of another make.
    peer.socket.say({ t: 'ok' } as never, { t: 'err', code: 'internal', msg: 'sorry' })
    peer.socket.drop()
    await clock.pass(250)
    peer.socket.welcome()
    expect(peer.socket.take('sub')).toHaveLength(1)
  })

  it('says hello and what it wants at once, without waiting for the welcome', async () => {
    const peer = createScriptedPeer()
    const relay = connectRelay('ws://relay.test', { WebSocket: peer.WebSocket, token: 't', client: 'x/1', flushMs: 5 })
    relay.subscribe('st_1')
    await turn()
    expect(peer.socket).toMatchObject({ url: 'ws://relay.test', protocol: 'deltawire.v1' })
    peer.socket.open()
    expect(peer.socket.sent).toMatchObject([
      { t: 'hello', ack: true, token: 't', client: 'x/1', flushMs: 5 },
      { t: 'sub', s: 'st_1' },
    ])
    relay.close()
  })

  it('asks for its address and its token before each connection', async () => {
    let asked = 0
    const url = async () => `ws://relay.test?ticket=${++asked}`
    const { clock, peer } = await connected({ url, token: () => `token ${asked}` })
    expect(peer.socket.url).toBe('ws://relay.test?ticket=1')
    peer.socket.drop()
    await clock.pass(125)
    expect(peer.socket.url).toBe('ws://relay.test?ticket=2')
    peer.socket.open()
    expect(peer.socket.take('hello')).toMatchObject([{ token: 'token 2' }])
  })

  it('comes back after a random time that doubles, and begins again after ten good seconds', async () => {
    const { clock, peer } = await connected({ random: () => 0.999 })
    const waits: number[] = []
    const wait = async (): Promise<void> => {
      const { length } = peer.sockets
      const since = clock.now()
      while (peer.sockets.length === length) await clock.pass(1)
      waits.push(clock.now() - since)
    }
    for (let n = 0; n < 9; n++) {
      peer.socket.drop()
      await wait()
    }
    expect(waits).toEqual([250, 500, 999, 1998, 3996, 7992, 15984, 19980, 19980])
    peer.socket.welcome()
    await clock.pass(10_000)
    peer.socket.drop()
    await wait()
    expect(waits.at(-1)).toBe(250)
  })

  it('gives up after so many attempts, where it is told to', async () => {
    const { clock, peer, relay } = await connected({ maxAttempts: 2 })
    const stream = relay.subscribe('st_1')
    for (let n = 0; n < 3; n++) {
      peer.socket.drop()
      await clock.pass(1000)
    }
    expect(peer.sockets).toHaveLength(3)
    expect(relay.state).toBe('closed')
    await expect(stream.updates().next()).rejects.toMatchObject({ code: 'closed' })
  })

  it.each([1000, 1002, 4400, 4401, 4403, 4406, 4499])('gives up after close code %i, and says it', async (code) => {
    const { clock, peer, relay } = await connected()
    const stream = relay.subscribe('st_1')
    const starting = relay.start({ model: 'm', messages: [] })
    peer.socket.drop(code, 'because')
    await expect(stream.updates().next()).rejects.toMatchObject({ code: 'closed', details: { closeCode: code } })
    await expect(starting).rejects.toThrow(`the server closed with ${code} because`)
    await clock.pass(60_000)
    expect(peer.sockets).toHaveLength(1)
    expect(clock.timers).toBe(0)
    await expect(relay.start({})).rejects.toMatchObject({ code: 'closed' })
    await expect(relay.subscribe('st_2').updates().next()).rejects.toMatchObject({ code: 'closed' })
  })

  it.each([1001, 1005, 1006, 4500, 4503, 4508, 4510, 4599])('comes back after close code %i', async (code) => {
    const { clock, peer } = await connected()
    peer.socket.drop(code)
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
  })

  it('comes back with a new token where the old one ran out, if it can get one', async () => {
    const renewing = await connected({ token: () => 't' })
    renewing.peer.socket.drop(4410)
    await renewing.clock.pass(250)
    expect(renewing.peer.sockets).toHaveLength(2)
    const { peer, relay } = await connected({ token: 't' })
    peer.socket.drop(4410)
    expect(relay.state).toBe('closed')
  })

  it.each([
    ['a ticket in its address', { url: async () => 'ws://relay.test?ticket=new' }],
    ['a cookie', {}],
  ])('comes back with %s, too, where what was shown before ran out', async (_what, options) => {
    const { clock, peer, relay } = await connected(options)
    const stream = relay.subscribe('st_1')
    peer.socket.drop(4410)
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
    peer.socket.welcome()
    expect(peer.socket.take('sub')).toMatchObject([{ s: 'st_1' }])
    // Not for ever: nobody is known by what has run out.
    peer.socket.drop(4401)
    await expect(stream.updates().next()).rejects.toMatchObject({ code: 'closed', details: { closeCode: 4401 } })
  })

  it.each([
    ['runs out in the past, as a machine thinks whose clock is fast', -3_600_000],
    ['runs out at once', 0],
    ['is good for longer than a timer can wait', 90 * 86_400_000],
  ])('does not ask for one token after the other where each %s', async (_what, lifeMs) => {
    let count = 0
    const { clock, peer } = await connected({ token: () => `token ${++count}` })
    const expiresAt = () => clock.date() + lifeMs
    peer.socket.say({ t: 'ok', id: 'auth', expiresAt: expiresAt() })
    for (let second = 0; second < 60; second++) {
      await clock.pass(1000)
      for (const { id = '' } of peer.socket.take('auth')) peer.socket.say({ t: 'ok', id, expiresAt: expiresAt() })
      peer.socket.say({ t: 'p' })
    }
    expect(count).toBeLessThanOrEqual(7)
  })

  it('tells a new token before the old one runs out', async () => {
    let count = 0
    const { clock, peer } = await connected({ token: () => `token ${++count}` })
    peer.socket.say({ t: 'ok', id: 'auth', expiresAt: clock.date() + 60_000 })
    await clock.pass(30_000)
    peer.socket.say({ t: 'p' })
    await clock.pass(17_000)
    expect(peer.socket.take('auth')).toEqual([])
    await clock.pass(1000)
    expect(peer.socket.take('auth')).toMatchObject([{ token: 'token 2' }])
  })

  it('goes on trying while the address can not be found out', async () => {
    let failures = 3
    const clock = createFakeClock()
    const peer = createScriptedPeer()
    const url = () => (failures-- > 0 ? Promise.reject(new Error('offline')) : 'ws://relay.test')
    const relay = connectRelay(url, { WebSocket: peer.WebSocket, clock })
    await clock.pass(5000)
    expect(peer.sockets).toHaveLength(1)
    relay.close()
  })

  it('gives up at an address that is none', async () => {
    const relay = connectRelay('no address', { WebSocket })
    await expect(relay.subscribe('st_1').updates().next()).rejects.toMatchObject({ code: 'closed' })
  })

  it('acknowledges what it has dealt with, after 8,192 or a quarter of a second', async () => {
    const { clock, peer } = await following()
    await clock.pass(250)
    const [first] = peer.socket.take('ack')
    expect(first?.b).toBeGreaterThan(100)
    await clock.pass(10_000)
    expect(peer.socket.take('ack')).toEqual([])
    const long = createTruth(textChunks('x'.repeat(9000))).data(0, 1)
    peer.socket.say(long)
    expect(peer.socket.take('ack')).toEqual([{ t: 'ack', b: (first?.b ?? 0) + JSON.stringify(long).length }])
  })

  it('takes a server for dead that was silent for its ping and ten seconds', async () => {
    const { clock, peer } = await connected()
    await clock.pass(34_999)
    peer.socket.say({ t: 'p' })
    await clock.pass(34_999)
    expect(peer.socket.closed).toBeUndefined()
    await clock.pass(1)
    expect(peer.sockets[0]?.closed).toBeDefined()
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
  })

  it('takes a server for dead that says nothing to its hello', async () => {
    const clock = createFakeClock()
    const peer = createScriptedPeer()
    const relay = connectRelay('ws://relay.test', { WebSocket: peer.WebSocket, clock, random: () => 0 })
    await turn()
    peer.socket.open()
    await clock.pass(10_001)
    expect(peer.sockets).toHaveLength(2)
    relay.close()
  })

  it.each(['not JSON', '[1', 'null', '7', '{}'])('drops a connection on which the server says %s', async (text) => {
    const { clock, peer } = await connected()
    peer.socket.sayText(text)
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
  })

  it('ignores frames that it does not know', async () => {
    const { peer, relay } = await connected()
    peer.socket.sayText('{"t":"future","s":"st_1"}')
    peer.socket.say({ t: 'pong' }, createTruth(textChunks('a')).data(0, 1))
    expect(relay.state).toBe('open')
  })

  it('closes for good', async () => {
    const { clock, peer, relay, stream } = await following()
    relay.close()
    expect(peer.socket.closed).toBe(1000)
    await expect(stream.updates().next()).rejects.toMatchObject({ code: 'closed' })
    expect(relay.state).toBe('closed')
    expect(clock.timers).toBe(0)
  })

  it('needs a WebSocket', () => {
    const { WebSocket: there } = globalThis as { WebSocket?: unknown }
    try {
      Object.assign(globalThis, { WebSocket: undefined })
      expect(() => connectRelay('ws://relay.test')).toThrow(TypeError)
    } finally {
      Object.assign(globalThis, { WebSocket: there })
    }
  })
})

describe('what the machine says', () => {
  async function watched() {
    let tell: (sign: Sign) => void = () => {}
    const states: RelayState[] = []
    let isWatching = true
    const all = await connected({
      onState: (state) => states.push(state),
      watch(heed) {
        tell = heed
        return () => {
          isWatching = false
        }
      },
    })
    return { ...all, states, tell: (sign: Sign) => tell(sign), isWatching: () => isWatching }
  }

  it.each([
    ['offline', 'online'],
    ['hidden', 'visible'],
  ] as const)('tries nothing while it is %s, and at once when it is %s', async (away, back) => {
    const { clock, peer, states, tell } = await watched()
    tell(away)
    peer.socket.drop()
    await clock.pass(600_000)
    expect(peer.sockets).toHaveLength(1)
    tell(back)
    await clock.pass(0)
    expect(peer.sockets).toHaveLength(2)
    expect(states).toEqual(['open', 'paused', 'connecting'])
  })

  it('does not try while one of two things keeps it away', async () => {
    const { clock, peer, tell } = await watched()
    tell('offline')
    tell('hidden')
    peer.socket.drop()
    tell('visible')
    await clock.pass(60_000)
    expect(peer.sockets).toHaveLength(1)
  })

  it('stops waiting for the next attempt when it goes away', async () => {
    const { clock, peer, tell } = await watched()
    peer.socket.drop()
    tell('offline')
    await clock.pass(60_000)
    expect(peer.sockets).toHaveLength(1)
  })

  it('wants a sign of life within three seconds when it is back', async () => {
    const { clock, peer, tell } = await watched()
    tell('visible')
    expect(peer.socket.take('ping')).toHaveLength(1)
    peer.socket.say({ t: 'pong' })
    await clock.pass(5000)
    expect(peer.sockets).toHaveLength(1)
    tell('online')
    await clock.pass(3000)
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(2)
  })

  it('is not asked any more after the end', async () => {
    const { isWatching, relay } = await watched()
    relay.close()
    expect(isWatching()).toBe(false)
  })
})

describe('a node that drains', () => {
  it('is left when another one has every subscription, without a pause', async () => {
    const { clock, peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b', 'c'))
    peer.socket.say(truth.data(0, 1), { t: 'drain', minMs: 1000, maxMs: 3000 })
    const [old] = peer.sockets
    await clock.pass(1999)
    expect(peer.sockets).toHaveLength(1)
    await clock.pass(1)
    peer.socket.welcome()
    const [sub] = peer.socket.take('sub')
    expect(sub).toMatchObject({ from: { e: 'e1', o: 1 } })
    old?.say(truth.data(1, 2))
    expect(old?.closed).toBeUndefined()
    expect(stream.position?.o).toBe(2)
    peer.socket.say({ t: 'ok', id: sub?.id ?? '' })
    expect(old?.closed).toBe(1000)
    peer.socket.say(truth.data(1, 2), truth.data(2, 3), truth.end())
    const updates = []
    for await (const { chunk } of stream.updates()) updates.push(chunk)
    expect(updates).toHaveLength(1)
  })

  it('is kept while the other one can not be reached', async () => {
    const { clock, peer, relay, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    peer.socket.say({ t: 'drain', minMs: 0, maxMs: 0 })
    const [old] = peer.sockets
    await clock.pass(0)
    peer.socket.drop()
    old?.say(truth.data(0, 1))
    expect(stream.position?.o).toBe(1)
    expect(relay.state).not.toBe('closed')
    await clock.pass(250)
    expect(peer.sockets).toHaveLength(3)
  })

  it('is kept while the other one can not give a stream', async () => {
    const { clock, peer, stream } = await following()
    const truth = createTruth(textChunks('a', 'b'))
    peer.socket.say({ t: 'drain', minMs: 0, maxMs: 0 })
    const [old] = peer.sockets
    await clock.pass(0)
    peer.socket.welcome()
    const [refused] = peer.socket.take('sub')
    peer.socket.say({ t: 'err', id: refused?.id ?? '', s: 'st_1', code: 'unavailable', msg: 'no store', retryMs: 300 })
    expect(old?.closed).toBeUndefined()
    old?.say(truth.data(0, 1))
    expect(stream.position?.o).toBe(1)
    await clock.pass(300)
    const [granted] = peer.socket.take('sub')
    expect(granted).toMatchObject({ from: { e: 'e1', o: 1 } })
    peer.socket.say({ t: 'ok', id: granted?.id ?? '', s: 'st_1', st: 'live' })
    expect(old?.closed).toBe(1000)
  })

  it('does not get what it refused: another one is asked', async () => {
    const { clock, peer, relay } = await connected()
    const starting = relay.start({ model: 'm' }, { key: 'k' })
    peer.socket.say({ t: 'err', id: peer.socket.take('start')[0]?.id ?? '', code: 'draining', msg: 'not here' })
    peer.socket.say({ t: 'drain', minMs: 0, maxMs: 0 })
    await clock.pass(0)
    peer.socket.welcome()
    const [start] = peer.socket.take('start')
    expect(start).toMatchObject({ key: 'k' })
    peer.socket.say({ t: 'ok', id: start?.id ?? '', s: 'st_9', st: 'live', fresh: true })
    expect((await starting).id).toBe('st_9')
  })
})

describe('a request', () => {
  it('starts a stream, and follows it from its first chunk', async () => {
    const { peer, relay } = await connected()
    const starting = relay.start({ model: 'm' }, { key: 'k', topic: 'room', orphan: { cancelAfterMs: 5 } })
    const [start] = peer.socket.take('start')
    expect(start).toMatchObject({ key: 'k', topic: 'room', orphan: { cancelAfterMs: 5 }, body: { model: 'm' } })
    const truth = createTruth(textChunks('a', 'b'), { s: 'st_9' })
    peer.socket.say({ t: 'ok', id: start?.id ?? '', s: 'st_9' }, truth.data(0, 1), truth.data(1, 2), truth.end())
    const stream = await starting
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks).toHaveLength(1)
    expect(peer.socket.take('sub')).toEqual([])
  })

  it('is asked again with the same key when the answer was lost', async () => {
    const { clock, peer, relay } = await connected()
    const starting = relay.start({ model: 'm' })
    const [first] = peer.socket.take('start')
    peer.socket.drop()
    await clock.pass(250)
    peer.socket.welcome()
    const [second] = peer.socket.take('start')
    expect(second).toEqual(first)
    expect(first?.key).toMatch(/^\w{16,}$/)
    peer.socket.say({ t: 'ok', id: second?.id ?? '', s: 'st_9', fresh: false })
    expect((await starting).id).toBe('st_9')
  })

  it('rejects with why it was refused', async () => {
    const { peer, relay } = await connected()
    const starting = relay.start({ model: 'm' })
    peer.socket.say({
      t: 'err',
      id: peer.socket.take('start')[0]?.id ?? '',
      code: 'too_many',
      msg: 'slowly',
      retryMs: 9,
    })
    await expect(starting).rejects.toMatchObject({ code: 'too_many', details: { retryMs: 9 } })
  })

  it('that is larger than the server takes is not sent: that would close the connection of all others', async () => {
    const { peer, relay } = await connected()
    const content = 'ü'.repeat(131_072)
    await expect(relay.start({ model: 'm', messages: [{ role: 'user', content }] })).rejects.toMatchObject({
      code: 'too_large',
    })
    expect(peer.socket.take('start')).toEqual([])
    void relay.start({ model: 'm', messages: [{ role: 'user', content: content.slice(0, -100) }] }).catch(() => {})
    expect(peer.socket.take('start')).toHaveLength(1)
  })

  it('that is given up before the answer cancels the stream: nobody would have it', async () => {
    const { peer, relay } = await connected()
    const controller = new AbortController()
    const starting = relay.start({ model: 'm' }, { signal: controller.signal })
    const reason = new Error('the user pressed stop')
    controller.abort(reason)
    await expect(starting).rejects.toBe(reason)
    peer.socket.say({ t: 'ok', id: peer.socket.take('start')[0]?.id ?? '', s: 'st_9' })
    expect(peer.socket.take('cancel')).toMatchObject([{ s: 'st_9' }])
    expect(peer.socket.take('unsub')).toMatchObject([{ s: 'st_9' }])
  })

  it('that is given up before it was sent is never sent', async () => {
    const peer = createScriptedPeer()
    const relay = connectRelay('ws://relay.test', { WebSocket: peer.WebSocket })
    const controller = new AbortController()
    const starting = relay.start({ model: 'm' }, { signal: controller.signal })
    controller.abort()
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' })
    await turn()
    peer.socket.welcome()
    expect(peer.socket.take('start')).toEqual([])
    await expect(relay.start({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    relay.close()
  })

  it('gives the result of a tool call, and hears whether it was the first', async () => {
    const { peer, stream } = await following()
    const giving = stream.sendToolResult('call_1', { ok: true })
    const [tool] = peer.socket.take('tool')
    expect(tool).toMatchObject({ s: 'st_1', call: 'call_1', output: { ok: true } })
    peer.socket.say({ t: 'ok', id: tool?.id ?? '', won: false })
    expect(await giving).toBe(false)
  })
})

describe('a topic', () => {
  it('tells of streams that live, begin and end, once each, over connections', async () => {
    const { clock, peer, relay } = await connected()
    const streams = relay.topic('room')[Symbol.asyncIterator]()
    expect(peer.socket.take('topic')).toMatchObject([{ topic: 'room' }])
    peer.socket.say({ t: 'stream', topic: 'room', s: 'st_1', st: 'live' })
    expect((await streams.next()).value).toEqual({ id: 'st_1', status: 'live' })
    peer.socket.drop()
    await clock.pass(250)
    peer.socket.welcome()
    expect(peer.socket.take('topic')).toHaveLength(1)
    peer.socket.say(
      { t: 'stream', topic: 'room', s: 'st_1', st: 'live' },
      { t: 'stream', topic: 'room', s: 'st_1', st: 'done' },
    )
    expect((await streams.next()).value).toEqual({ id: 'st_1', status: 'done' })
    await streams.return?.()
    expect(peer.socket.take('untopic')).toEqual([{ t: 'untopic', topic: 'room' }])
  })

  it('is asked for again where it could not be told of now', async () => {
    const { clock, peer, relay } = await connected()
    const streams = relay.topic('room')[Symbol.asyncIterator]()
    const id = peer.socket.take('topic')[0]?.id ?? ''
    peer.socket.say({ t: 'err', id, code: 'unavailable', msg: 'no store' })
    await clock.pass(1000)
    expect(peer.socket.take('topic')).toMatchObject([{ topic: 'room' }])
    peer.socket.say({ t: 'stream', topic: 'room', s: 'st_1', st: 'live' })
    expect((await streams.next()).value).toEqual({ id: 'st_1', status: 'live' })
  })

  it('says of streams that ended while there was no connection that they have', async () => {
    const { clock, peer, relay } = await connected()
    const live = (...ids: string[]) => {
      for (const s of ids) peer.socket.say({ t: 'stream', topic: 'room', s, st: 'live' })
    }
    const answer = () => peer.socket.say({ t: 'ok', id: peer.socket.take('topic')[0]?.id ?? '' })
    const streams = relay.topic('room')[Symbol.asyncIterator]()
    live('st_1', 'st_2')
    answer()
    for (let count = 0; count < 2; count++) await streams.next()
    peer.socket.drop()
    await clock.pass(250)
    peer.socket.welcome()
    live('st_2', 'st_3')
    // Until all that live were told nobody knows who does not.
    expect((await streams.next()).value).toEqual({ id: 'st_3', status: 'live' })
    answer()
    expect((await streams.next()).value).toEqual({ id: 'st_1', status: 'ended' })
    // Who comes later hears of those that live.
    const late = relay.topic('room')[Symbol.asyncIterator]()
    expect([(await late.next()).value?.id, (await late.next()).value?.id]).toEqual(['st_2', 'st_3'])
  })

  it('that was refused before anybody looked is asked for again', async () => {
    const { peer, relay } = await connected()
    relay.topic('room')
    peer.socket.say({ t: 'err', id: peer.socket.take('topic')[0]?.id ?? '', code: 'forbidden', msg: 'not yours' })
    const streams = relay.topic('room')[Symbol.asyncIterator]()
    expect(peer.socket.take('topic')).toMatchObject([{ topic: 'room' }])
    peer.socket.say({ t: 'stream', topic: 'room', s: 'st_1', st: 'live' })
    expect((await streams.next()).value).toEqual({ id: 'st_1', status: 'live' })
  })

  it('throws why it was refused', async () => {
    const { peer, relay } = await connected()
    const streams = relay.topic('room')[Symbol.asyncIterator]()
    const id = peer.socket.take('topic')[0]?.id ?? ''
    peer.socket.say({ t: 'err', id, code: 'forbidden', msg: 'not yours' })
    await expect(streams.next()).rejects.toMatchObject({ code: 'forbidden' })
  })
})

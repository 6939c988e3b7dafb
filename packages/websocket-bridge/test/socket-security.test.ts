import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createRelay, type Principal, type RelayOptions } from '../src/index.ts'
import { randomOf } from './model/random.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { handClock } from './support/hand-clock.ts'
import { createStage } from './support/listen.ts'
import { isA } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, clear } = createStage()
afterEach(clear)

const people: { readonly [token: string]: Principal } = { 'token-ann': { id: 'ann' }, 'token-bob': { id: 'bob' } }
const guarded: RelayOptions = {
  open: () => handSource(),
  authenticate: ({ token, cookie }) => people[token ?? /session=([\w-]+)/.exec(cookie ?? '')?.[1] ?? ''],
}

describe('a handshake', () => {
  test('from a page of another origin is refused before it is one', async () => {
    const { socketUrl, port } = await serve({ ...guarded, cookies: true })
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:${port + 1}`,
      `http://127.0.0.1.evil:${port}`,
    ])
      await expect(connect(socketUrl, { headers: { origin, cookie: 'session=token-ann' } })).rejects.toThrow('403')
  })

  test('from a page of our own host comes with its cookies; without an origin they count for nothing', async () => {
    const { socketUrl, port } = await serve({ ...guarded, cookies: true })
    const cookie = 'session=token-ann'
    const ours = await connect(socketUrl, { headers: { origin: `http://127.0.0.1:${port}`, cookie } })
    ours.say({ t: 'hello' })
    await ours.until(isA('welcome'))
    const none = await connect(socketUrl, { headers: { cookie } })
    none.say({ t: 'hello' })
    expect((await none.closed).code).toBe(4401)
  })

  test('does not show cookies to those who did not ask for them', async () => {
    const { socketUrl, port } = await serve(guarded)
    const peer = await connect(socketUrl, {
      headers: { origin: `http://127.0.0.1:${port}`, cookie: 'session=token-ann' },
    })
    peer.say({ t: 'hello' })
    expect((await peer.closed).code).toBe(4401)
  })

  test('by another name than allowed is refused: a page can give its own name our address', async () => {
    const { socketUrl } = await serve({ ...guarded, hosts: ['relay.example'] })
    await expect(
      connect(socketUrl, { headers: { origin: 'http://evil.example', host: 'evil.example' } }),
    ).rejects.toThrow('403')
    await expect(connect(socketUrl, { headers: { host: 'evil.example' } })).rejects.toThrow('403')
    await connect(socketUrl, { headers: { host: 'relay.example' } })
  })

  test('for another subprotocol, another place or a full or draining node is refused', async () => {
    const { socketUrl, url, relay } = await serve({ ...guarded, limits: { maxSockets: 1 } })
    await expect(connect(socketUrl, { protocol: 'graphql-ws' })).rejects.toThrow('400')
    await expect(connect(`${url.replace('http', 'ws')}/elsewhere`)).rejects.toThrow('404')
    await connect(socketUrl)
    await expect(connect(socketUrl)).rejects.toThrow('503')
    relay.hub.drain()
    await expect(connect(socketUrl)).rejects.toThrow('503')
  })

  test('with every cookie of every page is not to be had', () => {
    expect(() => createRelay({ ...guarded, cookies: true, origins: '*' })).toThrow(TypeError)
    expect(() => createRelay({ ...guarded, origins: ['app.example.com:no'] })).toThrow(TypeError)
  })
})

describe('who is there', () => {
  test('is told by hello, or by a header', async () => {
    const { socketUrl } = await serve(guarded)
    const one = await connect(socketUrl)
    one.say({ t: 'hello', token: 'token-ann' })
    await one.until(isA('welcome'))
    const two = await connect(socketUrl, { headers: { authorization: 'Bearer token-ann' } })
    two.say({ t: 'hello' })
    await two.until(isA('welcome'))
    const nobody = await connect(socketUrl)
    nobody.say({ t: 'hello', token: 'wrong' }, { t: 'start', id: '1', key: 'k', body })
    expect((await nobody.closed).code).toBe(4401)
    expect(nobody.heard).toEqual([])
  })

  test('is told by a ticket, once, by those of this relay, within a minute', async () => {
    const clock = handClock()
    const { socketUrl, relay } = await serve({ ...guarded, clock })
    const { ticket } = relay.issueTicket({ id: 'ann' })
    const entry = async (word: string): Promise<string> => {
      const peer = await connect(`${socketUrl}?ticket=${word}`)
      peer.say({ t: 'hello' })
      return Promise.race([
        peer.until(isA('welcome')).then(
          () => 'welcome',
          () => 'refused',
        ),
        peer.closed.then(({ code }) => String(code)),
      ])
    }
    const forged = `${Buffer.from(JSON.stringify({ principal: { id: 'ann' }, expiresAt: 9e15, nonce: 'x' })).toString('base64url')}.${ticket.split('.')[1] ?? ''}`
    for (const word of [forged, `${ticket}x`, ticket.slice(2), '.', 'x'])
      expect(await entry(word)).toMatch(/refused|4401/)
    expect(await entry(ticket)).toBe('welcome')
    expect(await entry(ticket)).toMatch(/refused|4401/)
    const late = relay.issueTicket({ id: 'ann' })
    clock.advance(61_000)
    expect(await entry(late.ticket)).toMatch(/refused|4401/)
  })

  test('is forgotten when the token runs out, unless there is another', async () => {
    const clock = handClock()
    const { socketUrl } = await serve({
      ...guarded,
      clock,
      authenticate: ({ token }) =>
        token === undefined ? undefined : { id: token.split('/')[0] ?? '', expiresAt: clock.now() + 6_000 },
    })
    const lapsed = await connect(socketUrl)
    const renewed = await connect(socketUrl)
    const swapped = await connect(socketUrl)
    for (const peer of [lapsed, renewed, swapped]) {
      peer.say({ t: 'hello', token: 'ann/1' })
      expect((await peer.until(isA('welcome'))).expiresAt).toBe(clock.now() + 6_000)
    }
    clock.advance(4_000)
    renewed.say({ t: 'auth', id: '1', token: 'ann/2' })
    expect((await renewed.until(isA('ok'))).expiresAt).toBe(clock.now() + 6_000)
    swapped.say({ t: 'auth', token: 'bob/1' })
    expect((await swapped.closed).code).toBe(4401)
    clock.advance(3_000)
    expect((await lapsed.closed).code).toBe(4410)
    renewed.say({ t: 'ping', x: 'still here' })
    await renewed.until(isA('pong'))
  })

  test('must be said within three seconds', async () => {
    const clock = handClock()
    const { socketUrl } = await serve({ ...guarded, clock })
    const peer = await connect(socketUrl)
    clock.advance(4_000)
    expect((await peer.closed).code).toBe(4408)
  })

  test('need not be known yet when the node itself stood still', async () => {
    const clock = handClock()
    const { socketUrl, relay } = await serve({ ...guarded, clock })
    const peer = await connect(socketUrl)
    await expect.poll(() => relay.stats.sockets).toBe(1)
    for (const ms of [60_000, 3_600_000]) clock.stall(ms)
    peer.say({ t: 'hello', token: 'token-ann' })
    await peer.until(isA('welcome'))
  })

  test('decides what may be followed and cancelled, and others are told nothing', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ ...guarded, open: () => source })
    const ann = await connect(socketUrl)
    ann.say({ t: 'hello', token: 'token-ann' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await ann.until(isA('ok'))
    const bob = await connect(socketUrl)
    bob.say(
      { t: 'hello', token: 'token-bob' },
      { t: 'sub', id: 'a', s },
      { t: 'cancel', id: 'b', s },
      { t: 'tool', id: 'c', s, call: 'c', output: 1 },
    )
    for (const id of ['a', 'b', 'c'])
      expect(await bob.until((frame) => frame.t === 'err' && frame.id === id)).toMatchObject({ code: 'not_found' })
    source.give(...answerOf('secret'))
    source.end()
    await ann.until(isA('end'))
    bob.say({ t: 'ping' })
    await bob.until(isA('pong'))
    expect(JSON.stringify(bob.heard)).not.toContain('secret')
  })
})

describe('a client that does not behave', () => {
  test.each<[string, (string | Buffer)[], number]>([
    ['speaks first and says hello later', ['{"t":"sub","s":"x"}'], 4400],
    ['sends what is no JSON', ['{"t":"hello"}', '{'], 4400],
    ['sends frames that are none', ['{"t":"hello"}', '{"t":"sub","s":1}'], 4400],
    ['sends bytes', ['{"t":"hello"}', Buffer.from('{"t":"ping"}')], 4400],
    ['acknowledges what was never sent', ['{"t":"hello","ack":true}', '{"t":"ack","b":9007199254740991}'], 4400],
    ['sends too much at once', ['{"t":"hello"}', `{"t":"ping","x":"${'x'.repeat(300_000)}"}`], 1009],
    ['sends too much for too long', ['{"t":"hello"}', ...Array.from({ length: 210 }, () => '{"t":"ping"}')], 4429],
    ['sends too many unknown frames', ['{"t":"hello"}', ...Array.from({ length: 210 }, () => '{"t":"?"}')], 4429],
  ])('and %s is closed', async (_name, messages, code) => {
    const { socketUrl, relay } = await serve({ open: () => handSource() })
    const bystander = await connect(socketUrl)
    bystander.say({ t: 'hello' })
    const { ws, closed } = await connect(socketUrl)
    for (const message of messages) ws.send(message)
    expect((await closed).code).toBe(code)
    bystander.say({ t: 'ping' })
    await bystander.until(isA('pong'))
    await expect.poll(() => relay.stats.sockets).toBe(1)
  })

  test('is forgiven when it has been quiet: a long life holds more than three hasty moments', async () => {
    const clock = handClock()
    const limits = { maxFramesPerSecond: 10, maxFrameBurst: 10 }
    const { socketUrl } = await serve({ open: () => handSource(), clock, limits })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' })
    await peer.until(isA('welcome'))
    for (let moment = 1; moment <= 5; moment++) {
      clock.advance(1000)
      peer.say(...Array.from({ length: 12 }, (_, at) => ({ t: 'ping', x: at }) as const))
      await expect.poll(() => peer.heard.filter(isA('err')).length).toBe(2 * moment)
    }
    expect(peer.ws.readyState).toBe(peer.ws.OPEN)
  })

  test('says in one breath all that it may follow, and is heard: so it is after a lost connection', async () => {
    const { socketUrl, relay } = await serve({ open: () => handSource() })
    const { maxSubscriptions, maxTopics } = relay.hub.limits
    const peer = await connect(socketUrl)
    peer.say(
      { t: 'hello' },
      ...Array.from({ length: maxTopics }, (_, at) => ({ t: 'topic', id: `t${at}`, topic: `t${at}` }) as const),
      ...Array.from({ length: maxSubscriptions }, (_, at) => ({ t: 'sub', id: `s${at}`, s: `st_${at}` }) as const),
    )
    await expect.poll(() => peer.heard.filter(isA('err')).length, { timeout: 5_000 }).toBe(maxSubscriptions)
    expect(new Set(peer.heard.filter(isA('err')).map(({ code }) => code))).toEqual(new Set(['not_found']))
    expect(peer.heard.filter(isA('ok'))).toHaveLength(maxTopics)
    expect(peer.ws.readyState).toBe(peer.ws.OPEN)
  })

  test('asks for two long things while it is not known who it is, and gets both', async () => {
    const { socketUrl } = await serve({
      open: () => handSource(),
      authenticate: async () => {
        // Meanwhile everything arrives that is read at all.
        for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
        return { id: 'ann' }
      },
    })
    const peer = await connect(socketUrl)
    const long = { model: 'm', messages: [{ role: 'user', content: 'long '.repeat(40_000) }] }
    peer.say({ t: 'hello' })
    for (const id of ['1', '2', '3']) peer.say({ t: 'start', id, key: id, body: long })
    await expect.poll(() => peer.heard.filter(isA('ok')).map(({ id }) => id)).toEqual(['1', '2', '3'])
  })

  test('gets an answer to requests that make no sense, and stays', async () => {
    const { socketUrl } = await serve({ open: () => handSource(), limits: { maxSubscriptions: 1, maxTopics: 1 } })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'hello' }, { t: 'start', id: '1', key: 'k', body: { messages: [] } })
    await peer.until((frame) => frame.t === 'err' && frame.code === 'bad_request' && frame.id === undefined)
    await peer.until((frame) => frame.t === 'err' && frame.code === 'bad_request' && frame.id === '1')
    peer.say(
      { t: 'sub', id: '2', s: 'st_none' },
      { t: 'start', id: '3', key: 'k', body },
      { t: 'start', id: '4', key: 'l', body },
    )
    await peer.until((frame) => frame.t === 'err' && frame.code === 'not_found' && frame.id === '2')
    await peer.until((frame) => frame.t === 'err' && frame.code === 'too_many' && frame.id === '4')
    peer.say({ t: 'topic', id: '5', topic: 'a' }, { t: 'topic', id: '6', topic: 'b' })
    await peer.until((frame) => frame.t === 'err' && frame.code === 'too_many' && frame.id === '6')
    expect(peer.ws.readyState).toBe(peer.ws.OPEN)
  })

  test('and comes with any position gets the sum, or is closed, and never data of another stream', async () => {
    const sources = [handSource(), handSource()]
    let opened = 0
    const { socketUrl } = await serve({ open: () => sources[opened++] ?? handSource() })
    const owner = await connect(socketUrl)
    owner.say({ t: 'hello' }, { t: 'start', id: '1', key: '1', body }, { t: 'start', id: '2', key: '2', body })
    await owner.until((frame) => frame.t === 'ok' && frame.id === '2')
    const ids = owner.heard.filter(isA('ok')).map(({ s = '' }) => s)
    sources[0]?.give(chunkOf({ content: 'mine' }), chunkOf({ content: ' too' }))
    sources[1]?.give(chunkOf({ content: 'other' }))
    await owner.until((frame) => frame.t === 'd' && frame.s === ids[1])
    await owner.until((frame) => frame.t === 'd' && frame.s === ids[0] && frame.o === 2)
    const epochs = owner.heard.filter(isA('d')).map(({ e }) => e)
    const random = randomOf(1)
    for (let n = 0; n < 20; n++) {
      const peer = await connect(socketUrl)
      const from = { e: random.pick(['x', ...epochs]), o: random.pick([0, 1, 2, 3, 2 ** 53 - 1]) }
      peer.say({ t: 'hello' }, { t: 'sub', id: '1', s: ids[0] ?? '', from }, { t: 'ping', x: n })
      await peer.until(isA('pong'))
      await peer.until(isA('ok'))
      const frames = peer.heard.filter(isA('d'))
      expect(JSON.stringify(frames)).not.toContain('other')
      for (const { o, n: count } of frames)
        expect(count === o || (from.e === epochs[0] && o - count === from.o)).toBe(true)
      peer.ws.terminate()
    }
  })

  test('sends anything at all, and nothing falls over', async () => {
    const errors: unknown[] = []
    const { port, socketUrl, relay } = await serve({
      open: () => handSource(),
      onError: (reason) => void errors.push(reason),
    })
    const random = randomOf(7)
    const handshake = [
      'GET /v1/socket HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: deltawire.v1',
      '',
      '',
    ].join('\r\n')
    for (let n = 0; n < 60; n++) {
      const start = random.chance(0.7) ? handshake : spoiled(handshake)
      const bytes = Buffer.from(Array.from({ length: random.below(400) }, () => random.below(256)))
      await new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => {
          socket.write(start)
          socket.write(bytes)
          socket.end()
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve())
        socket.resume()
      })
    }
    function spoiled(text: string): string {
      const at = random.below(text.length)
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + random.below(5))
    }
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' })
    await peer.until(isA('welcome'))
    await expect.poll(() => relay.stats.sockets).toBe(1)
    expect(errors).toEqual([])
  })
})

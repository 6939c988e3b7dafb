import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { connectRelay } from '../src/client/index.ts'
import {
  createMemoryEngine,
  createReceiver,
  type DataFrame,
  type EndFrame,
  type Receiver,
  type RelayOptions,
} from '../src/index.ts'
import { canonicalOf } from './redis/witness.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { type ChaosProxy, startChaosProxy } from './support/chaos-proxy.ts'
import { handClock } from './support/hand-clock.ts'
import { createStage } from './support/listen.ts'
import { isA, type Peer } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, keep, clear } = createStage()
afterEach(clear)

async function proxyTo(port: number): Promise<ChaosProxy & { socketUrl: string }> {
  const proxy = await startChaosProxy(port)
  keep(proxy)
  return { ...proxy, socketUrl: `ws://127.0.0.1:${proxy.port}/v1/socket` }
}

/** A relay with one stream, whose source the test feeds. */
async function streaming(options: Partial<RelayOptions> = {}) {
  const source = handSource()
  const relay = await serve({ ...options, open: () => source })
  const owner = await connect(relay.socketUrl)
  owner.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body, sub: false })
  const { s = '' } = await owner.until(isA('ok'))
  return { ...relay, source, s }
}

const sumOf = (chunks: readonly ChatCompletionChunk[]): ChatCompletionChunk | undefined =>
  chunks.reduce<ChatCompletionChunk | undefined>((sum, chunk) => mergeChunk(sum, structuredClone(chunk)), undefined)

/** What a receiver has, and what is to be had of the source. */
const contentOf = ({ sum }: Receiver): string => JSON.stringify(sum?.choices?.map(({ delta }) => delta))
const truthOf = (chunks: readonly ChatCompletionChunk[]): string =>
  JSON.stringify(sumOf(chunks)?.choices.map(({ delta }) => delta))

/** Takes in what a peer has heard, from `taken` on. No frame may be a gap or damaged. */
function takeAll(peer: Peer, receiver: Receiver, s: string): void {
  for (const frame of peer.heard) {
    if ((frame.t !== 'd' && frame.t !== 'end') || frame.s !== s) continue
    expect(['gap', 'corrupt']).not.toContain(receiver.receive(frame))
  }
}

const words = (count: number): ChatCompletionChunk[] =>
  answerOf(...Array.from({ length: count - 2 }, (_, n) => ` ${n} \u{1F30A} "w`))

describe('a connection that breaks', () => {
  test('after each frame of two hundred costs nothing, and brings nothing twice', async () => {
    const { socketUrl, source, s } = await streaming()
    const chunks = words(200)
    const receiver = createReceiver()
    for (const [at, chunk] of chunks.entries()) {
      const peer = await connect(socketUrl)
      const { position } = receiver
      peer.say({ t: 'hello' }, { t: 'sub', s, ...(position && { from: position }) })
      await peer.until(isA('welcome'))
      source.give(chunk)
      const frame = await peer.until(isA('d'))
      peer.ws.terminate()
      expect([frame.o, frame.n]).toEqual([at + 1, 1])
      expect(receiver.receive(frame)).toBe('added')
    }
    source.end()
    const last = await connect(socketUrl)
    last.say({ t: 'hello' }, { t: 'sub', s, from: receiver.position ?? { e: '', o: 0 } })
    expect(receiver.receive(await last.until(isA('end')))).toBe('ended')
    expect(last.heard.some(isA('d'))).toBe(false)
    expect(contentOf(receiver)).toBe(truthOf(chunks))
  })

  test('at any byte of what comes back, handshake included, costs nothing', async () => {
    const { port, source, s } = await streaming()
    const proxy = await proxyTo(port)
    const chunks = words(60)
    const receiver = createReceiver()
    let given = 0
    for (let bytes = 1; bytes < 1500; bytes += 29) {
      proxy.cutAfter(bytes)
      if (given < chunks.length) source.give(...chunks.slice(given, ++given))
      const peer = await connect(proxy.socketUrl).catch(() => undefined)
      if (peer === undefined) continue
      const { position } = receiver
      peer.say({ t: 'hello' }, { t: 'sub', s, ...(position && { from: position }) })
      // Not every cut comes: what there is may be shorter.
      await Promise.race([peer.closed, peer.until((frame) => frame.t === 'd' && frame.o === given)]).catch(() => {})
      takeAll(peer, receiver, s)
      peer.ws.terminate()
    }
    source.give(...chunks.slice(given))
    source.end()
    proxy.cutAfter(Infinity)
    const last = await connect(proxy.socketUrl)
    last.say({ t: 'hello' }, { t: 'sub', s, ...(receiver.position && { from: receiver.position }) })
    await last.until(isA('end'))
    takeAll(last, receiver, s)
    expect([receiver.end?.st, contentOf(receiver)]).toEqual(['done', truthOf(chunks)])
  })

  test('into pieces of any size carries the same', async () => {
    for (const bytes of [1, 2, 7, 100]) {
      const { port, source, s } = await streaming()
      const proxy = await proxyTo(port)
      proxy.split(bytes)
      const peer = await connect(proxy.socketUrl)
      peer.say({ t: 'hello' }, { t: 'sub', s })
      const chunks = words(20)
      source.give(...chunks)
      source.end()
      await peer.until(isA('end'))
      const receiver = createReceiver()
      takeAll(peer, receiver, s)
      expect([bytes, contentOf(receiver)]).toEqual([bytes, truthOf(chunks)])
    }
  })

  test('and is resumed twice at once: what both bring is taken once', async () => {
    const { socketUrl, source, s } = await streaming()
    const chunks = words(40)
    const receiver = createReceiver()
    const frames: (DataFrame | EndFrame)[] = []
    source.give(...chunks.slice(0, 10))
    const peers: Peer[] = []
    for (const at of [10, 20, 30]) {
      const peer = await connect(socketUrl)
      peers.push(peer)
      const { position } = receiver
      peer.say({ t: 'hello' }, { t: 'sub', s, ...(position && { from: position }) })
      await peer.until((frame) => frame.t === 'd' && frame.o === at)
      peer.ws.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as DataFrame | EndFrame
        if (frame.t === 'd' || frame.t === 'end') frames.push(frame)
      })
      takeAll(peer, receiver, s)
      source.give(...chunks.slice(at, at + 10))
      for (const one of peers) await one.until((frame) => frame.t === 'd' && frame.o === at + 10)
    }
    source.end()
    for (const one of peers) await one.until(isA('end'))
    const verdicts = frames.map((frame) => receiver.receive(frame))
    expect(verdicts).not.toContain('gap')
    expect(verdicts).toContain('known')
    expect([receiver.end?.st, contentOf(receiver)]).toEqual(['done', truthOf(chunks)])
  })

  test('while nothing new comes brings nothing, however often', async () => {
    const { socketUrl, source, s } = await streaming()
    source.give(...words(5))
    const first = await connect(socketUrl)
    first.say({ t: 'hello' }, { t: 'sub', s })
    const { e, o } = await first.until((frame): frame is DataFrame => frame.t === 'd' && frame.o === 5)
    for (let times = 0; times < 3; times++) {
      const again = await connect(socketUrl)
      again.say({ t: 'hello' }, { t: 'sub', id: 'a', s, from: { e, o } }, { t: 'ping' })
      await again.until(isA('pong'))
      await again.until(isA('ok'))
      // One more round trip: what was on its way would have come.
      again.say({ t: 'ping', x: 2 })
      await again.until((frame) => frame.t === 'pong' && frame.x === 2)
      expect(again.heard.filter(isA('d'))).toEqual([])
      again.ws.terminate()
    }
  })

  test('without a word is given up on both sides of it', async () => {
    const clock = handClock()
    const relay = await serve({ open: () => handSource(), clock })
    const proxy = await proxyTo(relay.port)
    const peer = await connect(proxy.socketUrl)
    peer.say({ t: 'hello' })
    await peer.until(isA('welcome'))
    expect(relay.relay.stats.sockets).toBe(1)
    proxy.swallow()
    for (let second = 0; second < 36; second++) clock.advance(1000)
    await expect.poll(() => relay.relay.stats.sockets).toBe(0)
    expect(relay.relay.stats.socketsClosed).toEqual({ 4504: 1 })
  })
})

describe('a reader', () => {
  test('may come at any offset, and after the end: everything is there in one frame', async () => {
    const { socketUrl, source, s } = await streaming()
    const chunks = words(30)
    const join = async (at: number): Promise<void> => {
      const peer = await connect(socketUrl)
      peer.say({ t: 'hello' }, { t: 'sub', s }, { t: 'ping' })
      await peer.until((frame) => frame.t === 'd' && frame.o === at)
      const receiver = createReceiver()
      takeAll(peer, receiver, s)
      expect([at, peer.heard.filter(isA('d')).length, contentOf(receiver)]).toEqual([
        at,
        1,
        truthOf(chunks.slice(0, at)),
      ])
      peer.ws.terminate()
    }
    for (const [at, chunk] of chunks.entries()) {
      source.give(chunk)
      await join(at + 1)
    }
    source.end()
    await join(chunks.length)
  })

  test('may have any position of a log that was cut: it gets the rest, or the sum', async () => {
    const { socketUrl, source, s } = await streaming()
    // Longer than what is kept chunk by chunk.
    const chunks = answerOf(...Array.from({ length: 60 }, (_, n) => `${n}${'x'.repeat(5_000)}`))
    source.give(...chunks)
    source.end()
    const whole = await connect(socketUrl)
    whole.say({ t: 'hello' }, { t: 'sub', s })
    const { e, h } = await whole.until(isA('end'))
    for (let o = 0; o <= chunks.length; o += 7) {
      const receiver = createReceiver({ position: { e, o }, sum: sumOf(chunks.slice(0, o)) })
      const peer = await connect(socketUrl)
      peer.say({ t: 'hello' }, { t: 'sub', s, from: { e, o } })
      await peer.until(isA('end'))
      takeAll(peer, receiver, s)
      expect([o, receiver.end?.h]).toEqual([o, h])
      peer.ws.terminate()
    }
  })

  test('that comes when the stream has expired is told so, and one that follows it too', async () => {
    const clock = handClock()
    const engine = createMemoryEngine({ clock, endedTtlMs: 60_000 })
    const { socketUrl, source, s } = await streaming({ clock, engine })
    source.give(...words(3))
    source.end()
    const early = await connect(socketUrl)
    early.say({ t: 'hello' }, { t: 'sub', s })
    await early.until(isA('end'))
    for (let minute = 0; minute < 3; minute++) {
      clock.advance(31_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const late = await connect(socketUrl)
    late.say({ t: 'hello' }, { t: 'sub', id: 'a', s })
    expect(await late.until(isA('err'))).toMatchObject({ id: 'a', code: 'not_found' })
  })

  test('that stands still is owed one sum, and others do not wait for it', async () => {
    const { port, socketUrl, source, s } = await streaming()
    const proxy = await proxyTo(port)
    const slow = await connect(proxy.socketUrl)
    const quick = await connect(socketUrl)
    for (const peer of [slow, quick]) {
      peer.say({ t: 'hello', ack: true }, { t: 'sub', s })
      await peer.until(isA('welcome'))
    }
    proxy.hold()
    const chunks = answerOf(...Array.from({ length: 300 }, (_, n) => `${n} ${'y'.repeat(200)}`))
    quick.ws.on('message', () => quick.say({ t: 'ack', b: quick.heardLength }))
    for (const [at, chunk] of chunks.entries()) {
      source.give(chunk)
      await quick.until((frame) => frame.t === 'd' && frame.o === at + 1)
    }
    source.end()
    await quick.until(isA('end'))
    slow.ws.on('message', () => slow.say({ t: 'ack', b: slow.heardLength }))
    proxy.mend()
    await slow.until(isA('end'))
    const receiver = createReceiver()
    takeAll(slow, receiver, s)
    expect(contentOf(receiver)).toBe(truthOf(chunks))
    const missed = Math.max(...slow.heard.filter(isA('d')).map(({ n }) => n))
    expect(missed).toBeGreaterThan(150)
  })

  test('of hundreds whose node goes away is at another one at once, with everything', async () => {
    const engine = createMemoryEngine()
    keep(engine)
    const source = handSource()
    const options = { engine, open: () => source }
    const [producer, leaving, staying] = [await serve(options), await serve(options), await serve(options)]
    const starter = connectRelay(producer.socketUrl, { WebSocket })
    keep(starter)
    const { id } = await starter.start(body)
    const chunks = words(80)
    let isAway = false
    const readings = Array.from({ length: 200 }, async () => {
      const client = connectRelay(() => (isAway ? staying : leaving).socketUrl, { WebSocket })
      keep(client)
      let sum: ChatCompletionChunk | undefined
      let replaced = 0
      for await (const { chunk, replaces } of client.subscribe(id).updates()) {
        if (replaces) replaced++
        sum = mergeChunk(replaces ? undefined : sum, chunk)
      }
      return { sum: canonicalOf(sum), replaced }
    })
    source.give(...chunks.slice(0, 40))
    await expect.poll(() => leaving.relay.stats.subscriptions, { timeout: 20_000 }).toBe(200)
    isAway = true
    await leaving.close()
    source.give(...chunks.slice(40))
    await expect.poll(() => staying.relay.stats.subscriptions, { timeout: 20_000 }).toBe(200)
    source.end()
    const whole = { sum: canonicalOf(sumOf(chunks)), replaced: 0 }
    expect(await Promise.all(readings)).toEqual(readings.map(() => whole))
  })

  test('that follows and leaves three thousand times leaves nothing behind', async () => {
    const limits = { maxFramesPerSecond: 1e9, maxFrameBurst: 1e9 }
    const source = handSource()
    const { socketUrl, relay } = await serve({ open: () => source, limits })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body, sub: false })
    const { s = '' } = await peer.until(isA('ok'))
    for (let round = 0; round < 100; round++) {
      for (let n = 0; n < 30; n++) peer.say({ t: 'sub', s }, { t: 'unsub', s })
      peer.say({ t: 'unsub', id: `r${round}`, s })
      await peer.until((frame) => frame.t === 'ok' && frame.id === `r${round}`)
    }
    expect([relay.stats.subscriptions, relay.hub.streams.all.get(s)?.readers.size]).toEqual([0, 0])
    peer.say({ t: 'sub', s })
    source.give(chunkOf({ content: 'still' }))
    expect((await peer.until(isA('d'))).o).toBe(1)
  })
})

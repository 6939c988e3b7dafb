import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createMemoryEngine, createRelay, type EndFrame, type RelayOptions, SUBPROTOCOL } from '../src/index.ts'
import { answerOf } from './support/chunks.ts'
import { type HandClock, handClock } from './support/hand-clock.ts'
import { heapUsed } from './support/heap-used.ts'
import { ann, contentOf, follow, pass, request, settle } from './support/hub-world.ts'
import { createStage } from './support/listen.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, keep, clear } = createStage()
afterEach(clear)

/** Of the heap, which swings by half a megabyte: a name that is kept of each stream would be about as much. */
const MOST_BYTES_EACH = 150

/** Long enough for everything to be forgotten that is forgotten at some time. */
const A_DAY_MS = 86_400_000
const shortLived = (clock: HandClock) =>
  createMemoryEngine({ clock, endedTtlMs: 10_000, liveTtlMs: 60_000, keyTtlMs: 60_000 })

const answering: RelayOptions['open'] = async function* () {
  yield* answerOf('a', 'b')
}

/** What a node has when nothing is going on: of ten thousand streams no more than of one thousand. */
async function judge(rounds: (count: number) => Promise<void>, forget: () => Promise<void>): Promise<void> {
  await rounds(1000)
  await forget()
  const before = heapUsed()
  await rounds(9000)
  await forget()
  const each = (heapUsed() - before) / 9000
  expect(each).toBeLessThan(MOST_BYTES_EACH)
}

describe('ten thousand streams', { timeout: 120_000 }, () => {
  test('of one principal, followed on two nodes, leave nothing behind', async () => {
    const clock = handClock()
    const engine = shortLived(clock)
    const make = (): ReturnType<typeof createRelay> => keep(createRelay({ engine, clock, open: answering }))
    const [relay, other] = [make(), make()]
    const timers = clock.waiting
    let count = 0

    async function rounds(streams: number): Promise<void> {
      for (const until = count + streams; count < until;) {
        const orders = Array.from({ length: 50 }, () => ({ key: `k${count++ % 700}`, request, topic: 't' }))
        const heard: string[] = []
        const following = await other.hub.followTopic(ann, 't', ({ status }) => void heard.push(status))
        for (const order of orders) {
          const { id } = await relay.hub.start(ann, { ...order, orphan: { cancelAfterMs: 5000 } })
          follow(other, await other.hub.open(ann, id))
        }
        await settle(clock)
        expect(heard.filter((status) => status === 'done')).toHaveLength(50)
        following.stop()
        // All have ended, and their keys may be used again after a minute.
        clock.advance(5_000)
      }
    }

    await judge(rounds, async () => {
      await pass(clock, 100)
      for (const { hub, stats } of [relay, other])
        expect([hub.streams.all.size, hub.productions.all.size, stats.streamsAttached]).toEqual([0, 0, 0])
      expect(await engine.list('all', 10)).toEqual([])
      expect(clock.waiting).toBe(timers)
    })
    expect(relay.stats.streamsEnded.done).toBe(10_000)
  })

  test('over one socket leave nothing behind', async () => {
    const clock = handClock()
    const limits = { maxFramesPerSecond: 1e9, maxFrameBurst: 1e9 }
    const { socketUrl, relay } = await serve({ clock, engine: shortLived(clock), open: answering, limits })
    const ws = new WebSocket(socketUrl, SUBPROTOCOL, { perMessageDeflate: false })
    keep({ close: () => ws.terminate() })
    await new Promise((resolve) => ws.once('open', resolve))
    let length = 0
    let ended = 0
    let key = 0
    ws.on('message', (data: Buffer) => {
      const text = data.toString()
      length += text.length
      if ((JSON.parse(text) as EndFrame).t === 'end') ended++
    })
    ws.send(JSON.stringify({ t: 'hello', ack: true }))

    async function rounds(streams: number): Promise<void> {
      for (const until = key + streams; key < until;) {
        for (let at = 0; at < 50; at++) ws.send(JSON.stringify({ t: 'start', id: `${key}`, key: `${key++}`, body }))
        while (ended < key) {
          await settle(clock)
          ws.send(JSON.stringify({ t: 'ack', b: length }))
        }
        clock.advance(1_000)
      }
    }

    await judge(rounds, async () => {
      await pass(clock, 70)
      expect([relay.stats.sockets, relay.stats.subscriptions, relay.stats.streamsAttached]).toEqual([1, 0, 0])
    })
  })
})

test('who follows a topic pays for its streams, and not for those of everybody else', async () => {
  const engine = createMemoryEngine({ clock: handClock() })
  let count = 0

  /** How many entries of maps and sets are looked at when somebody follows a topic of one stream, among so many streams. */
  async function looksAt(streams: number): Promise<number> {
    for (; count < streams; count++) {
      const about = { owner: `${count}`, key: 'k', request: '{}', topic: `t${count}`, orphan: 'continue' } as const
      await engine.create({ ...about, id: `st_${count}`, epoch: 'e', node: 'n' })
    }
    const steps = [new Map().values(), new Set().values()].map((iterator) =>
      vi.spyOn(Object.getPrototypeOf(iterator) as { next(): unknown }, 'next'),
    )
    const { streams: live, stop } = await engine.follow('t7', () => {})
    stop()
    const looks = steps.reduce((sum, { mock }) => sum + mock.calls.length, 0)
    for (const step of steps) step.mockRestore()
    expect(live.map(({ id }) => id)).toEqual(['st_7'])
    return looks
  }

  const few = await looksAt(100)
  expect(few).toBeGreaterThan(0)
  expect(await looksAt(5_000)).toBe(few)
})

test('long conversations are forgotten with their streams, though their keys may be asked for a day', async () => {
  const clock = handClock()
  const engine = createMemoryEngine({ clock })
  const relay = keep(createRelay({ engine, clock, open: answering }))
  let key = 0

  async function rounds(streams: number): Promise<void> {
    for (let at = 0; at < streams; at++) {
      const content = `${key} ${'and so on '.repeat(10_000)}`
      const asked = { ...request, messages: [{ role: 'user' as const, content }] }
      await relay.hub.start(ann, { key: `${key++}`, request: asked })
      await settle(clock)
    }
    await pass(clock, 1000)
    expect(await engine.list('all', 10)).toEqual([])
  }

  await rounds(20)
  const before = heapUsed()
  await rounds(100)
  expect((heapUsed() - before) / 100).toBeLessThan(10_000)
})

test('a thousand connections that come, follow and are lost leave nothing behind', { timeout: 60_000 }, async () => {
  const clock = handClock()
  const engine = shortLived(clock)
  const { socketUrl, relay } = await serve({
    clock,
    engine,
    open: () => new Promise(() => {}),
    limits: { idleTimeoutMs: 1e9 },
  })
  const { id } = await relay.hub.start({ id: 'anybody' }, { key: 'k', request, topic: 't' })

  async function rounds(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const ws = new WebSocket(socketUrl, SUBPROTOCOL, { perMessageDeflate: false })
      ws.on('error', () => {})
      await new Promise((resolve) => ws.once('open', resolve))
      ws.send(JSON.stringify({ t: 'hello' }))
      ws.send(JSON.stringify({ t: 'sub', s: id }))
      ws.send(JSON.stringify({ t: 'topic', id: '1', topic: 't', auto: true }))
      if (at % 2 === 0) await new Promise((resolve) => ws.once('message', resolve))
      if (at % 3 === 0) ws.close()
      else ws.terminate()
    }
    while (relay.stats.sockets > 0) await settle(clock)
    clock.advance(5_000)
  }

  await rounds(100)
  const timers = clock.waiting
  const before = heapUsed()
  await rounds(900)
  // One of them takes some four thousand.
  expect((heapUsed() - before) / 900).toBeLessThan(2000)
  expect(clock.waiting).toBe(timers)
  expect(relay.hub.streams.all.get(id)?.readers.size).toBe(0)
})

test('the streams of somebody over thirty days are counted, kept and forgotten as on the first', async () => {
  const clock = handClock()
  const engine = createMemoryEngine({ clock })
  const relay = keep(createRelay({ engine, clock, open: answering, limits: { maxLiveStreams: 3 } }))
  for (let day = 0; day < 30; day++) {
    const ids = new Set<string>()
    for (let at = 0; at < 3; at++) {
      // The keys of yesterday.
      const { id, fresh } = await relay.hub.start(ann, { key: `k${at}`, request, topic: 't' })
      expect(fresh).toBe(true)
      ids.add(id)
      const reader = follow(relay, await relay.hub.open(ann, id))
      await settle(clock)
      expect([contentOf(reader.receiver), reader.receiver.end?.st]).toEqual(['ab', 'done'])
    }
    expect(new Set((await engine.list('all', 10)).map(({ id }) => id))).toEqual(ids)
    clock.stall(A_DAY_MS)
    await settle(clock)
    expect(relay.stats.streamsAttached).toBe(0)
  }
})

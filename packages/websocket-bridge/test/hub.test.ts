import { StreamError, textOf, type ChatCompletionChunk } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  checksum,
  createMemoryEngine,
  createReceiver,
  createRelay,
  type DataFrame,
  type EndedStream,
  type EndFrame,
  type Engine,
  type EngineEvent,
  type LocalStream,
  type MemoryEngine,
  type Principal,
  type Reader,
  type Receiver,
  type Relay,
  type RelayOptions,
  restoreChunk,
} from '../src/index.ts'
import { cursorFor } from '../src/hub/local-streams.ts'
import { randomOf } from './model/random.ts'
import { answerOf, chunkOf, type HandSource, handSource } from './support/chunks.ts'
import { type HandClock, handClock } from './support/hand-clock.ts'
import { type Fault, faultyEngine } from './support/scripted-engine.ts'

const ann: Principal = { id: 'ann' }
const bob: Principal = { id: 'bob' }
const request = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** Lets everything happen that waits for nothing but its turn. */
async function settle(clock: HandClock): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(0)
  }
}

/** Seconds go by, and in each of them everything happens that can. */
async function pass(clock: HandClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000)
    await settle(clock)
  }
}

interface TestReader extends Reader {
  readonly receiver: Receiver
  readonly verdicts: string[]
  isGone: boolean
  stalledMs: number | undefined
  isReady: boolean
}

function follow(relay: Relay, stream: LocalStream): TestReader {
  const receiver = createReceiver()
  const reader: TestReader = {
    receiver,
    verdicts: [],
    cursor: cursorFor(stream, undefined),
    isReady: true,
    isGone: false,
    stalledMs: undefined,
    held() {},
    send: ({ text }) => void reader.verdicts.push(receiver.receive(JSON.parse(text) as DataFrame | EndFrame)),
    gone() {
      reader.isGone = true
    },
    stalled(ms) {
      reader.stalledMs = ms
    },
  }
  relay.hub.streams.follow(stream, reader)
  return reader
}

const contentOf = ({ sum }: Receiver): string | undefined => sum && textOf(restoreChunk(sum, sum))

describe('a hub', () => {
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.close()
  })

  interface World {
    clock: HandClock
    memory: MemoryEngine
    node(options: Partial<RelayOptions>): Relay
  }

  function world(): World {
    const clock = handClock()
    const memory = createMemoryEngine({ clock })
    return {
      clock,
      memory,
      node(options) {
        const relay = createRelay({ open: () => handSource(), engine: memory, clock, ...options })
        relays.push(relay)
        return relay
      },
    }
  }

  async function begun(relay: Relay, clock: HandClock, over: object = {}): Promise<{ id: string; reader: TestReader }> {
    const { id } = await relay.hub.start(ann, { key: 'k', request, ...over })
    await settle(clock)
    return { id, reader: follow(relay, await relay.hub.open(ann, id)) }
  }

  describe('permissions', () => {
    test('a stream is its owner’s, and to others it does not exist', async () => {
      const { clock, node } = world()
      const relay = node({})
      const { id } = await begun(relay, clock)
      await expect(relay.hub.open(bob, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.cancel(bob, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.toolOutput(bob, id, 'c', 1)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.read(bob, id)).rejects.toMatchObject({ code: 'not_found' })
    })

    test('who may read and not cancel is told so', async () => {
      const { clock, node } = world()
      const relay = node({ authorize: (who, action) => who.id === 'ann' || action.kind === 'read' })
      const { id } = await begun(relay, clock)
      await expect(relay.hub.cancel(bob, id)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(relay.hub.start(bob, { key: 'k', request })).rejects.toMatchObject({ code: 'forbidden' })
      await expect(relay.hub.followTopic(bob, 't', () => {})).rejects.toMatchObject({ code: 'forbidden' })
    })

    test('a function that forgets to answer lets nobody do anything', async () => {
      const { node } = world()
      const relay = node({ authorize: (() => {}) as never })
      await expect(relay.hub.start(ann, { key: 'k', request })).rejects.toMatchObject({ code: 'forbidden' })
    })

    test('a topic tells of the streams that one may read', async () => {
      const { clock, node } = world()
      const relay = node({})
      await relay.hub.start(ann, { key: '1', request, topic: 't' })
      const heard: string[] = []
      const mine = await relay.hub.followTopic(ann, 't', ({ status }) => void heard.push(`ann ${status}`))
      const theirs = await relay.hub.followTopic(bob, 't', ({ status }) => void heard.push(`bob ${status}`))
      expect([mine.streams.length, theirs.streams.length]).toEqual([1, 0])
      await relay.hub.start(ann, { key: '2', request, topic: 't' })
      await settle(clock)
      expect(heard).toEqual(['ann live'])
    })

    test('nobody has more streams at once than allowed', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source, limits: { maxLiveStreams: 1 } })
      await begun(relay, clock)
      await expect(relay.hub.start(ann, { key: '2', request })).rejects.toMatchObject({ code: 'too_many' })
      source.end()
      await settle(clock)
      await relay.hub.start(ann, { key: '3', request })
    })
  })

  describe('ends', () => {
    test('are told to the application once the store has them', async () => {
      const { clock, node, memory } = world()
      const ended: EndedStream[] = []
      const relay = node({
        open: async function* () {
          yield* answerOf('a')
        },
        onEnd: (one) => void ended.push(one),
      })
      const { id, reader } = await begun(relay, clock)
      await settle(clock)
      expect(reader.receiver.end?.st).toBe('done')
      expect(ended).toMatchObject([{ id, owner: 'ann', request, end: { st: 'done' } }])
      expect((await memory.read(id))?.end?.h).toBe(checksum(ended[0]?.sum))
    })

    test('failed: keeps what came, and tells the kind but no secret', async () => {
      const { clock, node } = world()
      const source = handSource()
      const errors: unknown[] = []
      const relay = node({ open: () => source, onError: (reason) => void errors.push(reason) })
      const { reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'part' }))
      const details = { status: 401, headers: {}, body: '{"error":{"message":"bad key sk-secret"}}' }
      source.fail(new StreamError('http_status', 'sk-secret', details))
      await settle(clock)
      expect(reader.receiver.end).toMatchObject({ st: 'failed', err: { code: 'http_status', status: 401 } })
      expect(JSON.stringify(reader.receiver.end)).not.toContain('secret')
      expect(contentOf(reader.receiver)).toBe('part')
      expect(errors).toHaveLength(1)
    })

    test('failed: passes on what the one who asked can mend', async () => {
      const { clock, node } = world()
      const details = { status: 429, headers: {}, body: '{"error":{"message":"slow down"}}' }
      const relay = node({ open: () => Promise.reject(new StreamError('http_status', 'x', details)) })
      const { reader } = await begun(relay, clock)
      expect(reader.receiver.end?.err).toEqual({ code: 'http_status', status: 429, message: 'slow down' })
    })

    test('cancelled: also when the source does not listen, and before it has begun', async () => {
      const { clock, node } = world()
      const relay = node({ open: () => new Promise(() => {}) })
      const { id, reader } = await begun(relay, clock)
      await relay.hub.cancel(ann, id)
      await settle(clock)
      expect(reader.receiver.end?.st).toBe('cancelled')
      expect(await relay.hub.cancel(ann, id)).toBe('cancelled')
    })

    test('limit: of chunks, of length, of time', async () => {
      for (const limits of [{ maxStreamChunks: 3 }, { maxStreamLength: 200 }, { maxStreamMs: 5000 }]) {
        const { clock, node } = world()
        const source = handSource()
        const relay = node({ open: () => source, limits })
        const { reader } = await begun(relay, clock)
        for (let second = 0; second < 10; second++) {
          source.give(chunkOf({ content: 'x'.repeat(100) }))
          await pass(clock, 1)
        }
        expect([limits, reader.receiver.end?.st]).toEqual([limits, 'limit'])
        await source.left
      }
    })

    test('failed: a source that is silent is first called stalled, then given up', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await pass(clock, 29)
      expect(reader.stalledMs).toBeUndefined()
      await pass(clock, 3)
      expect(reader.stalledMs).toBeGreaterThanOrEqual(30_000)
      await pass(clock, 90)
      expect(reader.receiver.end).toMatchObject({ st: 'failed', err: { code: 'source_stalled' } })
      await source.left
    })

    test('a source that waits for a tool is not called silent', async () => {
      const { clock, node } = world()
      const relay = node({
        open: async function* (_request, { toolOutput }) {
          yield chunkOf({ content: JSON.stringify(await toolOutput('c')) })
        },
      })
      const { id, reader } = await begun(relay, clock)
      await pass(clock, 200)
      expect(reader.receiver.end).toBeUndefined()
      expect(await relay.hub.toolOutput(ann, id, 'c', { a: [1] })).toBe(true)
      expect(await relay.hub.toolOutput(ann, id, 'c', { a: [1] })).toBe(false)
      await settle(clock)
      expect(contentOf(reader.receiver)).toBe('{"a":[1]}')
    })

    test('cancelled: an orphan, when its time has come, and not while somebody follows on any node', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source, limits: { idleTimeoutMs: 1e9 } })
      const other = node({})
      const { id, reader } = await begun(relay, clock, { orphan: { cancelAfterMs: 60_000 } })
      await pass(clock, 70)
      expect(reader.receiver.end).toBeUndefined()
      const there = await other.hub.open(ann, id)
      const elsewhere = follow(other, there)
      relay.hub.streams.leave(await relay.hub.open(ann, id), reader)
      await pass(clock, 70)
      expect(elsewhere.receiver.end).toBeUndefined()
      other.hub.streams.leave(there, elsewhere)
      // The other node lets go after half a minute.
      await pass(clock, 100)
      expect((await relay.hub.read(ann, id)).status).toBe('cancelled')
    })
  })

  describe('a node that dies', () => {
    /** Nothing of it is heard any more, and nothing is told to it. */
    function dyingEngine(engine: Engine): { engine: Engine; die(): void } {
      let isDead = false
      return { engine: faultyEngine(engine, () => (isDead ? 'unreached' : undefined)), die: () => void (isDead = true) }
    }

    async function play(
      options: Partial<RelayOptions>,
    ): Promise<{ reader: TestReader; opened: number; taken: number }> {
      const { clock, memory, node } = world()
      const dying = dyingEngine(memory)
      const source = handSource()
      let opened = 0
      const first = node({ engine: dying.engine, open: () => (opened++, source) })
      const second = node({ open: () => (opened++, handSource()), ...options })
      const { id } = await begun(first, clock)
      const reader = follow(second, await second.hub.open(ann, id))
      source.give(...answerOf('a', 'b').slice(0, 3))
      await settle(clock)
      dying.die()
      source.give(chunkOf({ content: 'never seen' }))
      await pass(clock, 13)
      // The dead one wakes, and finds that it is not its stream any more.
      await source.left
      return { reader, opened, taken: second.stats.streamsTakenOver }
    }

    test('leaves a stream that another ends with interrupted, within the lease and two seconds', async () => {
      const { reader, opened, taken } = await play({})
      expect(reader.receiver.end?.st).toBe('interrupted')
      expect(contentOf(reader.receiver)).toBe('ab')
      expect(reader.verdicts).toContain('renamed')
      expect([opened, taken]).toEqual([1, 1])
    })

    test('leaves a stream that another goes on with, where the upstream can', async () => {
      const { reader, opened } = await play({
        resume: async function* (_request, { offset }) {
          yield* answerOf('a', 'b', 'c').slice(offset)
        },
      })
      expect(reader.receiver.end?.st).toBe('done')
      expect(contentOf(reader.receiver)).toBe('abc')
      expect(opened).toBe(1)
    })

    test('that only slept is refused: nothing that it adds later is ever seen', async () => {
      const { clock, node } = world()
      // Its own clock stands still: it does not know that its lease is over.
      const storeClock = handClock()
      const memory = createMemoryEngine({ clock: storeClock })
      const source = handSource()
      const sleepy = node({ engine: memory, open: () => source })
      const { id, reader } = await begun(sleepy, clock)
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
      storeClock.advance(11_000)
      const lease = await memory.takeOver(id, { node: 'other', epoch: 'e2' })
      source.give(chunkOf({ content: 'zombie' }))
      await settle(clock)
      await source.left
      expect(contentOf(reader.receiver)).toBe('a')
      const added = await memory.append(id, {
        fence: lease?.fence ?? 0,
        expect: 1,
        chunks: [],
        end: { st: 'done', h: '' },
      })
      expect(added.outcome).toBe('added')
      expect(sleepy.stats.streamsLost).toBe(1)
    })
  })

  describe('a store that fails', () => {
    /** Plays an answer against a store that does what `faultOf` says, and gives the reader at the end. */
    async function play(
      faultOf: (call: keyof Engine) => Fault | undefined,
      chunks: readonly ChatCompletionChunk[],
      disturb: (memory: MemoryEngine, id: string, at: number) => void = () => {},
    ): Promise<TestReader> {
      const { clock, memory, node } = world()
      const source: HandSource = handSource()
      const relay = node({ engine: faultyEngine(memory, faultOf), open: () => source })
      const { id } = await relay.hub.start(ann, { key: 'k', request })
      await settle(clock)
      const reader = follow(relay, await relay.hub.open(ann, id))
      for (const [at, chunk] of chunks.entries()) {
        source.give(chunk)
        await settle(clock)
        disturb(memory, id, at)
        clock.advance(300)
      }
      source.end()
      for (let second = 0; second < 8 && reader.receiver.end === undefined; second++) await pass(clock, 1)
      return reader
    }

    const pieces = Array.from({ length: 30 }, (_, n) => ` ${n}`)

    test('by not answering, or after it has done what was asked: nothing is lost and nothing comes twice', async () => {
      for (let seed = 1; seed <= 5; seed++) {
        const random = randomOf(seed)
        const reader = await play(
          (call) => {
            if (call !== 'append' || random.chance(0.6)) return undefined
            return random.chance(0.5) ? 'unreached' : 'answer lost'
          },
          answerOf(...pieces),
        )
        expect([seed, reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual([seed, 'done', pieces.join('')])
        expect(reader.verdicts).not.toContain('gap')
      }
    })

    test.each(['attach', 'read'] as const)('by not answering (%s) right after a stream was made', async (failing) => {
      const { clock, memory, node } = world()
      let failures = 0
      const faultOf = (call: keyof Engine) => (call === failing && failures++ < 2 ? ('unreached' as const) : undefined)
      const source = handSource()
      const relay = node({ engine: faultyEngine(memory, faultOf), open: () => source })
      const { id } = await relay.hub.start(ann, { key: 'k', request })
      await pass(clock, 3)
      const reader = follow(relay, await relay.hub.open(ann, id))
      source.give(chunkOf({ content: 'whole' }))
      source.end()
      await pass(clock, 12)
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', 'whole'])
      expect(relay.stats.streamsTakenOver).toBe(0)
    })

    test('by not answering a node that has lost its place: its readers stay, and get the rest', async () => {
      const { clock, memory, node } = world()
      let isDown = false
      const source = handSource()
      const producer = node({ open: () => source })
      const { id } = await producer.hub.start(ann, { key: 'k', request })
      await settle(clock)
      // The other node misses a chunk, and its store does not answer when it asks for its place.
      let tell: ((event: EngineEvent) => void) | undefined
      const engine: Engine = {
        ...memory,
        async attach(name, listener) {
          if (isDown) throw new Error('the store is not reached')
          tell = listener
          return memory.attach(name, listener)
        },
      }
      const other = node({ engine, open: () => source })
      const reader = follow(other, await other.hub.open(ann, id))
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
      isDown = true
      tell?.({ kind: 'chunks', from: 7, chunks: ['{}'] })
      await pass(clock, 2)
      source.give(chunkOf({ content: 'b' }))
      source.end()
      await pass(clock, 2)
      expect(reader.isGone).toBe(false)
      isDown = false
      await pass(clock, 2)
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', 'ab'])
    })

    test('by losing everything: the producer brings it back, and readers get the same text', async () => {
      for (const lostAt of [0, 1, 15, 31]) {
        const reader = await play(
          () => undefined,
          answerOf(...pieces),
          (memory, id, at) => at === lostAt && memory.lose(id),
        )
        expect([lostAt, reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual([lostAt, 'done', pieces.join('')])
      }
    })

    test('by losing everything: a source that is then silent keeps the stream that it brought back', async () => {
      const { clock, memory, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { id, reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
      memory.lose(id)
      source.give(chunkOf({ content: 'b' }))
      await pass(clock, 25)
      source.give(chunkOf({ content: 'c' }))
      source.end()
      await pass(clock, 1)
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', 'abc'])
      expect(relay.stats.streamsTakenOver).toBe(0)
    })

    test('by losing everything: it is told again before the source says more', async () => {
      const { clock, memory, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { id } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
      memory.lose(id)
      expect(await memory.read(id)).toBeUndefined()
      await pass(clock, 5)
      expect((await memory.read(id))?.status).toBe('live')
    })

    test('by losing everything while it does not answer', async () => {
      let isDown = false
      const reader = await play(
        (call) => (isDown && (call === 'append' || call === 'restore') ? 'answer lost' : undefined),
        answerOf(...pieces),
        (memory, id, at) => {
          if (at === 10) memory.lose(id)
          isDown = at >= 10 && at < 13
        },
      )
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', pieces.join('')])
    })

    test('by being far behind: the source waits, and what waits is bounded', async () => {
      const { clock, memory, node } = world()
      let isDown = false
      let given = 0
      const chunk = chunkOf({ content: 'x'.repeat(10_000) })
      const relay = node({
        engine: faultyEngine(memory, (call) => (isDown && call === 'append' ? 'unreached' : undefined)),
        open: async function* () {
          for (; given < 1000; given++) yield chunk
        },
        limits: { maxStreamLength: 1e9 },
      })
      isDown = true
      const { id } = await relay.hub.start(ann, { key: 'k', request })
      await settle(clock)
      expect(given).toBeLessThan(120)
      isDown = false
      await pass(clock, 3)
      const state = await relay.hub.read(ann, id)
      expect([state.status, given]).toEqual(['done', 1000])
      // The log was replaced by sums on its way: the store does not keep what the sum says.
      expect(state.base).toBeGreaterThan(0)
    })
  })

  test('leaves nothing behind when everybody has gone', async () => {
    const { clock, node } = world()
    const relay = node({
      open: async function* () {
        yield* answerOf('a')
      },
    })
    const { id, reader } = await begun(relay, clock)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('done')
    expect(relay.hub.streams.all.has(id)).toBe(true)
    await pass(clock, 31)
    expect([relay.hub.streams.all.size, relay.hub.productions.all.size]).toEqual([0, 0])
  })

  test('drains: begins nothing new, waits for what can end, and interrupts the rest', async () => {
    const { clock, node } = world()
    const quick = handSource()
    const slow = handSource()
    const sources = [quick, slow]
    const relay = node({ open: () => sources.shift() ?? handSource() })
    const one = await begun(relay, clock, { key: '1' })
    const two = await begun(relay, clock, { key: '2' })
    const drained = relay.drain({ graceMs: 20_000 })
    await expect(relay.hub.start(ann, { key: '3', request })).rejects.toMatchObject({ code: 'draining' })
    quick.end()
    await pass(clock, 3)
    expect([one.reader.receiver.end?.st, two.reader.receiver.end?.st]).toEqual(['done', undefined])
    await pass(clock, 14)
    await drained
    await settle(clock)
    expect(two.reader.receiver.end?.st).toBe('interrupted')
  })
})

import type { ChatCompletionChunk } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  checksum,
  createMemoryEngine,
  type Engine,
  type EngineEvent,
  type MemoryEngine,
  type RelayOptions,
  toWireChunk,
} from '../src/index.ts'
import { addWireChunk } from '../src/protocol/receive.ts'
import type { WireChunk } from '../src/protocol/frame.ts'
import { randomOf } from './model/random.ts'
import { answerOf, chunkOf, type HandSource, handSource } from './support/chunks.ts'
import { handClock } from './support/hand-clock.ts'
import {
  ann,
  begun,
  contentOf,
  createHubStage,
  follow,
  pass,
  request,
  settle,
  type TestReader,
} from './support/hub-world.ts'
import { type Fault, faultyEngine } from './support/scripted-engine.ts'

describe('a hub', () => {
  const { world, clear } = createHubStage()
  afterEach(clear)

  describe('a node that dies', () => {
    /** Nothing of it is heard any more, and nothing is told to it. */
    function dyingEngine(engine: Engine): { engine: Engine; die(): void } {
      let isDead = false
      return { engine: faultyEngine(engine, () => (isDead ? 'unreached' : undefined)), die: () => void (isDead = true) }
    }

    const answer = answerOf('a', 'b', ' c', '\uD83D', '\uDE00', 'd')
    const checksumOf = (chunks: readonly ChatCompletionChunk[]): string => {
      let sum: WireChunk | undefined
      for (const chunk of chunks) sum = addWireChunk(sum, toWireChunk(chunk, sum))
      return checksum(sum)
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

    test.each<[string, Partial<RelayOptions>, string]>([
      ['interrupted, as far as it had come', {}, 'interrupted'],
      [
        'gone on with where the upstream can',
        {
          resume: async function* (_request, { offset }) {
            yield* answer.slice(offset)
          },
        },
        'done',
      ],
    ])('at whichever chunk: the answer is %s, once and alike on every node', async (_name, options, st) => {
      for (let at = 0; at <= answer.length; at++) {
        const { clock, memory, node } = world()
        const dying = dyingEngine(memory)
        const source = handSource()
        let asked = 0
        const first = node({ engine: dying.engine, open: () => (asked++, source) })
        const others = [node({ open: () => (asked++, handSource()), ...options }), node({ ...options })]
        const { id } = await begun(first, clock)
        const readers = await Promise.all(others.map(async (other) => follow(other, await other.hub.open(ann, id))))
        source.give(...answer.slice(0, at))
        await settle(clock)
        dying.die()
        // It is in the middle of the next one.
        source.give(...answer.slice(at, at + 1))
        await pass(clock, 13)
        const kept = st === 'done' ? answer.length : at
        const [one, ...rest] = readers.map(({ receiver: { end, position } }) => ({
          st: end?.st,
          h: end?.h,
          at: position?.o ?? 0,
        }))
        expect([at, one]).toEqual([at, { st, h: checksumOf(answer.slice(0, kept)), at: kept }])
        expect([at, ...rest]).toEqual([at, one])
        expect([at, asked, readers.flatMap(({ verdicts }) => verdicts).filter((verdict) => verdict === 'gap')]).toEqual(
          [at, 1, []],
        )
      }
    })

    /** Dies right after so many answers of the store. */
    function engineUntil(engine: Engine, answers: number): Engine {
      let left = answers
      return faultyEngine(engine, () => (left-- > 0 ? undefined : 'unreached'))
    }

    test('is taken over by one that dies too, at whatever step of it: a third ends the stream, once', async () => {
      const ends = new Set<string | undefined>()
      for (let step = 0; step <= 6; step++) {
        const { clock, memory, node } = world()
        const dying = dyingEngine(memory)
        const source = handSource()
        const first = node({ engine: dying.engine, open: () => source })
        const { id } = await begun(first, clock)
        source.give(...answerOf('a', 'b').slice(0, 3))
        await settle(clock)
        const second = node({ engine: engineUntil(memory, step) })
        dying.die()
        await pass(clock, 13)
        const third = node({})
        const reader = follow(third, await third.hub.open(ann, id))
        await pass(clock, 13)
        const end = reader.receiver.end
        expect([step, end?.st, contentOf(reader.receiver)]).toEqual([step, 'interrupted', 'ab'])
        const { lineage } = (await memory.read(id)) ?? { lineage: [] }
        const forks = lineage.map(({ at }) => at)
        // One life after the other, all from the same offset: nobody added anything.
        expect([step, forks.slice(1).every((at) => at === 3)]).toEqual([step, true])
        expect(second.stats.streamsTakenOver + third.stats.streamsTakenOver).toBeGreaterThan(0)
        ends.add(end?.h)
      }
      expect(ends.size).toBe(1)
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

    test('by letting a stream begin only when most of its lease is over: it is kept from then on', async () => {
      const { clock, memory, node } = world()
      let isDown = false
      const source = handSource()
      const engine = faultyEngine(memory, (call) => (isDown && call === 'attach' ? 'unreached' : undefined))
      const relay = node({ engine, open: (_request, { stream }) => (stream.topic === 'late' ? source : handSource()) })
      const other = node({})
      // One that goes on, so that leases are renewed in turns.
      await relay.hub.start(ann, { key: 'other', request })
      await pass(clock, 4)
      isDown = true
      const { id } = await relay.hub.start(ann, { key: 'k', request, topic: 'late' })
      // Leases were renewed in the second before it begins.
      await pass(clock, 8)
      isDown = false
      await pass(clock, 5)
      source.give(chunkOf({ content: 'whole' }))
      source.end()
      await pass(clock, 2)
      expect((await memory.read(id))?.status).toBe('done')
      expect([relay.stats.streamsLost, other.stats.streamsTakenOver]).toEqual([0, 0])
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

    test('by losing the answer to who makes a stream: it is asked again, and the stream begins', async () => {
      for (const fault of ['answer lost', 'unreached'] as const) {
        const { clock, memory, node } = world()
        let failures = 0
        const source = handSource()
        const engine = faultyEngine(memory, (call) => (call === 'create' && failures++ < 2 ? fault : undefined))
        const relay = node({ engine, open: () => source })
        const starting = relay.hub.start(ann, { key: 'k', request })
        await pass(clock, 3)
        const { id, fresh } = await starting
        const reader = follow(relay, await relay.hub.open(ann, id))
        source.give(chunkOf({ content: 'whole' }))
        source.end()
        await settle(clock)
        expect([fresh, reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual([true, 'done', 'whole'])
      }
    })

    test.each(['create', 'attach'] as const)(
      'by not answering (%s) a node that is asked to leave: it stays until its stream has begun, and ended',
      async (failing) => {
        const { clock, memory, node } = world()
        let isDown = true
        const engine = faultyEngine(memory, (call) => (isDown && call === failing ? 'answer lost' : undefined))
        const source = handSource()
        const leaving = node({ engine, open: () => source })
        const starting = leaving.hub.start(ann, { key: 'k', request })
        await settle(clock)
        let hasLeft = false
        const drained = leaving.drain({ graceMs: 20_000 }).then(() => (hasLeft = true))
        await settle(clock)
        expect(hasLeft).toBe(false)
        isDown = false
        await pass(clock, 2)
        const { id } = await starting
        const other = node({})
        const reader = follow(other, await other.hub.open(ann, id))
        source.give(chunkOf({ content: 'whole' }))
        source.end()
        await pass(clock, 2)
        await drained
        expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', 'whole'])
      },
    )

    test('by not answering a node that is asked to leave for too long: the stream is interrupted before it began', async () => {
      const { clock, memory, node } = world()
      let isDown = true
      let asked = 0
      const engine = faultyEngine(memory, (call) => (isDown && call === 'attach' ? 'unreached' : undefined))
      const leaving = node({ engine, open: () => (asked++, handSource()) })
      const { id } = await leaving.hub.start(ann, { key: 'k', request })
      const drained = leaving.drain({ graceMs: 6_000 })
      await pass(clock, 4)
      isDown = false
      await pass(clock, 3)
      await drained
      const state = await memory.read(id)
      expect([state?.status, asked]).toEqual(['interrupted', 0])
    })

    test('tells the application why, now and then, and counts; clients learn nothing of it', async () => {
      const { clock, memory, node } = world()
      const errors: unknown[] = []
      const engine: Engine = {
        ...memory,
        create: () => Promise.reject(new Error('OOM command not allowed on 10.0.0.7')),
      }
      const relay = node({ engine, onError: (reason) => void errors.push(reason) })
      const refused = async (): Promise<unknown> => {
        const starting = relay.hub.start(ann, { key: 'k', request }).catch((reason: unknown) => reason)
        await pass(clock, 3)
        return starting
      }
      const reason = await refused()
      expect(reason).toMatchObject({ code: 'unavailable', message: 'The store of this relay does not answer.' })
      expect(errors.map(String)).toEqual(['Error: the store failed (create): OOM command not allowed on 10.0.0.7'])
      expect(relay.stats.storeFailures).toEqual({ create: 3 })
      await pass(clock, 5)
      await refused()
      expect(errors).toHaveLength(2)
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

    /** A store that has lost a stream, of which a chunk had come and the source goes on. */
    async function lostAfterAChunk() {
      const { clock, memory, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { id, reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
      memory.lose(id)
      return { clock, memory, relay, source, id, reader }
    }

    test('by losing everything: a source that is then silent keeps the stream that it brought back', async () => {
      const { clock, relay, source, reader } = await lostAfterAChunk()
      source.give(chunkOf({ content: 'b' }))
      await pass(clock, 25)
      source.give(chunkOf({ content: 'c' }))
      source.end()
      await pass(clock, 1)
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['done', 'abc'])
      expect(relay.stats.streamsTakenOver).toBe(0)
    })

    test('by losing everything: it is told again before the source says more', async () => {
      const { clock, memory, id } = await lostAfterAChunk()
      expect(await memory.read(id)).toBeUndefined()
      await pass(clock, 5)
      expect((await memory.read(id))?.status).toBe('live')
    })

    test('by losing everything: who cancels or answers a call meanwhile is told to ask again, and then it is done', async () => {
      const { clock, relay, id, reader } = await lostAfterAChunk()
      const away = { code: 'unavailable', retryMs: 1000 }
      await expect(relay.hub.cancel(ann, id)).rejects.toMatchObject(away)
      await expect(relay.hub.toolOutput(ann, id, 'call_1', 1)).rejects.toMatchObject(away)
      await pass(clock, 5)
      expect(await relay.hub.toolOutput(ann, id, 'call_1', 1)).toBe(true)
      expect(await relay.hub.cancel(ann, id)).toBe('live')
      await pass(clock, 1)
      expect([reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual(['cancelled', 'a'])
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

  test('a clock that is set, forward or back, ends no lease, no stream and no reader', async () => {
    for (const byMs of [3_600_000, -3_600_000]) {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await pass(clock, 2)
      clock.set(byMs)
      await pass(clock, 15)
      source.give(chunkOf({ content: 'b' }))
      source.end()
      await pass(clock, 2)
      expect([byMs, reader.receiver.end?.st, contentOf(reader.receiver)]).toEqual([byMs, 'done', 'ab'])
      expect(relay.stats.streamsLost).toBe(0)
    }
  })

  test('a source that breaks after any number of chunks leaves them, and one end', async () => {
    const chunks = answerOf('a', 'b', 'c', 'd')
    for (let count = 0; count <= chunks.length; count++) {
      const { clock, node } = world()
      let asked = 0
      const relay = node({
        open: async function* () {
          asked++
          yield* chunks.slice(0, count)
          throw new Error('the connection was reset')
        },
      })
      const { reader } = await begun(relay, clock, { key: String(count) })
      await pass(clock, 3)
      const { end } = reader.receiver
      const text = 'abcd'.slice(0, Math.max(0, count - 1))
      expect([count, end?.o, end?.st, contentOf(reader.receiver) ?? '', asked]).toEqual([
        count,
        count,
        'failed',
        text,
        1,
      ])
    }
  })
})

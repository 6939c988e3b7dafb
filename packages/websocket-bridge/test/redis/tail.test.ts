import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EngineEvent, StreamState } from '../../src/engine.ts'
import { epochOf, type Fork } from '../../src/protocol/position.ts'
import { formatLineage } from '../../src/redis/lineage.ts'
import { lengthsOf } from '../../src/redis/message.ts'
import type { ReadStream } from '../../src/redis/state-of.ts'
import { createTail } from '../../src/redis/tail.ts'
import { turn } from '../client/fake-clock.ts'

/** A store with one stream, which says on a channel what happens, as the scripts do. */
function createModelStore() {
  let lineage: Fork[] = [{ e: 'e0', at: 0 }]
  let lives = 0
  let base = 0
  /** The log keeps a little more than what is after the base. */
  let first = 0
  const chunks: string[] = []
  let sum: string | undefined
  let count = 0
  let isThere = true
  const flags: { [name: string]: string } = {}
  let end: StreamState['end']
  const said: string[] = []
  const tail = (): number => first + chunks.length

  const add = (n: number): void => {
    if (end !== undefined || !isThere) return
    const added = Array.from({ length: n }, () => `chunk ${++count}`)
    said.push(`c|${epochOf(lineage)}|${tail()}|${lengthsOf(added)}|${added.join('')}`)
    chunks.push(...added)
  }
  const about = {
    id: 'st',
    owner: 'o',
    key: 'k',
    request: '{}',
    orphan: 'continue',
    createdAt: 0,
    node: 'n',
    fence: 1,
  } as const
  const state = (from: number): StreamState => ({
    ...about,
    status: end?.st ?? 'live',
    lineage: [...lineage],
    base,
    sum,
    chunks: chunks.slice(from - first),
    end,
    flags: { ...flags },
  })
  return {
    said,
    add,
    news(n: number) {
      add(n)
      if (said.length > 0 && end === undefined && isThere) said[said.length - 1] = `n|${epochOf(lineage)}|${tail()}`
    },
    /** The newest chunks are lost, and their producer adds the same again. */
    loseAndRepair(n: number) {
      const lost = chunks.splice(Math.max(base - first, chunks.length - n))
      for (const chunk of lost) {
        said.push(`c|${epochOf(lineage)}|${tail()}|${chunk.length}|${chunk}`)
        chunks.push(chunk)
      }
    },
    takeOver(lost: number) {
      if (end !== undefined || !isThere) return
      chunks.splice(Math.max(base - first, chunks.length - lost))
      lineage = [...lineage, { e: `e${++lives}`, at: tail() }]
      said.push(`e|${formatLineage(lineage)}`)
    },
    compact(kept: number) {
      if (tail() === base) return
      sum = [sum, ...chunks.slice(base - first)].filter((text) => text !== undefined).join()
      base = tail()
      const drop = Math.max(0, chunks.length - kept)
      chunks.splice(0, drop)
      first += drop
    },
    /** A stream that has ended has no producer to bring it back. */
    lose() {
      isThere = end !== undefined
    },
    restore() {
      if (isThere) return
      isThere = true
      lineage = [{ e: `e${++lives}`, at: 0 }]
      said.push('r|')
    },
    flag(name: string) {
      if (name in flags || !isThere) return
      flags[name] = `of ${name}`
      said.push(`f|${JSON.stringify([name, flags[name]])}`)
    },
    end() {
      if (end !== undefined || !isThere) return
      end = { st: 'done', h: 'h' }
      said.push(`x|${tail()}|${JSON.stringify(end)}`)
    },
    read(from: number): ReadStream | undefined {
      if (!isThere) return undefined
      const isPart = from >= first
      const at = isPart ? from : base
      return { state: state(Math.min(at, tail())), from: at, tail: tail(), isWhole: at !== from }
    },
    glance: () =>
      isThere
        ? { epoch: epochOf(lineage), tail: tail(), flags: Object.keys(flags).length, isEnded: end !== undefined }
        : undefined,
    get state() {
      return state(base)
    },
  }
}

const some = fc.integer({ min: 1, max: 3 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('add' as const, 'news' as const), n: some }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('loseAndRepair' as const, 'takeOver' as const), n: some }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), n: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flag' as const), n: some }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'restore' as const, 'end' as const), n: some }),
  },
  // How messages come: heard, lost, or lost with the connection.
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('hear' as const), n: some }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('miss' as const), n: some }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect' as const), n: some }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('wait' as const, 'answer' as const), n: some }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What a listener makes of the events, which have to follow each other. */
function createListener(begun: StreamState) {
  let state = begun
  const faults: string[] = []
  return {
    faults,
    take(event: EngineEvent): void {
      const tail = state.base + state.chunks.length
      if (event.kind === 'chunks') {
        if (event.from !== tail) faults.push(`chunks after ${event.from} at ${tail}`)
        state = { ...state, chunks: [...state.chunks, ...event.chunks] }
      } else if (event.kind === 'epoch') {
        const at = event.lineage.slice(state.lineage.length).reduce((least, fork) => Math.min(least, fork.at), tail)
        if (at < state.base) faults.push(`forks at ${at}, before ${state.base}`)
        state = { ...state, lineage: event.lineage, chunks: state.chunks.slice(0, at - state.base) }
      } else if (event.kind === 'flag') {
        if (event.name in state.flags) faults.push(`${event.name} again`)
        state = { ...state, flags: { ...state.flags, [event.name]: event.value } }
      } else if (event.kind === 'end') {
        if (state.end !== undefined) faults.push('ends again')
        state = { ...state, end: event.end }
      } else if (event.kind === 'reset') ({ state } = event)
      else faults.push(event.kind)
    },
    /** All chunks that there are, and how it is. */
    get sees() {
      const { lineage, base, chunks, sum, flags, end } = state
      const texts = [...(sum?.split(',') ?? []), ...chunks]
      return { lineage, flags, end, tail: base + chunks.length, texts }
    },
  }
}

async function play(steps: readonly Step[]) {
  const store = createModelStore()
  /** Reads that wait for their answer. */
  const reads: (() => void)[] = []
  let isSlow = true
  const listener = createListener(store.state)
  const tail = createTail({
    id: 'st',
    read: (_id, from) =>
      new Promise((resolve) => {
        const answer = (): void => resolve(store.read(from))
        if (isSlow) reads.push(answer)
        else answer()
      }),
    tell: listener.take,
    now: () => 0,
    patienceMs: 1,
  })
  tail.begin(store.state)
  for (const { kind, n } of steps) {
    if (kind === 'hear') for (const message of store.said.splice(0, n)) tail.hear(message)
    else if (kind === 'miss') store.said.splice(0, n)
    else if (kind === 'reconnect') {
      store.said.length = 0
      tail.missed()
    } else if (kind === 'answer') for (const answer of reads.splice(0)) answer()
    else if (kind === 'flag') store.flag(`flag ${n}`)
    else if (kind === 'wait') await turn()
    else store[kind](n)
    await turn()
  }
  isSlow = false
  store.restore()
  for (const message of store.said.splice(0)) tail.hear(message)
  for (let times = 0; times < 5; times++) {
    for (const answer of reads.splice(0)) answer()
    await turn()
    tail.compare(store.glance())
  }
  await turn()
  const truth = createListener(store.state)
  return { faults: listener.faults, sees: listener.sees, truth: truth.sees }
}

describe('following a stream in the store', () => {
  it('tells all that happens, in order, whatever becomes of the messages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const { faults, sees, truth } = await play(steps)
        expect(faults).toEqual([])
        expect(sees).toEqual(truth)
      }),
      { numRuns: Number(process.env['DELTAWIRE_RUNS'] ?? 500) },
    )
  }, 120_000)

  it('waits for what the store has lost as long as a producer may bring it back, and then it is gone', async () => {
    const store = createModelStore()
    const events: EngineEvent[] = []
    let now = 0
    const tail = createTail({
      id: 'st',
      read: async (_id, from) => store.read(from),
      tell: (event) => void events.push(event),
      now: () => now,
      patienceMs: 30_000,
    })
    tail.begin(store.state)
    store.lose()
    for (const at of [0, 10_000, 29_999]) {
      now = at
      tail.compare(undefined)
      await turn()
      expect([at, events]).toEqual([at, []])
    }
    now = 30_000
    tail.compare(undefined)
    await turn()
    expect(events).toEqual([{ kind: 'gone' }])
  })
})

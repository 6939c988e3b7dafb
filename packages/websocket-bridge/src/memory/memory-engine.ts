import { type Clock, systemClock } from '../clock.ts'
import {
  type Addition,
  type Appended,
  type Created,
  DEFAULT_RETENTION,
  type Engine,
  type EngineEvent,
  type Following,
  type Lease,
  type NewStream,
  type Retention,
  type Snapshot,
  type StreamState,
  type StreamSummary,
} from '../engine.ts'
import { onlyGiven } from '../only-given.ts'

/** An engine in memory, and what tests of it need. */
export interface MemoryEngine extends Engine {
  /** Loses a stream, as a store does that is started again without its data. For tests of what then happens. */
  lose(id: string): void
}

/** How long an engine in memory keeps what. */
export interface MemoryEngineOptions extends Retention {
  /**
   * By which it forgets.
   *
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined
}

/** A stream as the engine keeps it: the state, and what only the engine knows. */
interface Kept extends Omit<StreamState, 'chunks' | 'flags' | 'status' | 'topic'> {
  topic: string | undefined
  lineage: StreamState['lineage']
  base: number
  sum: string | undefined
  chunks: string[]
  end: StreamState['end']
  readonly flags: Map<string, string>
  node: string
  fence: number
  leaseUntil: number
  keptUntil: number
}

type Listener = (event: EngineEvent) => void

/** What a key stands for. One whose stream has gone stands for nothing, and goes with it. */
interface Key {
  readonly id: string
  readonly until: number
}

/**
 * Keeps streams in the memory of this process: for one node, for tests, and to begin with.
 *
 * Several relays of one process may share it. What it keeps is gone with the process.
 */
export function createMemoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const { clock = systemClock, ...retention } = options
  const { leaseMs, liveTtlMs, endedTtlMs, keyTtlMs } = { ...DEFAULT_RETENTION, ...onlyGiven(retention) }
  const streams = new Map<string, Kept>()
  /** Who is attached. Apart from the streams, because a listener outlives a stream that is lost and brought back. */
  const attached = new Map<string, Set<Listener>>()
  const keys = new Map<string, Key>()
  const words = new Map<string, number>()
  const topics = new Map<string, Set<(stream: StreamSummary) => void>>()
  /** The streams that live in each topic, in the order in which they were made. */
  const live = new Map<string, Set<Kept>>()
  const sweep = clock.repeat(Math.min(leaseMs, endedTtlMs, 60_000), forgetTheOld)

  /** The stream, unless its time is over. */
  function find(id: string): Kept | undefined {
    const stream = streams.get(id)
    if (stream === undefined || stream.keptUntil > clock.now()) return stream
    forget(stream)
    return undefined
  }

  function drop(id: string): void {
    unlist(streams.get(id))
    streams.delete(id)
  }

  function forget(stream: Kept): void {
    drop(stream.id)
    if (keys.get(keyOf(stream))?.id === stream.id) keys.delete(keyOf(stream))
    tell(stream.id, { kind: 'gone' })
    attached.delete(stream.id)
  }

  function forgetTheOld(): void {
    const now = clock.now()
    for (const stream of streams.values()) if (stream.keptUntil <= now) forget(stream)
    for (const [key, { until }] of keys) if (until <= now) keys.delete(key)
    for (const [word, until] of words) if (until <= now) words.delete(word)
  }

  function enlist(stream: Kept): void {
    const { topic, end } = stream
    if (topic !== undefined && end === undefined) live.set(topic, (live.get(topic) ?? new Set()).add(stream))
  }

  function unlist(stream: Kept | undefined): void {
    if (stream?.topic === undefined) return
    const { topic } = stream
    const there = live.get(topic)
    if (there?.delete(stream) === true && there.size === 0) live.delete(topic)
  }

  function tell(id: string, event: EngineEvent): void {
    for (const listener of attached.get(id) ?? []) listener(event)
  }

  function announce(stream: Kept): void {
    const listeners = stream.topic === undefined ? undefined : topics.get(stream.topic)
    for (const listener of listeners ?? []) listener(summaryOf(stream))
  }

  function note(stream: Pick<Kept, 'id' | 'key' | 'owner'>): void {
    keys.set(keyOf(stream), { id: stream.id, until: clock.now() + keyTtlMs })
  }

  /** Gives the lease to somebody, who is the only one from then on. */
  function lend(stream: Kept, node: string, fence: number): Lease {
    Object.assign(stream, { node, fence, leaseUntil: clock.now() + leaseMs, keptUntil: clock.now() + liveTtlMs })
    return { id: stream.id, fence, ttlMs: leaseMs }
  }

  function put(state: StreamState, node: string, fence: number): Lease {
    const { topic, chunks, flags, status: _status, ...rest } = state
    const flagged = new Map(Object.entries(flags))
    const stream: Kept = { ...rest, topic, chunks: [...chunks], flags: flagged, leaseUntil: 0, keptUntil: 0 }
    unlist(streams.get(state.id))
    streams.set(state.id, stream)
    enlist(stream)
    return lend(stream, node, fence)
  }

  function create(stream: NewStream): Created {
    const { id, epoch, node, owner, key, request, topic, orphan, mustExist = false } = stream
    const known = keys.get(keyOf(stream))
    const there = known !== undefined && known.until > clock.now() ? find(known.id) : undefined
    if (known !== undefined && there !== undefined) {
      if (there.request !== request) return { outcome: 'conflict', id: known.id }
      // The answer to the same call was lost.
      const isAgain = there.id === id && there.fence === 1 && there.node === node
      return isAgain
        ? { outcome: 'created', lease: { id, fence: 1, ttlMs: leaseMs } }
        : { outcome: 'exists', id: there.id }
    }
    if (mustExist) return { outcome: 'absent' }
    note(stream)
    const createdAt = clock.date()
    const empty = { base: 0, sum: undefined, chunks: [], end: undefined, flags: {}, status: 'live' as const, fence: 1 }
    const about = { id, owner, key, request, topic, orphan, node, createdAt, lineage: [{ e: epoch, at: 0 }] }
    const lease = put({ ...about, ...empty }, node, 1)
    const made = streams.get(id)
    if (made !== undefined) announce(made)
    return { outcome: 'created', lease }
  }

  function append(id: string, { fence, expect, chunks, end, knownFlags = 0 }: Addition): Appended {
    const stream = find(id)
    if (stream === undefined) return { outcome: 'lost' }
    if (stream.fence !== fence) return { outcome: 'fenced' }
    if (stream.end !== undefined) return { outcome: 'ended', end: stream.end }
    const tail = stream.base + stream.chunks.length
    if (tail !== expect) return { outcome: 'elsewhere', tail }
    lend(stream, stream.node, fence)
    for (const chunk of chunks) stream.chunks.push(chunk)
    if (end !== undefined) {
      stream.end = end
      unlist(stream)
      stream.keptUntil = clock.now() + endedTtlMs
    }
    if (chunks.length > 0) tell(stream.id, { kind: 'chunks', from: tail, chunks })
    if (end !== undefined) {
      tell(stream.id, { kind: 'end', end })
      announce(stream)
    }
    return { outcome: 'added', flags: stream.flags.size === knownFlags ? {} : Object.fromEntries(stream.flags) }
  }

  function compact(id: string, { fence, o, sum }: Snapshot): void {
    const stream = find(id)
    if (stream === undefined || stream.fence !== fence) return
    if (o <= stream.base || o > stream.base + stream.chunks.length) return
    stream.chunks.splice(0, o - stream.base)
    stream.base = o
    stream.sum = sum
  }

  function takeOver(id: string, node: string, epoch: string): Lease | undefined {
    const stream = find(id)
    if (stream === undefined || stream.end !== undefined || stream.leaseUntil > clock.now()) return undefined
    const lease = lend(stream, node, stream.fence + 1)
    stream.lineage = [...stream.lineage, { e: epoch, at: stream.base + stream.chunks.length }]
    tell(stream.id, { kind: 'epoch', lineage: stream.lineage })
    return lease
  }

  function restore(state: StreamState, node: string, fence: number): boolean {
    const known = find(state.id)
    if (known !== undefined && known.fence >= fence) return known.fence === fence && known.node === node
    put(state, node, fence)
    if (!keys.has(keyOf(state))) note(state)
    const stream = streams.get(state.id)
    if (stream !== undefined) tell(stream.id, { kind: 'reset', state: stateOf(stream) })
    return true
  }

  function flag(id: string, name: string, value: string): string | undefined {
    const stream = find(id)
    if (stream === undefined) return undefined
    const standing = stream.flags.get(name)
    if (standing !== undefined) return standing
    stream.flags.set(name, value)
    tell(stream.id, { kind: 'flag', name, value })
    return value
  }

  function renew(leases: readonly Lease[]): string[] {
    return leases.flatMap(({ id, fence }) => {
      const stream = find(id)
      if (stream === undefined || stream.fence !== fence || stream.end !== undefined) return [id]
      lend(stream, stream.node, fence)
      return []
    })
  }

  function follow(topic: string, listener: (stream: StreamSummary) => void): Following {
    const listeners = topics.get(topic) ?? new Set()
    topics.set(topic, listeners.add(listener))
    return {
      streams: [...(live.get(topic) ?? [])].map(summaryOf),
      stop() {
        listeners.delete(listener)
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic)
      },
    }
  }

  function list(which: 'all' | 'orphaned', limit: number): StreamSummary[] {
    const now = clock.now()
    const found: StreamSummary[] = []
    for (const stream of [...streams.values()].reverse()) {
      if (found.length >= limit) break
      if (stream.keptUntil <= now) continue
      if (which === 'all' || (stream.end === undefined && stream.leaseUntil <= now)) found.push(summaryOf(stream))
    }
    return found
  }

  function once(word: string, ttlMs: number): boolean {
    const isFirst = (words.get(word) ?? 0) <= clock.now()
    if (isFirst) words.set(word, clock.now() + ttlMs)
    return isFirst
  }

  return {
    create: async (stream) => create(stream),
    append: async (id, addition) => append(id, addition),
    compact: async (id, snapshot) => compact(id, snapshot),
    read: async (id) => {
      const stream = find(id)
      return stream && stateOf(stream)
    },
    attach: async (id, listener) => {
      const stream = find(id)
      if (stream === undefined) return undefined
      // The same function may listen twice.
      const hear: Listener = (event) => listener(event)
      const listeners = attached.get(id) ?? new Set()
      attached.set(id, listeners.add(hear))
      return {
        state: stateOf(stream),
        detach() {
          listeners.delete(hear)
          if (listeners.size === 0 && attached.get(id) === listeners) attached.delete(id)
        },
      }
    },
    watchers: async (id) => attached.get(id)?.size ?? 0,
    takeOver: async (id, { node, epoch }) => takeOver(id, node, epoch),
    renew: async (leases) => renew(leases),
    restore: async (state, { node, fence }) => restore(state, node, fence),
    flag: async (id, name, value) => flag(id, name, value),
    follow: async (topic, listener) => follow(topic, listener),
    list: async (which, limit) => list(which, limit),
    once: async (word, ttlMs) => once(word, ttlMs),
    lose: drop,
    isReachable: true,
    close: async () => {
      sweep.cancel()
      attached.clear()
      topics.clear()
    },
  }
}

const keyOf = ({ owner, key }: Pick<Kept, 'key' | 'owner'>): string => JSON.stringify([owner, key])

const summaryOf = ({ id, owner, topic, end, createdAt }: Kept): StreamSummary => ({
  id,
  owner,
  topic,
  status: end?.st ?? 'live',
  createdAt,
})

function stateOf(stream: Kept): StreamState {
  const { leaseUntil: _lease, keptUntil: _kept, chunks, flags, ...rest } = stream
  return { ...rest, status: stream.end?.st ?? 'live', chunks: [...chunks], flags: Object.fromEntries(flags) }
}

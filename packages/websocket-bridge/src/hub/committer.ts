import type { Clock } from '../clock.ts'
import type { Appended, Engine, Flags, Lease, StreamEnd, StreamState } from '../engine.ts'

/** Brings the chunks of one stream into the store, in order, each once, whatever the store does meanwhile. */
export interface Committer {
  /**
   * Takes a chunk, as JSON.
   *
   * @param sum the sum up to this chunk, as JSON: asked for now and then
   */
  push(chunk: string, sum: () => string): void
  /** Resolves when the store has caught up enough to read on. */
  room(): Promise<void>
  /** Writes the end after everything else. Resolves to whether the store has it. */
  finish(end: StreamEnd): Promise<boolean>
  /** The store does not know the lease: an addition of nothing tells why, and brings the stream back where it was lost. */
  doubt(): void
  /** Gives up: the lease is lost. */
  abandon(): void
  /** When the store last said that the lease is ours, by the clock of this node. */
  confirmedAt: number
  /** The lease as it is now: bringing a stream back makes a new one. */
  readonly lease: Lease
  readonly isAbandoned: boolean
}

export interface CommitterOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly lease: Lease
  readonly node: string
  /** What the store has of the stream now. */
  readonly state: StreamState
  readonly newEpoch: () => string
  readonly onFlags: (flags: Flags) => void
  /** The stream is somebody else's now. */
  readonly onLost: () => void
}

/** No addition is larger: it must pass the buffers of a store's announcements. */
const MAX_BATCH_LENGTH = 65_536
/** A store that is so far behind makes the source wait. */
const MAX_PENDING_LENGTH = 1024 * 1024
const MAX_BEHIND_MS = 2_000
/** How soon an addition is tried again whose answer did not come. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500
/** A log that is longer than this, and than the sum, is replaced by the sum. */
const LEAST_COMPACTION_LENGTH = 32_768

/**
 * Makes the way from a producer to the store.
 *
 * One addition at a time: chunks that come meanwhile go together in the next one. After an answer that did not come the
 * same addition is sent again, and its offset tells what had become of it. The producer keeps what the store has, as sum
 * and chunks, so that it can bring it back.
 */
export function createCommitter(options: CommitterOptions): Committer {
  const { engine, clock, node, state, newEpoch, onFlags, onLost } = options
  const { id } = options.lease
  let { fence } = options.lease
  /** What is known of the stream: the sum up to `base`, and the chunks after it. */
  let { base, sum } = state
  const chunks = [...state.chunks]
  let flags = state.flags
  /** The last offset that the store has. */
  let acked = base + chunks.length
  let pendingLength = 0
  let behindSince: number | undefined
  let end: StreamEnd | undefined
  let isRunning = false
  let isDone = false
  let isDoubted = false
  let loggedLength = 0
  let nextCompaction = LEAST_COMPACTION_LENGTH
  let snapshot: { o: number; sum: string } | undefined
  let waiting: (() => void)[] = []
  let onFinished = (_isStored: boolean): void => {}

  const tail = (): number => base + chunks.length
  const hasRoom = (): boolean =>
    pendingLength < MAX_PENDING_LENGTH && (behindSince === undefined || clock.now() - behindSince < MAX_BEHIND_MS)

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    let pauseMs = FIRST_PAUSE_MS
    while (!committer.isAbandoned && !isDone && (acked < tail() || end !== undefined || isDoubted)) {
      const askedAt = clock.now()
      behindSince ??= askedAt
      const batch = nextBatch()
      const last = acked + batch.length === tail() ? end : undefined
      const knownFlags = Object.keys(flags).length
      try {
        const answer = await engine.append(id, { fence, expect: acked, chunks: batch, end: last, knownFlags })
        // A store that has lost the stream says so and is asked to take it back: one that then fails is waited for.
        await settle(answer, batch.length, last !== undefined, askedAt)
        pauseMs = FIRST_PAUSE_MS
      } catch {
        await pause(pauseMs)
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      }
    }
    isRunning = false
  }

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.start(ms, resolve))

  function nextBatch(): string[] {
    const batch: string[] = []
    let length = 0
    for (let at = acked - base; at < chunks.length; at++) {
      const chunk = chunks[at] ?? ''
      length += chunk.length
      if (batch.length > 0 && length > MAX_BATCH_LENGTH) break
      batch.push(chunk)
    }
    return batch
  }

  async function settle(answer: Appended, count: number, isLast: boolean, askedAt: number): Promise<void> {
    switch (answer.outcome) {
      case 'added':
        committer.confirmedAt = askedAt
        isDoubted = false
        flags = { ...flags, ...answer.flags }
        moveTo(acked + count)
        if (isLast) finished(true)
        onFlags(answer.flags)
        await compact()
        return
      case 'elsewhere':
        // Between what is kept and what was sent: added before, or lost since. Anything else cannot be mended by adding.
        if (answer.tail >= base && answer.tail <= tail()) moveTo(answer.tail)
        else await bringBack()
        return
      case 'lost':
        await bringBack()
        return
      case 'ended':
        finished(true)
        return
      case 'fenced':
        committer.abandon()
    }
  }

  function moveTo(offset: number): void {
    for (let at = acked; at < offset; at++) pendingLength -= chunks[at - base]?.length ?? 0
    for (let at = offset; at < acked; at++) pendingLength += chunks[at - base]?.length ?? 0
    acked = offset
    behindSince = acked < tail() ? clock.now() : undefined
    wake()
  }

  /** The store has lost what it had: it gets it again, as a new life of the stream. */
  async function bringBack(): Promise<void> {
    fence++
    const known = chunks.slice(0, acked - base)
    const lineage = [{ e: newEpoch(), at: 0 }]
    const lost: StreamState = {
      ...state,
      lineage,
      base,
      sum,
      chunks: known,
      flags,
      node,
      fence,
      status: 'live',
      end: undefined,
    }
    if (!(await engine.restore(lost, { node, fence }))) committer.abandon()
  }

  async function compact(): Promise<void> {
    if (snapshot === undefined || snapshot.o > acked || isDone) return
    const { o } = snapshot
    sum = snapshot.sum
    chunks.splice(0, o - base)
    base = o
    nextCompaction = Math.max(LEAST_COMPACTION_LENGTH, sum.length)
    snapshot = undefined
    loggedLength = chunks.reduce((length, chunk) => length + chunk.length, 0)
    await engine.compact(id, { fence, o, sum })
  }

  function finished(isStored: boolean): void {
    isDone = true
    onFinished(isStored)
    wake()
  }

  function wake(): void {
    if (!committer.isAbandoned && !isDone && !hasRoom()) return
    for (const resume of waiting) resume()
    waiting = []
  }

  const committer: Committer = {
    confirmedAt: clock.now(),
    get lease() {
      return { ...options.lease, fence }
    },
    get isAbandoned() {
      return isAbandoned
    },
    push(chunk, sumNow) {
      chunks.push(chunk)
      pendingLength += chunk.length
      loggedLength += chunk.length
      if (loggedLength > nextCompaction && snapshot === undefined) snapshot = { o: tail(), sum: sumNow() }
      void run()
    },
    async room() {
      while (!isAbandoned && !isDone && !hasRoom()) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async finish(how) {
      if (isAbandoned) return false
      const stored = new Promise<boolean>((resolve) => {
        onFinished = resolve
      })
      end = how
      void run()
      return stored
    },
    doubt() {
      isDoubted = true
      void run()
    },
    abandon() {
      if (isAbandoned || isDone) return
      isAbandoned = true
      onFinished(false)
      wake()
      onLost()
    },
  }
  let isAbandoned = false
  return committer
}

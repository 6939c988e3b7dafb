import type { ChatCompletionChunk } from '@deltawire/core'
import type { Clock } from '../clock.ts'
import type { Engine, Lease, StreamEnd, StreamState } from '../engine.ts'
import { checksum } from '../protocol/checksum.ts'
import type { Ending, WireChunk, WireError } from '../protocol/frame.ts'
import { isDeeper } from '../protocol/is-deeper.ts'
import { addWireChunk } from '../protocol/receive.ts'
import { toWireChunk } from '../protocol/wire-chunk.ts'
import { type Committer, createCommitter } from './committer.ts'
import type { Limits } from './limits.ts'
import type { LocalStream } from './local-streams.ts'
import { createToolOutputs } from './tool-outputs.ts'
import { wireErrorOf } from './wire-error-of.ts'

/** How a source is told to end. */
interface Stop {
  readonly st: Ending
  readonly err?: WireError
}

/** A stream that this node produces. */
export interface Production {
  readonly stream: LocalStream
  readonly lease: Lease
  /** Resolves when it is over: with the end that the store has, or `undefined` if the stream is somebody else's now. */
  readonly done: Promise<StreamEnd | undefined>
  /** Ends it, with what has come. */
  stop(how: Stop): void
  /** Gives it up: the lease is lost. */
  abandon(): void
  /** The store does not know the lease. */
  doubt(): void
  /** The store has said that the lease is ours. @param at when it was asked */
  confirm(at: number): void
  /** Once a second. */
  tick(now: number): void
  /** The sum so far: only to be read. */
  readonly sum: WireChunk | undefined
}

/** What a source can ask of the relay. */
export interface SourceContext {
  /** Aborts when the stream is to end: cancelled, too long, silent for too long, given up. */
  readonly signal: AbortSignal
  /**
   * Resolves to the output of a tool call, which any client may give; the first one counts.
   *
   * @param call the id of the call
   */
  toolOutput(call: string): Promise<unknown>
}

/** What a relay reads: the chunks of one answer. A stream of any provider, once it is normalized. */
export type Source = AsyncIterable<ChatCompletionChunk>

export interface ProducerOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly limits: Limits
  readonly node: string
  readonly newEpoch: () => string
  readonly lease: Lease
  /** What the store has of the stream now. */
  readonly state: StreamState
  readonly stream: LocalStream
  /** Gives the source; `undefined` if there is none, which interrupts the stream. */
  readonly open: (context: SourceContext) => Promise<Source | undefined> | Source | undefined
  /** Called for each chunk of the source. */
  readonly onChunk: () => void
  /** Called with why a source failed, of which clients are told only the kind. */
  readonly onError: (reason: unknown) => void
}

/** A sum that is nearly too long is not measured for each chunk. */
const LEAST_MEASURED_LENGTH = 65_536

/** As deep as `@deltawire/core` reads by default: not every source is read by it, and a sum must have a checksum. */
const MAX_DEPTH = 2_000

/** The name under which somebody asks for the end of a stream, and of the output of a call. */
export const CANCEL_FLAG = 'cancel'
export const toolFlag = (call: string): string => `tool:${call}`

/** Reads a source to its end, and brings what it gives into the store. */
export function startProducer(options: ProducerOptions): Production {
  const { clock, limits, lease, state, stream, onChunk, onError } = options
  const abort = new AbortController()
  const outputs = createToolOutputs({ clock, timeoutMs: limits.toolTimeoutMs, signal: abort.signal })
  const startedAt = clock.now()
  let { sum, length } = sumOf(state)
  let offset = state.base + state.chunks.length
  let nextMeasure = limits.maxStreamLength
  let stopped: Stop | undefined
  let heardAt = startedAt
  let wake = (): void => {}

  function stop(how: Stop): void {
    if (stopped !== undefined) return
    stopped = how
    abort.abort(new DOMException(`the stream has ended: ${how.st}`, 'AbortError'))
    wake()
  }

  const committer: Committer = createCommitter({
    ...options,
    onFlags: takeFlags,
    // There will be no end of ours.
    onLost: () => stop({ st: 'interrupted' }),
  })

  function takeFlags(flags: { readonly [name: string]: string }): void {
    for (const [name, value] of Object.entries(flags)) takeFlag(name, value)
  }

  function takeFlag(name: string, value: string): void {
    if (name === CANCEL_FLAG) stop({ st: 'cancelled' })
    outputs.take(name, value)
  }

  async function toolOutput(call: string): Promise<unknown> {
    const name = toolFlag(call)
    try {
      return await outputs.wait(name, Object.hasOwn(stream.flags, name) ? stream.flags[name] : undefined)
    } finally {
      heardAt = clock.now()
    }
  }

  function take(chunk: ChatCompletionChunk): void {
    if (offset >= limits.maxStreamChunks) {
      stop(limitStop('maxStreamChunks', limits))
      return
    }
    const wire = toWireChunk(chunk, sum)
    const json = JSON.stringify(wire)
    if (json.length > 2 * MAX_DEPTH && isDeeper(wire, MAX_DEPTH))
      throw new Error(`a chunk of the source nests more than ${MAX_DEPTH} levels`)
    sum = addWireChunk(sum, wire)
    offset++
    length += json.length
    heardAt = clock.now()
    onChunk()
    committer.push(json, () => JSON.stringify(sum))
    if (length > nextMeasure) measure()
  }

  /** What was added is longer than what it adds to the sum: the sum is only written out where it may be too long. */
  function measure(): void {
    const room = limits.maxStreamLength - JSON.stringify(sum).length
    if (room < 0) stop(limitStop('maxStreamLength', limits))
    nextMeasure = length + Math.max(room, LEAST_MEASURED_LENGTH)
  }

  /** Reads until the source ends or somebody ends it. */
  async function read(): Promise<Stop> {
    if (stopped !== undefined) return stopped
    const opening = Promise.resolve(options.open({ signal: abort.signal, toolOutput }))
    const source = await untilStopped(opening)
    if (source === undefined) {
      // One that comes too late is not read, and is told so.
      void opening.then((late) => late?.[Symbol.asyncIterator]().return?.()).catch(() => {})
      return stopped ?? { st: 'interrupted' }
    }
    const iterator = source[Symbol.asyncIterator]()
    try {
      while (stopped === undefined) {
        const next = await untilStopped(iterator.next())
        if (next === undefined || next.done === true) break
        take(next.value)
        await committer.room()
      }
    } finally {
      // A source that is stopped need not answer.
      if (stopped !== undefined) void Promise.resolve(iterator.return?.()).catch(() => {})
    }
    return stopped ?? { st: 'done' }
  }

  /** What a promise gives, or `undefined` when the stream is stopped before. Leaves nothing on a promise that stays. */
  function untilStopped<T>(promise: Promise<T> | T): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (stopped !== undefined) {
        resolve(undefined)
        void Promise.resolve(promise).catch(() => {})
        return
      }
      wake = () => resolve(undefined)
      Promise.resolve(promise).then(resolve, reject)
    })
  }

  async function run(): Promise<StreamEnd | undefined> {
    stream.holds++
    stream.flagListeners.add(takeFlag)
    try {
      const how = await read().catch((reason: unknown): Stop => {
        if (stopped !== undefined) return stopped
        onError(reason)
        return { st: 'failed', err: wireErrorOf(reason) }
      })
      const end: StreamEnd = { ...how, h: checksum(sum) }
      return (await committer.finish(end)) ? end : undefined
    } finally {
      stopped ??= { st: 'done' }
      stream.flagListeners.delete(takeFlag)
      stream.holds--
    }
  }

  // What was put on it while the state was on its way has been told already.
  takeFlags({ ...state.flags, ...stream.flags })
  return {
    stream,
    get lease() {
      return committer.lease
    },
    done: run(),
    stop,
    abandon: () => committer.abandon(),
    doubt: () => committer.doubt(),
    confirm(at) {
      committer.confirmedAt = Math.max(committer.confirmedAt, at)
    },
    tick(now) {
      // The store has given the stream to somebody else by now, or is about to.
      if (now - committer.confirmedAt >= lease.ttlMs) committer.abandon()
      else if (now - startedAt >= limits.maxStreamMs) stop(limitStop('maxStreamMs', limits))
      else if (!outputs.areAwaited && now - heardAt >= limits.idleTimeoutMs)
        stop({ st: 'failed', err: { code: 'source_stalled', message: 'The model stopped answering.' } })
    },
    get sum() {
      return sum
    },
  }
}

function limitStop(limit: keyof Limits, limits: Limits): Stop {
  const message = `The stream is longer than allowed: ${limits[limit]} (${limit}).`
  return { st: 'limit', err: { code: 'limit_exceeded', message } }
}

function sumOf({ sum: json, chunks }: StreamState): { sum: WireChunk | undefined; length: number } {
  // Both were written by `JSON.stringify` from chunks as they travel.
  let sum = json === undefined ? undefined : (JSON.parse(json) as WireChunk)
  for (const chunk of chunks) sum = addWireChunk(sum, JSON.parse(chunk) as WireChunk)
  return { sum, length: (json?.length ?? 0) + chunks.reduce((length, chunk) => length + chunk.length, 0) }
}

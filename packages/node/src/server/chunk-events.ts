import { encodeChunk, encodeComment, encodeDone } from '@deltawire/core'
import { checkAtLeast } from '../check-at-least.ts'
import { encodeApiError } from './api-error.ts'
import { createBacklog } from './backlog.ts'
import { cancelSource, type ChunkIterator, type ChunkSource, iteratorOf } from './chunk-source.ts'
import { splitUsage } from './split-usage.ts'
import { systemTimers, type Timers } from './timers.ts'
import { toApiError } from './to-api-error.ts'

/** How a stream ended. */
export type StreamEnd =
  /** All of it was handed over, `[DONE]` included. */
  | { how: 'complete' }
  /** Nobody is there any more. The source was cancelled. */
  | { how: 'client_left' }
  /** The source broke. The client was told what `toApiError` makes of it; `error` is what it was. */
  | { how: 'failed'; error: unknown }

/** How a stream is sent: heartbeats, what may be pending for a slow client, who hears how it ended. */
export interface EventStreamInit {
  /**
   * A comment is sent as often as this while the source is silent, from before the first chunk on.
   *
   * Load balancers and proxies close what is quiet for 60 or 100 seconds, and Bun for 10. `0` sends none.
   *
   * @defaultValue `15_000`
   */
  heartbeatMs?: number | undefined
  /**
   * Whether the client gets the usage, in one last chunk. Say what its request says in `stream_options.include_usage`.
   *
   * @defaultValue `true`
   */
  includeUsage?: boolean | undefined
  /**
   * Characters that may be pending for a client that reads slowly. The source is not read on while there are more.
   *
   * Until then the source is read at its own speed, and what is pending is summed up.
   *
   * @defaultValue `1024 * 1024`: more than almost any answer, so that a slow client does not hold up a model
   */
  maxPendingLength?: number | undefined
  /** Called once, when the stream has ended. The place to log what a client is not told. */
  onEnd?: ((end: StreamEnd) => void) | undefined
  /** The clock of the heartbeats. For tests. */
  timers?: Timers | undefined
}

/** The texts of an event stream, one after the other, at the speed of whoever takes them. */
export interface ChunkEvents {
  /** Resolves when there is something to send. Reading the source begins with the first call. */
  ready(): Promise<void>
  /** Why the source broke, if it did so before there was anything to send. */
  readonly refusal: { reason: unknown } | undefined
  /** What is to be sent next. `undefined` after the end. */
  next(): Promise<string | undefined>
  /** The client has gone: cancels the source at once. */
  leave(): void
}

/** A source that never waits must not keep the process from everything else: so many chunks, then others have a turn. */
const CHUNKS_PER_TURN = 128

const asleep = (): void => {}

/**
 * Turns chunks into the texts of an event stream.
 *
 * The source is read at its own speed. What has not been taken is summed up, heartbeats come while there is nothing to
 * take, and the end is `[DONE]` or an error.
 *
 * @param tell what a client is told of a failure
 * @throws TypeError for what is no source, or no such option
 */
export function createChunkEvents(chunks: ChunkSource, init: EventStreamInit = {}, tell = toApiError): ChunkEvents {
  checkSource(chunks)
  const heartbeatMs = checkAtLeast(0, 'heartbeatMs', init.heartbeatMs ?? 15_000, 15_000)
  const maxPendingLength = checkAtLeast(0, 'maxPendingLength', init.maxPendingLength ?? 1024 * 1024, 1024 * 1024)
  const { timers = systemTimers } = init
  const usage = splitUsage(init.includeUsage ?? true)
  const backlog = createBacklog()
  let iterator: ChunkIterator | undefined
  let heartbeat: { timer: unknown } | undefined
  let isBeatDue = false
  /** How the source ended. */
  let end: { reason?: unknown } | undefined
  /** Whether the stream has, too. */
  let isOver = false
  let hasSent = false
  let wakeClient = asleep
  let wakeSource = asleep

  function begin(): void {
    iterator = iteratorOf(chunks)
    // The last interval that a timer of Node.js can count is 2 ** 31 - 1.
    if (heartbeatMs > 0 && heartbeatMs < 2 ** 31) heartbeat = { timer: timers.setInterval(beat, heartbeatMs) }
    void drain(iterator)
  }

  function beat(): void {
    // Somebody who is not waiting has bytes to read.
    if (wakeClient === asleep) return
    isBeatDue = true
    wake()
  }

  function wake(): void {
    const resolve = wakeClient
    wakeClient = asleep
    resolve()
  }

  function resume(): void {
    const resolve = wakeSource
    wakeSource = asleep
    resolve()
  }

  async function drain(source: ChunkIterator): Promise<void> {
    let isSourceOver = false
    try {
      for (let count = 1; !isOver; count++) {
        isSourceOver = true
        const result = await source.next()
        isSourceOver = result.done === true
        if (isOver) return
        if (result.done === true) break
        const chunk = usage.pass(result.value)
        // Whoever waits takes this one, and comes back if it can: a client that keeps up gets every chunk as it came.
        const isAwaited = chunk !== undefined && wakeClient !== asleep
        if (chunk !== undefined) backlog.push(chunk)
        if (isAwaited) wake()
        if (isAwaited || backlog.length > maxPendingLength) await new Promise<void>((resolve) => (wakeSource = resolve))
        else if (count % CHUNKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      const last = usage.end()
      if (last !== undefined) backlog.push(last)
      end = {}
    } catch (reason) {
      end = { reason }
      // What it gave was no chunk: it does not know yet that nobody will read on.
      if (!isSourceOver) void cancelSource(source)
    }
    stopHeartbeat()
    wake()
  }

  async function ready(): Promise<void> {
    if (iterator === undefined && !isOver) begin()
    if (!backlog.isEmpty || end !== undefined || isOver || isBeatDue) return
    resume()
    await new Promise<void>((resolve) => (wakeClient = resolve))
  }

  async function next(): Promise<string | undefined> {
    await ready()
    if (isOver) return undefined
    hasSent = true
    let text = ''
    for (const chunk of backlog.take()) text += encodeChunk(chunk)
    // For a client that does not come back at once.
    if (wakeSource !== asleep) setImmediate(resume)
    if (end !== undefined) {
      text += 'reason' in end ? encodeApiError(tell(end.reason)) : encodeDone()
      close('reason' in end ? { how: 'failed', error: end.reason } : { how: 'complete' })
    } else if (text === '') text = encodeComment('keep-alive')
    isBeatDue = false
    return text
  }

  function leave(): void {
    if (isOver) return
    const opened = iterator
    close({ how: 'client_left' })
    // Also a source that was never begun: a body that nobody reads holds a connection.
    if (end === undefined) void cancelSource(opened ?? iteratorOf(chunks))
    backlog.take()
    wake()
    resume()
  }

  function close(how: StreamEnd): void {
    isOver = true
    stopHeartbeat()
    init.onEnd?.(how)
  }

  function stopHeartbeat(): void {
    if (heartbeat !== undefined) timers.clearInterval(heartbeat.timer)
    heartbeat = undefined
  }

  return {
    ready,
    next,
    leave,
    get refusal() {
      return !hasSent && backlog.isEmpty && end !== undefined && 'reason' in end ? { reason: end.reason } : undefined
    },
  }
}

function checkSource(chunks: ChunkSource): void {
  if (typeof chunks === 'object' && chunks !== null && (Symbol.asyncIterator in chunks || Symbol.iterator in chunks))
    return
  throw new TypeError(
    'an event stream is made of chunks to iterate over, as in toEventStream(streamChatCompletion(request))',
  )
}

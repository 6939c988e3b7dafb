import type { CreateSseParser, StreamEvent } from '@deltawire/core'
import { connectionLost } from '../follow/connection-lost.ts'
import type { Environment } from '../follow/environment.ts'
import { afterSilence } from './after-silence.ts'
import { type ChunkDecoder, type Decoded, isDone } from './plain-decoder.ts'
import { timedOut } from './timed-out.ts'
import type { ChunkEvent } from './transport.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  readonly environment: Environment
  readonly idleTimeoutMs: number
  /** Makes the reader of the body's text. */
  readonly framer: CreateSseParser
  /** Whether an event that the body ends without closing is one. Never where it can be had again, whole. */
  readonly isLastEventTaken: boolean
}

/** Read at once, a burst would hold up the page: so much of it is decoded before others get their turn. */
const SLICE_BYTES = 32 * 1024

/**
 * The chunks of a body, as they arrive: those of one piece together.
 *
 * @throws StreamError `connection_lost`, `timeout`, and what the decoder finds; an abort's reason
 */
export async function* readBody(
  body: ReadableStream<Uint8Array>,
  decoder: ChunkDecoder,
  { signal, environment, idleTimeoutMs, framer, isLastEventTaken }: ReadOptions,
): AsyncGenerator<readonly ChunkEvent[], void, undefined> {
  const reader = body.getReader()
  const text = new TextDecoder()
  let events: ChunkEvent[] = []
  /** What the decoder said last: nothing is read after an end. */
  let last: Partial<Decoded> = {}
  let isAtEnd = false
  let pieces = 0
  let isLate = false

  function take(decoded: Decoded, { id, event }: Partial<StreamEvent> = {}): void {
    last = decoded
    const { chunks } = decoded
    for (const [at, chunk] of chunks.entries())
      events.push({
        chunk,
        // Several chunks of one event are at its place when the last of them has come.
        id: at === chunks.length - 1 ? id : undefined,
        // So the relay calls what takes the place of all before.
        isWhole: (event === 'sum' && at === 0) || undefined,
      })
  }

  const sink = framer((event) => {
    if (last.done !== true && (!isAtEnd || isLastEventTaken || isDone(event))) take(decoder.push(event), event)
  })

  /** Any byte is a sign of life, also those of a comment. */
  async function read(): Promise<Uint8Array | undefined> {
    const cancel = afterSilence(environment, idleTimeoutMs, () => {
      isLate = true
      reader.cancel().catch(() => {})
    })
    try {
      return (await reader.read()).value
    } catch (cause) {
      signal.throwIfAborted()
      throw connectionLost('the connection broke', cause, pieces)
    } finally {
      cancel()
    }
  }

  function* give(): Generator<readonly ChunkEvent[], boolean, undefined> {
    const given = events
    events = []
    if (given.length > 0) yield given
    if (last.error !== undefined) throw last.error
    return last.done === true
  }

  try {
    for (let value; (value = await read()) !== undefined; pieces++)
      for (let at = 0; at < value.length; at += SLICE_BYTES) {
        sink.push(text.decode(value.subarray(at, at + SLICE_BYTES), { stream: true }))
        if (yield* give()) return
      }
    if (isLate) throw timedOut('idle', idleTimeoutMs)
    isAtEnd = true
    sink.push(text.decode())
    sink.end()
    if (last.done !== true) take(decoder.end())
    yield* give()
  } finally {
    // Letting go of a reader is not enough: the server would go on sending.
    reader.cancel().catch(() => {})
  }
}

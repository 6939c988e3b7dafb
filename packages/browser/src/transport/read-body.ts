import { type CreateSseParser, StreamError, type StreamEvent } from '@deltawire/core'
import type { Environment } from '../follow/environment.ts'
import { type ChunkDecoder, type Decoded, isDone } from './plain-decoder.ts'
import type { ChunkEvent } from './transport.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  readonly environment: Environment
  readonly idleTimeoutMs: number
  readonly decoder: ChunkDecoder
  /** Makes the reader of the body's text. */
  readonly framer: CreateSseParser
  /** Whether an event that the body ends without closing is one. Never where it can be had again, whole. */
  readonly isLastEventTaken: boolean
  /** Whether the server takes a stream up at an event's id. Otherwise the ids mean nothing. */
  readonly areIdsKept: boolean
}

/** Read at once, a burst would hold up the page: so much of it is decoded before others get their turn. */
const SLICE_BYTES = 32 * 1024

/**
 * The chunks of a body, as they arrive.
 *
 * @throws StreamError `connection_lost`, `timeout`, and what the decoder finds; an abort's reason
 */
export async function* readBody(
  body: ReadableStream<Uint8Array>,
  { signal, environment, idleTimeoutMs, decoder, framer, isLastEventTaken, areIdsKept }: ReadOptions,
): AsyncGenerator<ChunkEvent, void, undefined> {
  const reader = body.getReader()
  const text = new TextDecoder()
  let events: StreamEvent[] = []
  const sink = framer((event) => events.push(event))
  let pieces = 0
  let isLate = false

  /** Any byte is a sign of life, also those of a comment. */
  async function read(): Promise<Uint8Array | undefined> {
    const cancel = environment.after(idleTimeoutMs, () => {
      isLate = true
      void reader.cancel()
    })
    try {
      return (await reader.read()).value
    } catch (cause) {
      throw signal.aborted
        ? signal.reason
        : new StreamError('connection_lost', 'the connection broke', { pieces }, { cause })
    } finally {
      cancel()
    }
  }

  function* give({ chunks, done, error }: Decoded, id?: string): Generator<ChunkEvent, boolean, undefined> {
    let rest = chunks.length
    // Several chunks of one event are at its place when the last of them has come.
    for (const chunk of chunks) yield { chunk, id: --rest > 0 || !areIdsKept ? undefined : id }
    if (error !== undefined) throw error
    return done
  }

  function* decode(): Generator<ChunkEvent, boolean, undefined> {
    const arrived = events
    events = []
    for (const event of arrived) if (yield* give(decoder.push(event), event.id)) return true
    return false
  }

  try {
    for (let value; (value = await read()) !== undefined; pieces++)
      for (let at = 0; at < value.length; at += SLICE_BYTES) {
        sink.push(text.decode(value.subarray(at, at + SLICE_BYTES), { stream: true }))
        if (yield* decode()) return
      }
    if (isLate) {
      const message = `nothing came for ${idleTimeoutMs} ms`
      throw new StreamError('timeout', message, { phase: 'idle', timeoutMs: idleTimeoutMs })
    }
    sink.push(text.decode())
    sink.end()
    if (!isLastEventTaken) events = events.filter(isDone)
    if (!(yield* decode())) yield* give(decoder.end())
  } finally {
    // Letting go of a reader is not enough: the server would go on sending.
    reader.cancel().catch(() => {})
  }
}

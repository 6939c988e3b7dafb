import { type CreateSseParser, StreamError, type StreamEvent, type TextSink } from '@deltawire/core'
import type { Environment } from '../follow/environment.ts'
import { type ChunkDecoder, isDone } from './plain-decoder.ts'
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
  const events: StreamEvent[] = []
  const sink: TextSink = framer((event) => events.push(event))
  let pieces = 0

  function* decode(): Generator<ChunkEvent, boolean, undefined> {
    for (const event of events.splice(0)) {
      const { chunks, done, error } = decoder.push(event)
      yield* withId(chunks, areIdsKept ? event.id : undefined)
      if (error !== undefined) throw error
      if (done) return true
    }
    return false
  }

  try {
    for (;;) {
      const { done, value } = await readInTime(reader, { signal, environment, idleTimeoutMs, pieces })
      if (done) break
      pieces++
      for (let at = 0; at < value.length; at += SLICE_BYTES) {
        sink.push(text.decode(value.subarray(at, at + SLICE_BYTES), { stream: true }))
        if (yield* decode()) return
      }
    }
    sink.push(text.decode())
    sink.end()
    if (!isLastEventTaken) events.splice(0, events.length, ...events.filter(isDone))
    if (yield* decode()) return
    const { chunks, error } = decoder.end()
    yield* withId(chunks, undefined)
    if (error !== undefined) throw error
  } finally {
    // Letting go of a reader is not enough: the server would go on sending.
    reader.cancel().catch(() => {})
  }
}

/** Several chunks of one event are at its place when the last of them has come. */
function* withId(chunks: readonly ChunkEvent['chunk'][], id: string | undefined): Generator<ChunkEvent> {
  for (const [at, chunk] of chunks.entries()) yield { chunk, id: at === chunks.length - 1 ? id : undefined }
}

interface InTime extends Pick<ReadOptions, 'environment' | 'idleTimeoutMs' | 'signal'> {
  readonly pieces: number
}

/** Any byte is a sign of life, also those of a comment. */
function readInTime(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { signal, environment, idleTimeoutMs, pieces }: InTime,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const cancel = environment.after(idleTimeoutMs, () => {
      const message = `nothing came for ${idleTimeoutMs} ms`
      reject(new StreamError('timeout', message, { phase: 'idle', timeoutMs: idleTimeoutMs }))
    })
    reader
      .read()
      .then(resolve, (cause: unknown) =>
        reject(
          signal.aborted
            ? (signal.reason as Error)
            : new StreamError('connection_lost', 'the connection broke', { pieces }, { cause }),
        ),
      )
      .finally(cancel)
  })
}

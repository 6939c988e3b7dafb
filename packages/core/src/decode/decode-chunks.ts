import type { ChatCompletionChunk } from '../chunk.ts'
import type { Warning } from '../normalize/warning.ts'
import { createDecoder, type DecodeOptions } from './decoder.ts'
import type { StreamEvent } from './frame.ts'

export type { Warning }

/** Normalized chunks, and what could not be decided on the way. */
export interface ChunkStream extends AsyncGenerator<ChatCompletionChunk, void, undefined> {
  /** Grows while the stream is read. */
  readonly warnings: readonly Warning[]
  /**
   * Reads to the end and resolves to the sum, and to why the stream broke if it did.
   *
   * For whoever only wants the answer: a source that can sum without making chunks has it. Never rejects.
   */
  fold?(): Promise<Folded>
}

/** A stream that was read to its end without making its chunks. */
export interface Folded {
  /** All that arrived. `undefined` if no chunk did. */
  sum: ChatCompletionChunk | undefined
  /** What the stream would have thrown. */
  failure: { reason: unknown } | undefined
}

/**
 * Decodes events into normalized chunks.
 *
 * Ends at `[DONE]`, or with the events if every choice has a finish reason by then. A stream that breaks gives what
 * arrived and then throws; `accumulate` turns that into a result.
 *
 * @throws StreamError `upstream_error`, `invalid_json`, `incomplete_stream`, `no_chunk`, `limit_exceeded`; whatever
 *   `events` throws
 */
export function decodeChunks(
  events: AsyncIterable<StreamEvent> | Iterable<StreamEvent>,
  options: DecodeOptions = {},
): ChunkStream {
  const decoder = createDecoder(options)

  async function* decode(): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    try {
      for await (const event of events) {
        const { chunks, done, error } = decoder.push(event)
        for (const chunk of chunks) yield chunk
        if (error !== undefined) throw error
        if (done) return
      }
    } catch (reason) {
      // What was held back comes before the reason why nothing more will.
      for (const chunk of decoder.end().chunks) yield chunk
      throw reason
    }
    const { chunks, error } = decoder.end()
    for (const chunk of chunks) yield chunk
    if (error !== undefined) throw error
  }

  return Object.defineProperty(decode(), 'warnings', { get: () => decoder.warnings }) as ChunkStream
}

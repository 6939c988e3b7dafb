import type { ChunkStream, DecodeOptions } from '@deltawire/core'
import { checkSource, openReader } from './byte-reader.ts'
import { ByteChunkStream } from './chunk-stream.ts'
import type { ByteSource } from './read-events.ts'

/** What only the caller knows (`n`, `cumulative`), and the limits of a stream. */
export type ReadChunksOptions = DecodeOptions

/**
 * Reads the chunks of a chat-completion stream from its bytes, whoever sent them.
 *
 * Takes an async iterable of bytes or text (a file, a socket, standard input), a `ReadableStream` or a `Response`.
 * The chunks are normalized: whatever the provider's habits, they have the official shape. Leaving the loop early
 * cancels the source.
 *
 * ```ts
 * const { completion, complete, error } = await accumulate(readChunks(response))
 * ```
 *
 * @throws StreamError, after everything that arrived: `http_status`, `upstream_error`, `invalid_json`,
 *   `incomplete_stream`, `no_chunk`, `limit_exceeded`, `connection_lost`. An abort's reason as it came.
 * @throws TypeError at once for what is no source of bytes
 */
export function readChunks(source: ByteSource | Response, options: ReadChunksOptions = NONE): ChunkStream {
  checkSource(source)
  return new ByteChunkStream(() => openReader(source), options)
}

const NONE: ReadChunksOptions = {}

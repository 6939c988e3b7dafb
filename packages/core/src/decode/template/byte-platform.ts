import type { ChatCompletionChunk } from '../../chunk.ts'
import type { AnyStreamError } from '../../error.ts'
import type { Warning } from '../../normalize/warning.ts'
import type { CreateSseParser } from '../frame.ts'
import type { DecodeRange } from './pending-text.ts'

/** What core may not name: the platform's way from bytes to text, and an SSE parser. */
export interface BytePlatform {
  createSseParser: CreateSseParser
  /** A streaming, non-fatal UTF-8 decoder, as `new TextDecoder()` is. */
  createTextDecoder: () => { decode(bytes?: Uint8Array, options?: { stream?: boolean }): string }
  /** Text of a range of UTF-8, as a decoder gives it that is neither fatal nor drops a byte order mark. */
  decodeRange: DecodeRange
}

/**
 * Decodes the bytes of one stream, without waiting for anything: an adapter pushes what it reads and takes what is
 * ready.
 */
export interface ByteDecoder {
  /** Takes the next bytes, cut anywhere. They may be read until the next call, and are not changed. */
  push(bytes: Uint8Array): void
  /** Takes text, of a source that has decoded its bytes itself. Text and bytes do not mix within an event. */
  pushText(text: string): void
  /** No bytes will come any more. */
  end(): void
  /** The source has failed, for which it has its own reason: only what was held back is still given. */
  breakOff(): void
  /** The chunks since the last call. Empty when the decoder sums. */
  take(): readonly ChatCompletionChunk[]
  /** Whether there are chunks to take. */
  readonly ready: boolean
  /** The sum of all chunks so far, when the decoder sums; `undefined` before any. */
  sum(): ChatCompletionChunk | undefined
  /** Whether there has been a chunk. */
  readonly begun: boolean
  /** Whether nothing that comes later counts. */
  readonly done: boolean
  /** Why the stream broke. */
  readonly error: AnyStreamError | undefined
  /** What could not be decided so far. Grows while the stream is read. */
  readonly warnings: readonly Warning[]
}

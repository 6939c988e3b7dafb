import type { ChatCompletionChunk } from '../../src/chunk.ts'
import { createDecoder, type DecodeOptions } from '../../src/decode/decoder.ts'
import { createFramer } from '../../src/decode/frame.ts'
import { createByteDecoder } from '../../src/decode/template/byte-decoder.ts'
import { isStreamError } from '../../src/error.ts'
import { mergeChunk } from '../../src/merge/merge-chunk.ts'
import { platform } from './platform.ts'

/** What a reader of a stream learns, in a form that can be compared. */
export interface Reading {
  chunks: ChatCompletionChunk[]
  sum: string
  error: string | undefined
  warnings: string
}

const told = (error: unknown): string | undefined =>
  isStreamError(error) ? `${error.message} ${JSON.stringify(error.details)}` : undefined

const sumOf = (chunks: readonly ChatCompletionChunk[]): ChatCompletionChunk | undefined => {
  let sum: ChatCompletionChunk | undefined
  for (const chunk of chunks) sum = mergeChunk(sum, chunk)
  return sum
}

/** The slow way alone: framer, `JSON.parse` of every event, normalize. */
export function readSlowly(bytes: Uint8Array, options: DecodeOptions = {}): Reading {
  const decoder = createDecoder(options)
  const chunks: ChatCompletionChunk[] = []
  let error: unknown
  let done = false
  const take = (decoded: ReturnType<typeof decoder.push>): void => {
    if (done) return
    chunks.push(...decoded.chunks)
    error = decoded.error
    done = decoded.done
  }
  const framer = createFramer(platform.createSseParser, (event) => take(decoder.push(event)), options)
  try {
    framer.push(new TextDecoder().decode(bytes))
    framer.end()
  } catch (reason) {
    if (!done) take({ chunks: decoder.end().chunks, done: true, error: reason as never })
  }
  take(decoder.end())
  return {
    chunks,
    sum: JSON.stringify(sumOf(chunks)) ?? '',
    error: told(error),
    warnings: JSON.stringify(decoder.warnings),
  }
}

/** The byte decoder, in either of its modes, on bytes cut into pieces. */
export function readQuickly(
  pieces: Iterable<Uint8Array>,
  options: DecodeOptions = {},
  sums = false,
  create: typeof createByteDecoder = createByteDecoder,
): Reading {
  const decoder = create(platform, options, sums)
  const chunks: ChatCompletionChunk[] = []
  for (const piece of pieces) {
    decoder.push(piece)
    chunks.push(...decoder.take())
  }
  decoder.end()
  chunks.push(...decoder.take())
  const sum = sums ? decoder.sum() : sumOf(chunks)
  return {
    chunks,
    sum: JSON.stringify(sum) ?? '',
    error: told(decoder.error),
    warnings: JSON.stringify(decoder.warnings),
  }
}

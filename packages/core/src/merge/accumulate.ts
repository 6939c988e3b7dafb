import type { ChatCompletionChunk } from '../chunk.ts'
import type { ChatCompletion } from '../completion.ts'
import type { ChunkStream, Folded, Warning } from '../decode/decode-chunks.ts'
import { toChatCompletion } from '../read/to-chat-completion.ts'
import { mergeChunk } from './merge-chunk.ts'
import { snapshotOf } from './snapshot.ts'

/**
 * Collects the chunks of one stream to its answer, for whoever reads them anyway. `accumulate` reads them by itself.
 */
export interface Accumulator {
  /** Adds a chunk. The chunk is only read. */
  push(chunk: ChatCompletionChunk): void
  /** The sum so far, still growing: read it now or take a {@link Accumulator.snapshot}. `undefined` before any chunk. */
  readonly sum: ChatCompletionChunk | undefined
  /** The sum so far as a value that never changes again: for a screen, a late reader, a store. */
  snapshot(): ChatCompletionChunk | undefined
  /** The answer so far. `null` while no choice has appeared. */
  completion(): ChatCompletion | null
}

/** Collects normalized chunks one by one. */
export function createAccumulator(): Accumulator {
  let sum: ChatCompletionChunk | undefined
  return {
    push(chunk) {
      sum = mergeChunk(sum, chunk)
    },
    get sum() {
      return sum
    },
    snapshot: () => sum && snapshotOf(sum),
    completion: () => completionOf(sum),
  }
}

/** How a stream has ended, and what it had brought by then: a stream that broke has both an answer and an error. */
export interface Accumulated {
  /** The answer, or what arrived of it. `null` if no choice ever appeared. */
  completion: ChatCompletion | null
  /** Whether the stream ended as it should: with `[DONE]`, or with a finish reason for every choice. */
  complete: boolean
  /** What could not be decided while decoding and was kept as it came. Empty for other sources of chunks. */
  warnings: readonly Warning[]
  /** Why the stream broke; `null` when it is complete. Mostly a `StreamError`; an abort's reason as it came. */
  error: Error | null
}

/**
 * Reads chunks to their end and resolves to the answer.
 *
 * Never rejects for what came over a wire: a broken stream yields the partial answer *and* the error.
 *
 * @throws TypeError (as a rejection) when `chunks` is not iterable
 */
export async function accumulate(
  chunks: AsyncIterable<ChatCompletionChunk> | Iterable<ChatCompletionChunk> | ChunkStream,
): Promise<Accumulated> {
  if (chunks === null || typeof chunks !== 'object' || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks))
    throw new TypeError('accumulate takes chunks, as in accumulate(readChunks(response))')
  // A `fold` alone might be anybody's: lists of other libraries have one.
  const stream = 'warnings' in chunks ? chunks : undefined
  const { sum, failure } = await (stream?.fold?.() ?? foldChunks(chunks))
  return {
    completion: completionOf(sum),
    complete: failure === undefined,
    warnings: stream?.warnings ?? [],
    error: failure === undefined ? null : errorOf(failure.reason),
  }
}

async function foldChunks(chunks: AsyncIterable<ChatCompletionChunk> | Iterable<ChatCompletionChunk>): Promise<Folded> {
  let sum: ChatCompletionChunk | undefined
  try {
    for await (const chunk of chunks) sum = mergeChunk(sum, chunk)
    return { sum, failure: undefined }
  } catch (reason) {
    return { sum, failure: { reason } }
  }
}

const errorOf = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(`the source of chunks failed: ${String(reason)}`, { cause: reason })

const completionOf = (sum: ChatCompletionChunk | undefined): ChatCompletion | null =>
  sum === undefined || sum.choices.length === 0 ? null : toChatCompletion(sum)

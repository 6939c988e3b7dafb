import type { ChatCompletionChunk } from '@deltawire/core'

/** What is streamed: chunks of a `ChatStream`, of the official SDK, of a generator of your own. */
export type ChunkSource = AsyncIterable<ChatCompletionChunk> | Iterable<ChatCompletionChunk>

export type ChunkIterator = AsyncIterator<ChatCompletionChunk> | Iterator<ChatCompletionChunk>

export const iteratorOf = (chunks: ChunkSource): ChunkIterator =>
  Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()

/** Ends a source early. Nobody waits for one that takes its time to end, or cares whether it fails at that. */
export async function cancelSource(source: ChunkIterator): Promise<void> {
  try {
    await source.return?.()
  } catch {
    // It has ended, which is what was asked of it.
  }
}

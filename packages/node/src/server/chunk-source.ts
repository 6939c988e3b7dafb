import type { ChatCompletionChunk } from '@deltawire/core'
import { unlessAborted } from '../unless-aborted.ts'

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

/** A source that is being opened, unless it is aborted before: then nobody waits, and what comes too late is not left open. */
export async function opened(opening: ChunkSource | Promise<ChunkSource>, signal: AbortSignal): Promise<ChunkSource> {
  try {
    return await unlessAborted(signal, opening)
  } catch (reason) {
    if (signal.aborted)
      void Promise.resolve(opening)
        .then((chunks) => cancelSource(iteratorOf(chunks)))
        .catch(() => {})
    throw reason
  }
}

import type { ChatCompletionChunk } from '@deltawire/core'
import { unlessAborted } from '../unless-aborted.ts'
import { cancelSource, type ChunkSource, iteratorOf } from './chunk-source.ts'

/** The same chunks, until the signal aborts: then the source is cancelled, also one that waits, and the reason thrown. */
export async function* untilAborted(
  chunks: ChunkSource,
  signal: AbortSignal,
): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  const source = iteratorOf(chunks)
  let isOver = false
  try {
    for (;;) {
      const next = await unlessAborted(signal, source.next())
      if (next.done === true) {
        isOver = true
        return
      }
      yield next.value
    }
  } finally {
    if (!isOver) void cancelSource(source)
  }
}

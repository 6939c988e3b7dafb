import type { ChatCompletionChunk } from '@deltawire/core'
import { cancelSource, type ChunkSource, iteratorOf } from './chunk-source.ts'

/** The same chunks, until the signal aborts: then the source is cancelled, also one that waits, and the reason thrown. */
export async function* untilAborted(
  chunks: ChunkSource,
  signal: AbortSignal,
): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  const source = iteratorOf(chunks)
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
  })
  // Nobody may be waiting for it.
  aborted.catch(() => {})
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let isOver = false
  try {
    for (;;) {
      const next = await Promise.race([source.next(), aborted])
      if (next.done === true) {
        isOver = true
        return
      }
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', stop)
    if (!isOver) void cancelSource(source)
  }
}

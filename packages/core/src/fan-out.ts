import type { ChatCompletionChunk } from './chunk.ts'
import { mergeChunk } from './merge/merge-chunk.ts'
import { snapshotOf } from './merge/snapshot.ts'

/** One source with any number of readers, as `createFanOut` makes it. */
export interface FanOut {
  /**
   * Starts a reader: first the sum so far as one chunk, then what follows.
   *
   * A reader that is slow gets fewer, larger chunks. It throws what the source throws, after everything that came before.
   */
  subscribe(): AsyncGenerator<ChatCompletionChunk, void, undefined>
  /** Ends the source (`return()`) and with it every reader, who first get what has arrived. */
  stop(): Promise<void>
  /** How many readers there are now. */
  readonly readers: number
}

interface Reader {
  /** What this reader has not yet taken, as one chunk. */
  pending: ChatCompletionChunk | undefined
  wake: () => void
  left: boolean
}

const asleep = (): void => {}

/**
 * One source, any number of readers, early, late and slow ones.
 *
 * There is no queue: what a reader has not taken is one chunk, the sum. Memory follows the answer, whoever sleeps. The
 * source is read at once and at its own speed, with or without readers.
 */
export function createFanOut(source: AsyncIterable<ChatCompletionChunk>): FanOut {
  const readers = new Set<Reader>()
  const iterator = source[Symbol.asyncIterator]()
  let sum: ChatCompletionChunk | undefined
  let end: { reason?: unknown } | undefined
  void drain()

  async function drain(): Promise<void> {
    try {
      for (;;) {
        const next = await iterator.next()
        if (next.done === true || end !== undefined) break
        sum = mergeChunk(sum, next.value)
        for (const reader of readers) {
          reader.pending = mergeChunk(reader.pending, next.value)
          reader.wake()
        }
      }
      close({})
    } catch (reason) {
      close({ reason })
    }
  }

  function close(how: { reason?: unknown }): void {
    end ??= how
    for (const reader of readers) reader.wake()
  }

  async function* read(reader: Reader): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    try {
      while (!reader.left) {
        const chunk = reader.pending
        if (chunk !== undefined) {
          reader.pending = undefined
          yield chunk
        } else if (end !== undefined) {
          if ('reason' in end) throw end.reason
          return
        } else {
          await new Promise<void>((resolve) => {
            reader.wake = resolve
          })
        }
      }
    } finally {
      readers.delete(reader)
    }
  }

  return {
    subscribe() {
      const reader: Reader = { pending: sum && mergeChunk(undefined, snapshotOf(sum)), wake: asleep, left: false }
      readers.add(reader)
      const chunks = read(reader)
      // A generator does not hear `return` before it has begun, nor while it waits: the reader would be fed on.
      const leave = chunks.return.bind(chunks)
      chunks.return = async (value) => {
        readers.delete(reader)
        reader.left = true
        reader.wake()
        return leave(value)
      }
      return chunks
    },
    async stop() {
      close({})
      await iterator.return?.()
    },
    get readers() {
      return readers.size
    },
  }
}

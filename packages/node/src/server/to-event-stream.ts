import { type ChunkEvents, createChunkEvents, type EventStreamInit } from './chunk-events.ts'
import type { ChunkSource } from './chunk-source.ts'

/**
 * Encodes chunks as the bytes of an event stream, for whatever takes a `ReadableStream`.
 *
 * The source is begun with the first read. Cancelling the stream cancels the source. A finished stream ends with `[DONE]`,
 * a broken one with an error event and without it: it never errors itself.
 */
export function toEventStream(chunks: ChunkSource, init?: EventStreamInit): ReadableStream<Uint8Array> {
  return streamOfEvents(createChunkEvents(chunks, init))
}

export function streamOfEvents(events: ChunkEvents): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await events.next()
          if (text === undefined) controller.close()
          else controller.enqueue(encoder.encode(text))
        } catch (reason) {
          // What is no JSON: the source does not know yet that nobody will read on.
          events.leave()
          throw reason
        }
      },
      cancel: () => events.leave(),
    },
    // What waits here would be a queue. It waits as a sum.
    { highWaterMark: 0 },
  )
}

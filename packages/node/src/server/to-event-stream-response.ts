import type { EventStreamInit } from './chunk-events.ts'
import type { ChunkSource } from './chunk-source.ts'
import { eventStreamHeaders, type HeadersInit } from './event-stream-headers.ts'
import { toEventStream } from './to-event-stream.ts'

/** How a stream is sent, with the head of its response. */
export interface EventStreamResponseInit extends EventStreamInit {
  /** Sent with the stream; they win over ours. */
  headers?: HeadersInit | undefined
  /**
   * The status of the response.
   *
   * @defaultValue `200`
   */
  status?: number | undefined
}

/**
 * Answers with a stream of chunks, wherever a `Response` is the answer: Hono, Fastify, Next, Bun, Deno, Workers.
 *
 * ```ts
 * app.post('/ask', async (c) => toEventStreamResponse(streamChatCompletion(await readChatRequest(c.req.raw))))
 * ```
 *
 * The status is sent before anything is known: a source that fails at once is an error event. Where it should be a
 * status, use `createChatHandler`.
 */
export function toEventStreamResponse(chunks: ChunkSource, init: EventStreamResponseInit = {}): Response {
  return new Response(toEventStream(chunks, init), {
    status: init.status ?? 200,
    headers: eventStreamHeaders(init.headers),
  })
}

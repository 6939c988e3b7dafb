import { createFramer, type Limits, type StreamEvent } from '@deltawire/core'
import { sseParser } from './sse-parser.ts'

/** Bytes or text in pieces, however they were cut. */
export type ByteSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | ReadableStream<Uint8Array>

/**
 * Reads events from bytes: SSE, or what a server sends in its place (one JSON document, lines of JSON, a page).
 *
 * UTF-8, never fatal: a broken character becomes U+FFFD. An event that the body ends without closing is given too.
 *
 * @throws StreamError `limit_exceeded`; whatever the source throws
 */
export async function* readEvents(
  source: ByteSource,
  options: Limits = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  const decoder = new TextDecoder()
  const events: StreamEvent[] = []
  const framer = createFramer(
    (emit) => sseParser(emit, options),
    (event) => events.push(event),
    options,
  )
  for await (const piece of source) {
    try {
      framer.push(typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true }))
    } finally {
      // Also what a piece held before the place where it failed.
      for (const event of events.splice(0)) yield event
    }
  }
  framer.push(decoder.decode())
  framer.end()
  for (const event of events) yield event
}

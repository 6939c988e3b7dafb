import { createFramer, DEFAULT_LIMITS, limitExceeded, type Limits, type StreamEvent, type TextSink } from '@deltawire/core'
import { createParser } from 'eventsource-parser'

/** Bytes or text in pieces, however they were cut. */
export type ByteSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | ReadableStream<Uint8Array>

/**
 * Reads events from bytes: SSE, or what a server sends in its place (one JSON document, lines of JSON, a page).
 *
 * UTF-8, never fatal: a broken character becomes U+FFFD. An event that the body ends without closing is given too.
 *
 * @throws StreamError `limit_exceeded`; whatever the source throws
 */
export async function* readEvents(source: ByteSource, options: Limits = {}): AsyncGenerator<StreamEvent, void, undefined> {
  const decoder = new TextDecoder()
  const events: StreamEvent[] = []
  const framer = createFramer((emit) => sseParser(emit, options), (event) => events.push(event), options)
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

function sseParser(emit: (event: StreamEvent) => void, { maxEventLength = DEFAULT_LIMITS.maxEventLength }: Limits): TextSink {
  let failure: Error | undefined
  let afterReturn = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: emit,
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') failure = limitExceeded('maxEventLength', maxEventLength)
      // llama.cpp wrote errors into a field of that name: https://github.com/ggml-org/llama.cpp/pull/16109
      else if (error.type === 'unknown-field' && error.field === 'error') emit({ event: 'error', data: error.value ?? '' })
    },
  })
  return {
    push(text) {
      if (text === '') return
      if (afterReturn && text.startsWith('\n')) text = text.slice(1)
      afterReturn = text.endsWith('\r')
      // For each line the parser looks for both kinds of end, through all the rest of a piece if it holds only one:
      // quadratic in the piece. Of one kind it is linear.
      parser.feed(text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text)
      if (failure !== undefined) throw failure
    },
    // Ends the last line and the last event.
    end: () => parser.feed('\n\n'),
  }
}

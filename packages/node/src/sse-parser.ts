import { DEFAULT_LIMITS, limitExceeded, type Limits, type StreamEvent, type TextSink } from '@deltawire/core'
import { createParser } from 'eventsource-parser'

/** The SSE parser of core's framer: eventsource-parser, with its limit in our words. */
export function sseParser(
  emit: (event: StreamEvent) => void,
  { maxEventLength = DEFAULT_LIMITS.maxEventLength }: Limits,
): TextSink {
  let failure: Error | undefined
  let afterReturn = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: emit,
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') failure = limitExceeded('maxEventLength', maxEventLength)
      // llama.cpp wrote errors into a field of that name: https://github.com/ggml-org/llama.cpp/pull/16109
      else if (error.type === 'unknown-field' && error.field === 'error')
        emit({ event: 'error', data: error.value ?? '' })
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

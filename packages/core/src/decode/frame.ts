import { limitExceeded, type Limits, limitsOf } from '../limits.ts'
import { createJsonSplitter, type TextSink } from './split-json.ts'

export type { TextSink }

/** One event of a stream: what an SSE parser dispatches. */
export interface StreamEvent {
  data: string
  /** The event's name, if it has one. */
  event?: string | undefined
  id?: string | undefined
}

/** Makes the SSE parser of a platform; core knows none. Events go to `emit`. */
export type CreateSseParser = (emit: (event: StreamEvent) => void) => TextSink

/**
 * Frames the text of any answer into events: SSE, but also one JSON document, lines of JSON, or a page of HTML.
 *
 * Its first character tells: `{` or `[` begins JSON, `<` a page, anything else is left to the SSE parser. Servers answer
 * a request for a stream with each of them (cases 131, 133, 138, 156).
 *
 * @throws StreamError `limit_exceeded` (from `push`)
 */
export function createFramer(
  createSseParser: CreateSseParser,
  emit: (event: StreamEvent) => void,
  options: Limits = {},
): TextSink {
  const { maxEventLength } = limitsOf(options)
  let blank = ''
  let body: TextSink | undefined

  function open(first: string): TextSink {
    if (first === '{' || first === '[') return bounded(maxEventLength, (take) => createJsonSplitter((data) => take({ data })), emit)
    if (first === '<') return page(emit)
    return createSseParser(emit)
  }

  return {
    push(text) {
      if (body === undefined) {
        blank += text
        const first = /[^\s\uFEFF]/.exec(blank)?.[0]
        // Blank lines keep a connection alive (DeepSeek); there is no need to keep them.
        if (first === undefined) {
          blank = blank.slice(-1)
          return
        }
        body = open(first)
        text = blank
        blank = ''
      }
      body.push(text)
    },
    end: () => body?.end(),
  }
}

/** Counts what a sink has been given since its last event. */
function bounded(most: number, create: (take: (event: StreamEvent) => void) => TextSink, emit: (event: StreamEvent) => void): TextSink {
  let held = 0
  const sink = create((event) => {
    held = 0
    emit(event)
  })
  return {
    push(text) {
      held += text.length
      sink.push(text)
      // The text of an event that ended in this push no longer counts; what is left of the push does.
      if (held > most) throw limitExceeded('maxEventLength', most)
    },
    end: () => sink.end(),
  }
}

/** Of a page only the beginning is worth keeping: it goes into the error. */
function page(emit: (event: StreamEvent) => void): TextSink {
  let head = ''
  return {
    push(text) {
      if (head.length < 1_000) head += text.slice(0, 1_000 - head.length)
    },
    end: () => emit({ data: head }),
  }
}

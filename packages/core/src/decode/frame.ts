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
  options?: Limits,
): TextSink {
  const { maxEventLength } = limitsOf(options)
  let body: TextSink | undefined
  /** How a body begins that should hold events and has not held one yet. */
  let head: string | undefined

  return {
    push(text) {
      if (body === undefined) {
        // Blank lines keep a connection alive (DeepSeek), and text may begin with a byte order mark, which \s includes.
        text = text.replace(/^\s+/, '')
        if (text === '') return
        const first = text.charAt(0)
        if (first === '{' || first === '[') body = json(maxEventLength, emit)
        else {
          head = ''
          // Of a page only the beginning is worth keeping: it goes into the error.
          if (first === '<') body = nothing
          else
            body = createSseParser((event) => {
              head = undefined
              emit(event)
            })
        }
      }
      if (head !== undefined && head.length < HEAD) head += text.slice(0, HEAD - head.length)
      body.push(text)
    },
    end() {
      body?.end()
      const data = complaintIn(head)
      if (data !== '') emit({ data })
    },
  }
}

/** JSON objects, each an event. Counts what has come since the last one. */
function json(most: number, emit: (event: StreamEvent) => void): TextSink {
  let held = 0
  const splitter = createJsonSplitter((data) => {
    if (data.length > most) throw limitExceeded('maxEventLength', most)
    held = 0
    emit({ data })
  })
  return {
    push(text) {
      held += text.length
      splitter.push(text)
      // An event that ended in this push takes with it what has been counted; the rest of the push is a piece at most.
      if (held > most) throw limitExceeded('maxEventLength', most)
    },
    end: () => splitter.end(),
  }
}

const nothing: TextSink = { push() {}, end() {} }

/** How much is kept of a body that holds no events: enough for an error to show. */
const HEAD = 1_000

/** What a body says of which an SSE parser makes nothing: it is text of another kind, mostly a complaint, and given as it is. */
function complaintIn(head = ''): string {
  // A line that was cut may be any.
  const lines = head.length === HEAD ? head.replace(/[\r\n][^\r\n]*$/, '') : head
  const words = lines.replaceAll(/^(?::|(?:data|event|id|retry)(?::|$)).*$/gm, '').trim()
  // Nor is a field's name that was cut a complaint.
  return FIELDS.some((field) => field.startsWith(words)) ? '' : words
}

const FIELDS = ['data', 'error', 'event', 'id', 'retry']

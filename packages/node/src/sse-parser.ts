import { DEFAULT_LIMITS, limitExceeded, type Limits, type StreamEvent, type TextSink } from '@deltawire/core'
import { createParser } from 'eventsource-parser'

type Emit = (event: StreamEvent) => void

/** The SSE parser of core's framer: eventsource-parser, with its limit in our words. */
export function sseParser(emit: Emit, { maxEventLength = DEFAULT_LIMITS.maxEventLength }: Limits): TextSink {
  return new SseParser(emit, maxEventLength)
}

class SseParser implements TextSink {
  readonly #emit: Emit
  readonly #maxEventLength: number
  /** What parses, from the beginning of an event to its end. */
  #engine: Engine | undefined
  #begun = false
  #afterReturn = false

  constructor(emit: Emit, maxEventLength: number) {
    this.#emit = emit
    this.#maxEventLength = maxEventLength
  }

  push(text: string): void {
    if (text === '') return
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1)
    this.#afterReturn = text.endsWith('\r')
    // For each line the parser looks for both kinds of end, through all the rest of a piece if it holds only one:
    // quadratic in the piece. Of one kind it is linear.
    this.#feed(text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text)
  }

  /** Ends the last line and the last event. */
  end(): void {
    this.#feed('\n\n')
  }

  #feed(text: string): void {
    const engine = (this.#engine ??= engineFor(this.#maxEventLength))
    engine.emit = this.#emit
    if (!this.#begun) engine.parser.reset()
    this.#begun = true
    engine.parser.feed(text)
    if (engine.failure !== undefined) throw engine.failure
    if (!text.endsWith('\n\n')) return
    engine.emit = nobody
    this.#engine = undefined
    spare = engine
  }
}

/** A parser of the library, and for whom it parses. */
interface Engine {
  readonly parser: ReturnType<typeof createParser>
  readonly maxEventLength: number
  emit: Emit
  failure: Error | undefined
}

/**
 * A parser that stands between two events.
 *
 * So do all parsers nearly all the time, and one is as good as the other: a stream that waits for its next event keeps
 * none, which would be 0.9 KB.
 */
let spare: Engine | undefined

const nobody: Emit = () => {}

function engineFor(maxEventLength: number): Engine {
  const engine = spare?.maxEventLength === maxEventLength ? spare : createEngine(maxEventLength)
  if (engine === spare) spare = undefined
  return engine
}

function createEngine(maxEventLength: number): Engine {
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: (event) => engine.emit(event),
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') engine.failure = limitExceeded('maxEventLength', maxEventLength)
      // llama.cpp wrote errors into a field of that name: https://github.com/ggml-org/llama.cpp/pull/16109
      else if (error.type === 'unknown-field' && error.field === 'error')
        engine.emit({ event: 'error', data: error.value ?? '' })
    },
  })
  const engine: Engine = { parser, maxEventLength, emit: nobody, failure: undefined }
  // As one that stands in the middle of a stream: a byte order mark is none there.
  parser.feed('')
  return engine
}

import type { ChatCompletionChunk } from '../chunk.ts'
import { type AnyStreamError, isStreamError, StreamError, type UpstreamError } from '../error.ts'
import { limitExceeded, type Limits, limitsOf } from '../limits.ts'
import { createNormalizer } from '../normalize/normalize.ts'
import { isObject, type Obj } from '../normalize/repair.ts'
import type { NormalizeOptions } from '../normalize/state.ts'
import type { Warning } from '../normalize/warning.ts'
import type { StreamEvent } from './frame.ts'
import { parseJson } from './parse-json.ts'
import { splitJson } from './split-json.ts'
import { upstreamErrorOf } from './upstream-error.ts'

export interface DecodeOptions extends NormalizeOptions, Limits {
  /**
   * Whether an event that is not JSON is skipped with a warning instead of ending the stream.
   *
   * @defaultValue `false`: its text may be missing from the answer, and silence would hide that
   */
  lenient?: boolean | undefined
}

/** What one event, or the end, has brought. */
export interface Decoded {
  readonly chunks: readonly ChatCompletionChunk[]
  /** Whether the stream has ended as it should. */
  readonly done: boolean
  /** Why it ended otherwise. The chunks came before. */
  readonly error?: AnyStreamError
}

export interface Decoder {
  push(event: StreamEvent): Decoded
  /** To be called when no event will come any more. */
  end(): Decoded
  readonly warnings: readonly Warning[]
  /** For the fast way (`template/`), which knows what an event says before it is parsed. */
  readonly repeated: RepeatedEvents
}

/** Events that only repeat what the decoder has seen need not be pushed, if it is told of them before the next one is. */
export interface RepeatedEvents {
  /** All that later events are read by, in one text: while it stays the same, equal events become equal chunks. */
  readonly state: string
  /** How many characters the answer may still grow by. */
  readonly room: number
  /** Counts events, one chunk each, and the characters that they add to the answer. */
  count(events: number, length: number): void
  /** Argument text of an open tool call. */
  append(choice: number, call: number, text: string): void
}

/**
 * Events to normalized chunks, one at a time: JSON, `[DONE]`, in-band errors, and how the stream ended.
 *
 * Never throws for what came over a wire; a broken stream is a result.
 */
export function createDecoder(options: DecodeOptions = {}): Decoder {
  const limits = limitsOf(options)
  const normalizer = createNormalizer(options)
  let skipped: Warning | undefined
  let events = 0
  let chunks = 0
  /** The beginning of what came and was no chunk, for the error. */
  let head = ''
  /** Data that is not JSON but may be the beginning of it: an error of its own kind if nothing follows. */
  let unfinished: string | undefined
  /** How the stream has ended: nothing that comes later counts. */
  let over: Decoded | undefined

  function push(event: StreamEvent): Decoded {
    events++
    if (unfinished !== undefined) return failed([], invalidJson(unfinished, events - 1))
    try {
      return take(event)
    } catch (error) {
      if (isStreamError(error)) return failed([], error)
      throw error
    }
  }

  function take({ data, event: name }: StreamEvent): Decoded {
    if (data.length > limits.maxEventLength) throw limitExceeded('maxEventLength', limits.maxEventLength)
    const text = data.trim()
    if (text === '') return NOTHING
    if (isDone(text)) return DONE
    // What is left of a [DONE] that was cut.
    if ('[DONE]'.startsWith(text)) return NOTHING
    const values = valuesOf([text]) ?? gluedValuesOf(text)
    if (values === undefined) return notJson(text, name)
    const out: ChatCompletionChunk[] = []
    for (const value of values) {
      if (value === DONE) return { chunks: out, done: true }
      const error = upstreamErrorOf(value, name)
      const chunk = chunkOf(error === undefined ? value : withoutError(value), name)
      if (chunk !== undefined) out.push(chunk)
      if (error !== undefined) return failed(out, upstreamError(error))
    }
    if (normalizer.choices === 0) head ||= text.slice(0, 300)
    return out.length === 0 ? NOTHING : { chunks: out, done: false }
  }

  /** The values of an event's data, `DONE` among them; `undefined` if it is not JSON. */
  function valuesOf(texts: readonly string[]): unknown[] | undefined {
    try {
      // Gemini wraps its errors in a list.
      return texts.map((json) => (isDone(json) ? DONE : parseJson(json, limits.maxJsonDepth))).flat()
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      throw error
    }
  }

  /** Servers forget the blank line, proxies glue events together (cases 151, 152). */
  function gluedValuesOf(text: string): unknown[] | undefined {
    const { values } = splitJson(text)
    return values.length > 1 ? valuesOf(values) : undefined
  }

  function notJson(text: string, name: string | undefined): Decoded {
    const error = upstreamErrorOf(text, name)
    if (error !== undefined) return failed([], upstreamError(error))
    head ||= text.slice(0, 300)
    if (text.startsWith('<') && chunks === 0) return failed([], noChunk())
    if (options.lenient === true) {
      skipped ??= { code: 'event-skipped', event: events, count: 0, excerpt: excerpt(text) }
      skipped.count++
      return NOTHING
    }
    if (splitJson(text).unfinished) {
      unfinished = text
      return NOTHING
    }
    return failed([], invalidJson(text, events))
  }

  function chunkOf(value: unknown, name: string | undefined): ChatCompletionChunk | undefined {
    if (!isObject(value) || Object.keys(value).length === 0) return undefined
    // Pings and other news of a gateway are named and no chunks; an unnamed event without choices may carry usage.
    if (name !== undefined && !looksLikeChunk(value)) return undefined
    const chunk = normalizer.normalize(value, events)
    if (chunk !== undefined) chunks++
    return chunk
  }

  function end(): Decoded {
    const insideEvent = unfinished !== undefined
    if (!insideEvent && normalizer.choices === 0) return failed([], noChunk())
    if (!insideEvent && normalizer.finished) return DONE
    const where = insideEvent ? 'inside an event' : 'without [DONE] and without a finish reason'
    return failed([], new StreamError('incomplete_stream', `the stream ended ${where}`, { chunks, insideEvent }))
  }

  function rest(): ChatCompletionChunk[] {
    const last = normalizer.end()
    return last === undefined ? [] : [last]
  }

  function failed(out: readonly ChatCompletionChunk[], error: AnyStreamError): Decoded {
    return { chunks: out, done: true, error }
  }

  function noChunk(): StreamError<'no_chunk'> {
    const found = head === '' ? 'the answer is empty' : `it begins with ${excerpt(head)}`
    return new StreamError('no_chunk', `no chat completion chunk in the answer; ${found}`, { events, body: head })
  }

  /** `[DONE]` and an error end the stream at once: what was held back and whether there was a choice is seen to here. */
  const ended = (decoded: Decoded): Decoded => {
    if (!decoded.done) return decoded
    const error = decoded.error ?? (normalizer.choices === 0 ? noChunk() : undefined)
    over = error === undefined ? DONE : { ...DONE, error }
    return { ...over, chunks: [...decoded.chunks, ...rest()] }
  }

  return {
    push: (event) => over ?? ended(push(event)),
    end: () => over ?? ended(end()),
    repeated: {
      get state() {
        return `${unfinished !== undefined} ${normalizer.state}`
      },
      get room() {
        return normalizer.room
      },
      count(more, length) {
        events += more
        chunks += more
        normalizer.skip(more, length)
      },
      append: normalizer.append,
    },
    get warnings() {
      return skipped === undefined ? normalizer.warnings : [...normalizer.warnings, { ...skipped }]
    },
  }
}

/**
 * One event's data on its own: the chunk in it, the end (`done`), or the error.
 *
 * For a single chunk from a store or a message. A stream needs `decodeChunks`: only what came before tells which tool
 * call a fragment belongs to, and whether a stream was cut.
 */
export function decodeChunk(data: string, options: DecodeOptions = {}): Decoded {
  if (isDone(data.trim())) return DONE
  const decoder = createDecoder(options)
  const decoded = decoder.push({ data })
  if (decoded.done) return decoded
  const rest = decoder.end()
  // That one event is no whole stream is no error; that it breaks off is.
  if (rest.error?.code === 'incomplete_stream' && rest.error.details.insideEvent) return rest
  return { ...decoded, chunks: [...decoded.chunks, ...rest.chunks] }
}

const NOTHING: Decoded = { chunks: [], done: false }
const DONE: Decoded = { chunks: [], done: true }

/** `[DONE]` in every spelling: other case, quotes, white space, what a splitter leaves of it. */
const isDone = (text: string): boolean => text.length < 16 && /^"?\[?done\]?"?$/i.test(text)

const looksLikeChunk = ({ choices, object, usage }: Obj): boolean =>
  Array.isArray(choices) || object === 'chat.completion.chunk' || (choices === null && isObject(usage))

function withoutError(value: unknown): unknown {
  if (!isObject(value)) return undefined
  const { error: _error, ...rest } = value
  return Array.isArray(rest['choices']) ? rest : undefined
}

const upstreamError = (error: UpstreamError): StreamError<'upstream_error'> =>
  new StreamError('upstream_error', error.message, { error })

const invalidJson = (data: string, event: number): StreamError<'invalid_json'> =>
  new StreamError('invalid_json', `event ${event} is not JSON: ${excerpt(data)}`, { data: data.slice(0, 1_000), event })

const excerpt = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

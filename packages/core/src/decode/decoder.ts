import type { ChatCompletionChunk } from '../chunk.ts'
import { type AnyStreamError, isStreamError, StreamError, type UpstreamError } from '../error.ts'
import { limitExceeded, type Limits, limitsOf } from '../limits.ts'
import { createNormalizer } from '../normalize/normalize.ts'
import { isEmpty, isObject, type Obj } from '../is-object.ts'
import { omit } from '../pick.ts'
import type { NormalizeOptions, StreamState } from '../normalize/state.ts'
import type { Warning } from '../normalize/warning.ts'
import type { StreamEvent } from './frame.ts'
import { parseJson } from './parse-json.ts'
import { splitJson } from './split-json.ts'
import { upstreamErrorOf } from './upstream-error.ts'

/** What is known of a stream beforehand, and how far it may grow. Few streams need any of it. */
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
  /** In the order of the stream. Mostly one. */
  readonly chunks: readonly ChatCompletionChunk[]
  /** Whether the stream has ended as it should. */
  readonly done: boolean
  /** Why it ended otherwise. The chunks came before. */
  readonly error?: AnyStreamError
}

/** Decodes the events of one stream. It keeps what they have established, so each stream needs one of its own. */
export interface Decoder {
  /** Takes the next event. After the end, every call gives that end again, without chunks. */
  push(event: StreamEvent): Decoded
  /** To be called when no event will come any more. */
  end(): Decoded
  /** What could not be decided so far. Grows while the stream is read. */
  readonly warnings: readonly Warning[]
  /** For the fast way (`read-by.ts`): what the stream has established so far. */
  readonly stream: StreamState
}

/**
 * Events to normalized chunks, one at a time: JSON, `[DONE]`, in-band errors, and how the stream ended.
 *
 * Never throws for what came over a wire; a broken stream is a result.
 */
export function createDecoder(options: DecodeOptions = {}): Decoder {
  const { maxEventLength, maxJsonDepth } = limitsOf(options)
  const normalizer = createNormalizer(options)
  const { stream } = normalizer
  // The list itself and no getter: an object with one is several times as large.
  const { warnings } = stream
  let skipped: Warning | undefined
  /** The beginning of what came and was no chunk, for the error. */
  let head = ''
  /** Data that is not JSON but may be the beginning of it: an error of its own kind if nothing follows. */
  let unfinished: string | undefined
  /** How the stream has ended: nothing that comes later counts. */
  let over: Decoded | undefined

  /** Makes a result of chunks that are pushed, the answer whether the stream has ended, and an error that is thrown. */
  function step(take: (out: ChatCompletionChunk[]) => boolean): Decoded {
    if (over !== undefined) return over
    const out: ChatCompletionChunk[] = []
    let failure: AnyStreamError | undefined
    try {
      if (!take(out)) return { chunks: out, done: false }
      if (normalizer.choices === 0) throw noChunk()
    } catch (error) {
      if (!isStreamError(error)) throw error
      failure = error
    }
    over = failure === undefined ? DONE : { ...DONE, error: failure }
    // The end comes at once: what was held back is seen to here.
    const last = normalizer.end()
    if (last !== undefined) out.push(last)
    return { ...over, chunks: out }
  }

  function takeEvent({ data, event: name }: StreamEvent, out: ChatCompletionChunk[]): boolean {
    stream.events++
    if (unfinished !== undefined) throw invalidJson(unfinished, stream.events - 1)
    if (data.length > maxEventLength) throw limitExceeded('maxEventLength', maxEventLength)
    const text = data.trim()
    if (isDone(text)) return true
    // Nothing, or what is left of a [DONE] that was cut.
    if ('[DONE]'.startsWith(text)) return false
    for (const value of valuesOf(text) ?? gluedValuesOf(text, name)) {
      if (value === undefined) return true
      const error = upstreamErrorOf(value, name)
      const chunk = chunkOf(error === undefined ? value : withoutError(value), name)
      if (chunk !== undefined) out.push(chunk)
      if (error !== undefined) throw upstreamError(error)
    }
    if (normalizer.choices === 0) head ||= text.slice(0, 300)
    return false
  }

  /** The values of an event's data: one, or those of a list (Gemini wraps its errors in one); `undefined` if it is not JSON. */
  function valuesOf(json: string): unknown[] | undefined {
    try {
      // Of a [DONE] among glued events `undefined`.
      const value = isDone(json) ? undefined : parseJson(json, maxJsonDepth)
      return Array.isArray(value) ? (value as unknown[]) : [value]
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      throw error
    }
  }

  /** Servers forget the blank line, proxies glue events together (cases 151, 152). What is no JSON then either says nothing. */
  function gluedValuesOf(text: string, name: string | undefined): unknown[] {
    const parts = splitJson(text)
    const values = parts.values.map(valuesOf)
    if (values.length > 1 && values.every(Boolean)) return values.flat()
    const error = upstreamErrorOf(text, name)
    if (error !== undefined) throw upstreamError(error)
    head ||= text.slice(0, 300)
    if (text.startsWith('<') && stream.chunks === 0) throw noChunk()
    if (options.lenient === true) {
      if (skipped === undefined)
        warnings.push((skipped = { code: 'event-skipped', event: stream.events, count: 0, excerpt: excerpt(text) }))
      skipped.count++
    } else if (parts.unfinished) {
      unfinished = text
      stream.turns++
    } else throw invalidJson(text, stream.events)
    return []
  }

  function chunkOf(value: unknown, name: string | undefined): ChatCompletionChunk | undefined {
    if (!isObject(value) || isEmpty(value)) return undefined
    // Pings and other news of a gateway are named and no chunks; an unnamed event without choices may carry usage.
    if (name !== undefined && !looksLikeChunk(value)) return undefined
    stream.chunks++
    return normalizer.normalize(value, stream.events)
  }

  function takeEnd(): boolean {
    const insideEvent = unfinished !== undefined
    if (!insideEvent && (normalizer.choices === 0 || normalizer.finished)) return true
    const where = insideEvent ? 'inside an event' : 'without [DONE] and without a finish reason'
    throw new StreamError('incomplete_stream', `the stream ended ${where}`, { chunks: stream.chunks, insideEvent })
  }

  function noChunk(): StreamError<'no_chunk'> {
    const found = head === '' ? 'the answer is empty' : `it begins with ${excerpt(head)}`
    const details = { events: stream.events, body: head }
    return new StreamError('no_chunk', `no chat completion chunk in the answer; ${found}`, details)
  }

  return {
    push: (event) => step((out) => takeEvent(event, out)),
    end: () => step(takeEnd),
    stream,
    warnings,
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

const DONE: Decoded = { chunks: [], done: true }

/** `[DONE]` in every spelling: other case, quotes, white space, what a splitter leaves of it. */
const isDone = (text: string): boolean => text.length < 16 && /^"?\[?done\]?"?$/i.test(text)

const looksLikeChunk = ({ choices, object, usage }: Obj): boolean =>
  Array.isArray(choices) || object === 'chat.completion.chunk' || (choices === null && isObject(usage))

function withoutError(value: unknown): unknown {
  return isObject(value) && Array.isArray(value['choices']) ? omit(value, ['error']) : undefined
}

const upstreamError = (error: UpstreamError): StreamError<'upstream_error'> =>
  new StreamError('upstream_error', error.message, { error })

const invalidJson = (data: string, event: number): StreamError<'invalid_json'> =>
  new StreamError('invalid_json', `event ${event} is not JSON: ${excerpt(data)}`, { data: data.slice(0, 1_000), event })

const excerpt = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

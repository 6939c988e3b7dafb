import { createChoiceReader, type ChoiceReader, type PlainChoice } from './choice-reader.ts'
import { asText, isIndex, isObject, isText, remember, type Json } from './json.ts'
import { plainEvents } from './plain-events.ts'

/**
 * A second reading of a recorded body, to compare ours with.
 *
 * Written from the protocol alone, without core and as plainly as possible: the whole text is decoded and split at once,
 * nothing is incremental, nothing is fast. Where providers contradict each other it follows the tie-breaks of
 * `QUIRKS.md`. Not shared with core on purpose: two readings that agree are worth more than one.
 */
export interface PlainReading {
  /** By index. */
  choices: PlainChoice[]
  /** Every non-empty usage, the later laid over the earlier. */
  usage: Json | undefined
  /** The different values sent, in order, without `''`. */
  ids: string[]
  models: string[]
  /** Events that are chunks, `[DONE]` not counted. */
  chunks: number
  /** `[DONE]` came. */
  done: boolean
  /** What stood after `[DONE]`. */
  afterDone: string[]
  /** What the server reported in the stream. Nothing is read after it. */
  error: PlainError | undefined
  /** The first data that is not JSON. Nothing is read after it. */
  malformed: string | undefined
  /** The body ended without the blank line that ends an event. */
  openEnd: boolean
}

export interface PlainError {
  message: string
  type?: unknown
  code?: unknown
}

export function readPlainly(bytes: Uint8Array): PlainReading {
  const text = new TextDecoder().decode(bytes)
  const reading: PlainReading = {
    choices: [],
    usage: undefined,
    ids: [],
    models: [],
    chunks: 0,
    done: false,
    afterDone: [],
    error: undefined,
    malformed: undefined,
    openEnd: !/(?:\r\n|\r|\n)(?:\r\n|\r|\n)$/.test(text),
  }
  const choices = new Map<number, ChoiceReader>()
  const usages: { [place in 'choice' | 'top' | 'x_groq']: Json | undefined } = {
    top: undefined,
    choice: undefined,
    x_groq: undefined,
  }
  for (const { name, data } of plainEvents(text)) {
    const payload = data.trim()
    if (payload === '') continue
    if (reading.done) {
      reading.afterDone.push(payload)
      continue
    }
    if (payload === '[DONE]') {
      reading.done = true
      continue
    }
    let chunk: unknown
    try {
      chunk = JSON.parse(payload)
    } catch {
      reading.malformed = payload
      break
    }
    if (!isObject(chunk)) continue
    remember(reading.ids, chunk.id)
    remember(reading.models, chunk.model)
    if (Array.isArray(chunk.choices)) {
      reading.chunks += 1
      chunk.choices.forEach((choice: unknown, position) => {
        if (!isObject(choice)) return
        const index = isIndex(choice.index) ? choice.index : position
        const reader = choices.get(index) ?? createChoiceReader(index)
        choices.set(index, reader)
        reader.read(choice)
        usages.choice = overlay(usages.choice, choice.usage)
      })
    }
    usages.top = overlay(usages.top, chunk.usage)
    if (isObject(chunk.x_groq)) usages.x_groq = overlay(usages.x_groq, chunk.x_groq.usage)
    reading.error = errorIn(chunk, name)
    if (reading.error !== undefined) break
  }
  reading.usage = usages.top ?? usages.choice ?? usages.x_groq
  reading.choices = [...choices.values()].map((choice) => choice.end()).toSorted((a, b) => a.index - b.index)
  return reading
}

function errorIn(chunk: Json, eventName: string): PlainError | undefined {
  const { error } = chunk
  if (isObject(error)) return { message: asText(error.message), type: error.type, code: error.code }
  if (isText(error)) return { message: error, code: chunk.code, type: chunk.type }
  if (eventName === 'error') return { message: asText(chunk.message), type: chunk.type, code: chunk.code }
  if (isObject(chunk.base_resp) && chunk.base_resp.status_code !== 0) {
    return { message: asText(chunk.base_resp.status_msg), code: chunk.base_resp.status_code }
  }
  return undefined
}

/** Lays a later object over an earlier one, key by key and all the way down. `null` and `{}` say nothing. */
function overlay(earlier: Json | undefined, later: unknown): Json | undefined {
  if (!isObject(later)) return earlier
  const entries = Object.entries(later)
  if (entries.length === 0) return earlier
  const sum: Json = { ...earlier }
  for (const [key, value] of entries) {
    const before = sum[key]
    if (isObject(value)) sum[key] = overlay(isObject(before) ? before : undefined, value) ?? before ?? value
    else if (value !== null) sum[key] = value
    else if (before === undefined) sum[key] = null
  }
  return sum
}

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

export interface PlainChoice {
  index: number
  role: string | undefined
  text: string
  refusal: string
  /** Of the field that the provider uses for it; see {@link PlainChoice.reasonings}. */
  reasoning: string
  /** The same thoughts under every name they were sent: providers often use two. */
  reasonings: { reasoning_content: string; reasoning: string; reasoning_details: string; content: string }
  toolCalls: PlainToolCall[]
  functionCall: { name: string; arguments: string } | undefined
  audio: PlainAudio | undefined
  /** How many tokens came with a probability. */
  logprobs: number
  finishReason: string | null
  finishReasons: string[]
}

export interface PlainToolCall {
  id: string
  name: string
  arguments: string
}

export interface PlainAudio {
  id: string
  /** The sound itself, whatever way its base64 was cut. */
  data: Uint8Array
  transcript: string
}

export interface PlainError {
  message: string
  type?: unknown
  code?: unknown
}

type Json = { [key: string]: unknown }

interface PlainEvent {
  name: string
  data: string
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

/** The events of a whole body: lines end with CR, LF or both, events with a blank line or with the body. */
export function plainEvents(text: string): PlainEvent[] {
  const events: PlainEvent[] = []
  let name = ''
  let data: string[] = []
  for (const line of [...text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/), '']) {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (line === '') {
      if (data.length > 0) events.push({ name, data: data.join('\n') })
      name = ''
      data = []
    } else if (field === 'data') {
      data.push(value)
    } else if (field === 'event') {
      name = value
    } else if (field === 'error') {
      // llama.cpp before September 2025: not a field of the standard.
      events.push({ name: 'error', data: value })
    }
  }
  return events
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

interface ChoiceReader {
  read(choice: Json): void
  end(): PlainChoice
}

function createChoiceReader(index: number): ChoiceReader {
  const choice: PlainChoice = {
    index,
    role: undefined,
    text: '',
    refusal: '',
    reasoning: '',
    reasonings: { reasoning_content: '', reasoning: '', reasoning_details: '', content: '' },
    toolCalls: [],
    functionCall: undefined,
    audio: undefined,
    logprobs: 0,
    finishReason: null,
    finishReasons: [],
  }
  let calls: OpenCall[] = []
  const audio = { id: '', data: [] as Uint8Array[], transcript: '', hasExpiry: false, came: false }

  function readMessage(message: Json) {
    if (isText(message.role)) choice.role ??= message.role
    readContent(message.content)
    choice.refusal += asText(message.refusal)
    choice.reasonings.reasoning_content += asText(message.reasoning_content)
    choice.reasonings.reasoning += asText(message.reasoning)
    for (const detail of objectsIn(message.reasoning_details)) {
      choice.reasonings.reasoning_details += asText(detail.text) + asText(detail.summary)
    }
    if (isObject(message.function_call)) {
      choice.functionCall ??= { name: '', arguments: '' }
      choice.functionCall.name ||= asText(message.function_call.name)
      choice.functionCall.arguments += asText(message.function_call.arguments)
    }
    if (isObject(message.audio)) {
      audio.came = true
      audio.id ||= asText(message.audio.id)
      audio.data.push(Buffer.from(asText(message.audio.data), 'base64'))
      audio.transcript += asText(message.audio.transcript)
      audio.hasExpiry ||= typeof message.audio.expires_at === 'number'
    }
    const entries = isObject(message.tool_calls) ? [message.tool_calls] : objectsIn(message.tool_calls)
    for (const entry of entries) readToolCall(calls, entry)
  }

  function readContent(content: unknown) {
    choice.text += asText(content)
    for (const part of objectsIn(content)) {
      if (part.type === 'text') choice.text += asText(part.text)
      for (const thought of [...objectsIn(part.thinking), ...objectsIn(part.summary)]) {
        choice.reasonings.content += asText(thought.text)
      }
    }
  }

  return {
    read({ delta, message, finish_reason, logprobs }) {
      if (isObject(delta)) {
        readMessage(delta)
      } else if (isObject(message)) {
        // A message in place of a delta is the whole answer: what it holds replaces what was collected.
        if (message.content !== undefined && message.content !== null) choice.text = choice.reasonings.content = ''
        if (isText(message.refusal)) choice.refusal = ''
        if (isText(message.reasoning_content)) choice.reasonings.reasoning_content = ''
        if (isText(message.reasoning)) choice.reasonings.reasoning = ''
        if (objectsIn(message.reasoning_details).length > 0) choice.reasonings.reasoning_details = ''
        if (objectsIn(message.tool_calls).length > 0) calls = []
        readMessage(message)
      }
      if (isObject(logprobs)) choice.logprobs += objectsIn(logprobs.content).length
      if (isText(finish_reason)) {
        choice.finishReason = finish_reason
        remember(choice.finishReasons, finish_reason)
      }
    },
    end() {
      if (audio.came) {
        choice.audio = { id: audio.id, data: Buffer.concat(audio.data), transcript: audio.transcript }
        // An audio stream ends with its expiry and often without a reason (openai-node reads it the same way).
        if (audio.hasExpiry) choice.finishReason ??= 'stop'
      }
      const { reasoning_content, reasoning, reasoning_details, content } = choice.reasonings
      choice.reasoning = reasoning_content || reasoning || reasoning_details || content
      const ordered = calls.every((call) => call.index !== undefined)
        ? calls.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0))
        : calls
      choice.toolCalls = ordered.map((call) => ({ id: call.id, name: call.name, arguments: call.arguments }))
      return choice
    },
  }
}

interface OpenCall extends PlainToolCall {
  index: number | undefined
}

function readToolCall(calls: OpenCall[], entry: Json) {
  const part = isObject(entry.function) ? entry.function : isObject(entry.custom) ? entry.custom : {}
  const given: OpenCall = {
    index: isIndex(entry.index) ? entry.index : undefined,
    id: asText(entry.id),
    name: asText(part.name),
    arguments: isObject(part.arguments) ? JSON.stringify(part.arguments) : asText(part.arguments) + asText(part.input),
  }
  const call = callFor(calls, given)
  if (call === undefined) {
    calls.push(given)
    return
  }
  call.id ||= given.id
  if (given.name.startsWith(call.name)) call.name = given.name
  else if (call.arguments === '') call.name += given.name
  // Bedrock sends "{}" where the arguments are still to come.
  if (call.arguments === '{}' && given.arguments.trimStart().startsWith('{')) call.arguments = given.arguments
  else call.arguments += given.arguments
}

/** The call that a fragment continues, or nothing when it begins one: the table of `QUIRKS.md`, row by row. */
function callFor(calls: readonly OpenCall[], given: OpenCall): OpenCall | undefined {
  const known = given.index === undefined ? byId(calls, given) : calls.findLast((call) => call.index === given.index)
  // Neither id nor name: it cannot begin a call, so an index that is new has drifted.
  if (given.id === '' && given.name === '') return known ?? calls.at(-1)
  if (known === undefined || given.name === '') return known
  if (given.id !== '' && known.id !== '' && known.id !== given.id) {
    // A name and a new id begin a call, unless ids are made up anew for each piece of the same arguments.
    const inPieces = known.name === given.name && known.arguments !== '' && !isWholeObject(known.arguments)
    return inPieces ? known : undefined
  }
  // A name without an id begins the next call once the arguments of this one are whole and others come.
  const isNext = given.id === '' && isWholeObject(known.arguments) && given.arguments.trim() !== ''
  return isNext ? undefined : known
}

/** Where there is no index: the call with that id, or the latest one for what cannot begin a call. */
function byId(calls: readonly OpenCall[], { id, name }: OpenCall): OpenCall | undefined {
  const latest = calls.at(-1)
  if (id === '') return latest
  return calls.findLast((call) => call.id === id) ?? (name === '' ? latest : undefined)
}

function isWholeObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
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

function remember(list: string[], value: unknown) {
  const text = typeof value === 'number' ? String(value) : value
  if (isText(text) && !list.includes(text)) list.push(text)
}

function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : []
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

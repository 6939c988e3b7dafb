import type { ChatCompletionChunk, ChunkChoice } from '../chunk.ts'
import { isEmpty, isObject, type Obj } from '../is-object.ts'
import { type Limits, limitExceeded, limitsOf } from '../limits.ts'
import { ENVELOPE, lengthOf } from './answer-length.ts'
import { choiceRepairs, deltaRepairs, type RepairedAudio } from './choice-repairs.ts'
import { chunkRepairs } from './chunk-repairs.ts'
import { omit } from '../pick.ts'
import { isEmptyList, isIndex, listOf, own, repairer } from './repair.ts'
import type { ChoiceState, NormalizeOptions, StreamState } from './state.ts'
import { createToolCalls, type ToolCallRepair } from './tool-calls.ts'
import { type Warning, warned } from './warning.ts'

/** Everything that normalizing may resolve; `catalogue.ts` says what each is about. */
export type RepairName =
  | keyof typeof chunkRepairs
  | keyof typeof choiceRepairs
  | keyof typeof deltaRepairs
  | ToolCallRepair
  | 'choice-unusable'
  | 'function-call-odd'

/**
 * Normalizes the raw chunks of one stream. It keeps what they have established, so each stream needs one of its own.
 */
export interface Normalizer {
  /**
   * One raw chunk in the official shape, or `undefined` for what is no chunk at all.
   *
   * `raw` is only read. Parts of it that need no repair are shared with the result.
   *
   * @param number the number of its event, for warnings; one more than the last if not given
   * @throws StreamError `limit_exceeded`
   */
  normalize(raw: unknown, number?: number): ChatCompletionChunk | undefined
  /** What was held back because more might have followed, as a last chunk. Mostly `undefined`. */
  end(): ChatCompletionChunk | undefined
  /** What could not be decided so far. Grows with the stream. */
  readonly warnings: readonly Warning[]
  /** How many choices have appeared. */
  readonly choices: number
  /** Whether every choice that appeared has a finish reason. */
  readonly finished: boolean
  /** For the fast way (`read-by.ts`): what the stream has established so far. */
  readonly stream: StreamState
}

/**
 * Resolves every provider's oddities into the official shape, statefully, chunk by chunk.
 *
 * Afterwards the rule of every field is one associative merge, whoever sent it. The oddities are data: `chunk-repairs.ts`,
 * `choice-repairs.ts` and the table in `tool-calls.ts`. Normalizing normalized chunks changes nothing.
 */
export function createNormalizer(options: NormalizeOptions & Limits = {}): Normalizer {
  const { maxAnswerLength, maxChoices, maxToolCalls } = limitsOf(options)
  const choices = new Map<number, ChoiceState>()
  const stream: StreamState = {
    options,
    choices,
    id: '',
    created: 0,
    model: '',
    hasUsage: false,
    events: 0,
    chunks: 0,
    room: maxAnswerLength,
    weigh,
    warnings: [],
    turns: 0,
  }
  const { warnings } = stream
  /** The names at the top level that are not official, and how long a list there has been at its longest. Few streams have one. */
  let names: Map<string, number> | undefined
  /** How many choices have not finished. */
  let open = 0
  // Values and no getters: an object with those is ten times as large.
  const normalizer = { normalize, end, stream, warnings, choices: 0, finished: false }

  function report(code: RepairName): void {
    stream.options.onRepair?.(code)
    if (!warned.has(code)) return
    let warning = warnings.find((one) => one.code === code)
    if (warning === undefined) warnings.push((warning = { code, event: stream.events, count: 0 }))
    warning.count++
    stream.turns++
  }

  function normalize(raw: unknown, number = stream.events + 1): ChatCompletionChunk | undefined {
    stream.events = number
    if (!isObject(raw)) return undefined
    const chunk = repairChunk(own({ ...raw }), stream, report)
    const normalized: ChunkChoice[] = []
    // MiniMax and OpenRouter send null, others leave it out: https://github.com/RooCodeInc/Roo-Code/pull/9105 (case 099).
    for (const [position, entry] of listOf(chunk['choices']).entries()) {
      if (!isObject(entry)) {
        report('choice-unusable')
        continue
      }
      const { usage } = entry
      if (!stream.hasUsage && isObject(usage) && !isEmpty(usage)) chunk['usage'] = usage
      normalized.push(normalizeChoice(entry, position))
    }
    chunk['choices'] = normalized
    // The repairs have made every official field what its type says.
    const sound = chunk as unknown as ChatCompletionChunk
    stream.room -= weigh(sound)
    if (stream.room < 0) throw limitExceeded('maxAnswerLength', maxAnswerLength)
    return sound
  }

  function normalizeChoice(entry: Obj, position: number): ChunkChoice {
    let choice = own({ ...entry })
    const index = stream.options.n === 1 ? 0 : isIndex(choice['index']) ? choice['index'] : position
    let state = choices.get(index)
    if (state === undefined) {
      if (choices.size >= maxChoices) throw limitExceeded('maxChoices', maxChoices)
      choices.set(index, (state = newState(stream)))
      normalizer.choices++
      normalizer.finished = false
      open++
    }
    choice['index'] = index
    choice = repairChoice(choice, state, report)
    const ends = choice['finish_reason'] !== null
    if ('whole_message' in choice)
      choice = omit({ ...choice, whole_message: wholeMessage(choice['whole_message'], state) })
    choice['delta'] = normalizeDelta(choice['delta'] as Obj, state, ends)
    if (ends && !state.finished) {
      state.finished = true
      normalizer.finished = --open === 0
    }
    return choice as unknown as ChunkChoice
  }

  function normalizeDelta(raw: Obj, state: ChoiceState, ends: boolean): Obj {
    let delta = repairDelta(own({ ...raw }), state, report)
    if (isObject(delta['function_call'])) {
      // What providers do to tool calls they do to this one, the only one of its kind.
      const call = { index: 0, type: 'function', function: delta['function_call'] }
      state.functionCall ??= createToolCalls(maxToolCalls, () => report('function-call-odd'))
      const [entry] = state.functionCall.normalize([call], true)
      delta['function_call'] = entry?.['function'] ?? {}
    }
    const sent = 'tool_calls' in delta
    if (sent) state.calls ??= createToolCalls(maxToolCalls, report)
    const calls = ends || sent ? state.calls?.normalize(delta['tool_calls'], ends) : undefined
    if (calls?.length) delta['tool_calls'] = calls
    else if (sent) delta = omit(delta, ['tool_calls'])
    if (ends && state.audioTail !== '') {
      const audio = delta['audio'] as RepairedAudio
      delta['audio'] = { ...audio, data: (audio?.data ?? '') + state.audioTail }
      state.audioTail = ''
    }
    state.begun ||= !isEmpty(delta)
    return delta
  }

  /** A message that replaces what was collected; what it leaves empty, it does not replace. */
  function wholeMessage(raw: unknown, state: ChoiceState): Obj | undefined {
    if (!isObject(raw)) return undefined
    const said = Object.entries(raw).filter(([, value]) => value !== null && value !== '' && !isEmptyList(value))
    const fresh = newState(stream)
    const message = normalizeDelta(Object.fromEntries(said), fresh, true)
    state.texts = fresh.texts
    if ('tool_calls' in message) state.calls = fresh.calls
    if ('function_call' in message) state.functionCall = fresh.functionCall
    if ('audio' in message) state.audioTail = ''
    return isEmpty(omit(message, ['role'])) ? undefined : message
  }

  function weigh(chunk: ChatCompletionChunk): number {
    let sum = 0
    for (const key in chunk) {
      if (ENVELOPE.has(key)) continue
      const value: unknown = (chunk as unknown as Obj)[key]
      names ??= new Map()
      const longest = names.get(key)
      const length = lengthOf(value)
      // A list at the top replaces the one before: Perplexity repeats all its results in every chunk.
      const grown = Array.isArray(value) ? Math.max(0, length - (longest ?? 0)) : length
      sum += grown + (longest === undefined ? key.length : 0)
      names.set(key, (longest ?? 0) + (Array.isArray(value) ? grown : 0))
    }
    for (const choice of chunk.choices) sum += lengthOf(choice)
    return sum
  }

  function end(): ChatCompletionChunk | undefined {
    const held: ChunkChoice[] = []
    for (const [index, state] of choices) {
      const delta = normalizeDelta({}, state, true)
      if (!isEmpty(delta)) held.push({ index, delta, finish_reason: null })
    }
    const { id, created, model } = stream
    return held.length === 0 ? undefined : { id, object: 'chat.completion.chunk', created, model, choices: held }
  }

  return normalizer
}

const newState = (stream: StreamState): ChoiceState => ({
  stream,
  calls: undefined,
  begun: false,
  finished: false,
  functionCall: undefined,
  audioTail: '',
  texts: undefined,
})

const repairChunk = /* @__PURE__ */ repairer(chunkRepairs)
const repairChoice = /* @__PURE__ */ repairer(choiceRepairs)
const repairDelta = /* @__PURE__ */ repairer(deltaRepairs)

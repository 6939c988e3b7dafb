import type { ChatCompletionChunk, ChunkChoice } from '../chunk.ts'
import { type Limits, limitExceeded, limitsOf } from '../limits.ts'
import { ENVELOPE, lengthOf } from './answer-length.ts'
import { choiceRepairs, deltaRepairs } from './choice-repairs.ts'
import { chunkRepairs } from './chunk-repairs.ts'
import { isIndex, isObject, type Obj, repairer } from './repair.ts'
import type { ChoiceState, NormalizeOptions, StreamState } from './state.ts'
import { type ToolCallRepair, ToolCalls } from './tool-calls.ts'
import { type Warning, warned } from './warning.ts'

/** Everything that normalizing may resolve; `catalogue.ts` says what each is about. */
export type RepairName =
  | keyof typeof chunkRepairs
  | keyof typeof choiceRepairs
  | keyof typeof deltaRepairs
  | ToolCallRepair
  | 'choice-unusable'
  | 'function-call-odd'

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
  readonly warnings: readonly Warning[]
  /** How many choices have appeared. */
  readonly choices: number
  /** Whether every choice that appeared has a finish reason. */
  readonly finished: boolean
  /** For the fast way: what later chunks are read by, in one text. Equal texts, equal reading. */
  readonly state: string
  /** For the fast way: how many characters the answer may still grow by. */
  readonly room: number
  /** For the fast way: chunks that repeat what the normalizer has seen, and the characters that they add. */
  skip(chunks: number, length: number): void
  /** For the fast way: argument text of a call that is open. */
  append(choice: number, call: number, text: string): void
}

/**
 * Resolves every provider's oddities into the official shape, statefully, chunk by chunk.
 *
 * Afterwards the rule of every field is one associative merge, whoever sent it. The oddities are data: `chunk-repairs.ts`,
 * `choice-repairs.ts` and the table in `tool-calls.ts`. Normalizing normalized chunks changes nothing.
 */
export function createNormalizer(options: NormalizeOptions & Limits = {}): Normalizer {
  const limits = limitsOf(options)
  const stream: StreamState = { options, id: '', created: 0, model: '', hasUsage: false }
  const choices = new Map<number, ChoiceState>()
  const warnings = new Map<string, Warning>()
  /** The names at the top level, and how long a list there has been at its longest. */
  const names = new Map<string, number>()
  let event = 0
  let seen = 0
  let length = 0

  function report(code: RepairName): void {
    options.onRepair?.(code)
    if (!warned.has(code)) return
    seen++
    const known = warnings.get(code)
    if (known !== undefined) known.count++
    else warnings.set(code, { code, event, count: 1 })
  }

  const repairChunk = repairer(chunkRepairs, report)
  const repairChoice = repairer(choiceRepairs, report)
  const repairDelta = repairer(deltaRepairs, report)

  function normalize(raw: unknown, number = event + 1): ChatCompletionChunk | undefined {
    event = number
    if (!isObject(raw)) return undefined
    const chunk = shallow(raw)
    repairChunk(chunk, stream)
    const entries = listOf(chunk['choices'])
    const normalized: ChunkChoice[] = []
    for (const [position, entry] of entries.entries()) {
      if (!isObject(entry)) {
        report('choice-unusable')
        continue
      }
      if (!stream.hasUsage && isObject(entry['usage']) && Object.keys(entry['usage']).length > 0)
        chunk['usage'] = entry['usage']
      normalized.push(normalizeChoice(entry, position))
    }
    chunk['choices'] = normalized
    grow(chunk)
    // The repairs have made every official field what its type says.
    return chunk as unknown as ChatCompletionChunk
  }

  function normalizeChoice(entry: Obj, position: number): ChunkChoice {
    const choice = shallow(entry)
    const index = options.n === 1 ? 0 : isIndex(choice['index']) ? choice['index'] : position
    const state = stateOf(index)
    choice['index'] = index
    repairChoice(choice, state)
    const ends = choice['finish_reason'] !== null
    if ('whole_message' in choice) {
      const whole = isObject(choice['whole_message']) ? wholeMessage(choice['whole_message'], state) : undefined
      if (whole === undefined) delete choice['whole_message']
      else choice['whole_message'] = whole
    }
    choice['delta'] = normalizeDelta(choice['delta'] as Obj, state, ends)
    state.finished ||= ends
    return choice as unknown as ChunkChoice
  }

  function normalizeDelta(raw: Obj, state: ChoiceState, ends: boolean): Obj {
    const delta = shallow(raw)
    repairFields(delta, state)
    const calls =
      'tool_calls' in delta ? state.calls.normalize(delta['tool_calls'], ends) : ends ? state.calls.release() : []
    if (calls.length > 0) delta['tool_calls'] = calls
    else delete delta['tool_calls']
    if (state.audioTail !== '' && ends) releaseAudio(delta, state)
    state.begun ||= Object.keys(delta).length > 0
    return delta
  }

  /** All of a delta but its tool calls. */
  function repairFields(delta: Obj, state: ChoiceState): void {
    repairDelta(delta, state)
    if (!isObject(delta['function_call'])) return
    // What providers do to tool calls they do to this one, the only one of its kind.
    const call = { index: 0, type: 'function', function: delta['function_call'] }
    const [entry] = state.functionCall.normalize([call], true)
    delta['function_call'] = entry?.['function'] ?? {}
  }

  function legacyCall(): ToolCalls {
    return new ToolCalls(limits.maxToolCalls, () => report('function-call-odd'))
  }

  /** A message that replaces what was collected; what it leaves empty, it does not replace. */
  function wholeMessage(raw: Obj, state: ChoiceState): Obj | undefined {
    const said = Object.entries(shallow(raw)).filter(
      ([, value]) => value !== null && value !== '' && !isEmptyList(value),
    )
    const message = Object.fromEntries(said)
    state.texts.clear()
    if (isObject(message['function_call'])) state.functionCall = legacyCall()
    if (isObject(message['audio'])) state.audioTail = ''
    repairFields(message, state)
    if (isObject(message['audio']) && state.audioTail !== '') releaseAudio(message, state)
    if ('tool_calls' in message) {
      const fresh = new ToolCalls(limits.maxToolCalls, report)
      const calls = fresh.normalize(message['tool_calls'], true)
      if (calls.length > 0) {
        message['tool_calls'] = calls
        state.calls = fresh
      } else delete message['tool_calls']
    }
    return Object.keys(message).some((key) => key !== 'role') ? message : undefined
  }

  function stateOf(index: number): ChoiceState {
    const known = choices.get(index)
    if (known !== undefined) return known
    if (choices.size >= limits.maxChoices) throw limitExceeded('maxChoices', limits.maxChoices)
    const state: ChoiceState = {
      stream,
      calls: new ToolCalls(limits.maxToolCalls, report),
      begun: false,
      finished: false,
      functionCall: legacyCall(),
      audioTail: '',
      texts: new Map(),
    }
    choices.set(index, state)
    return state
  }

  function grow(chunk: Obj): void {
    for (const key in chunk) {
      if (ENVELOPE.has(key)) continue
      const value = chunk[key]
      const longest = names.get(key)
      if (longest === undefined) length += key.length
      // A list at the top replaces the one before: Perplexity repeats all its results in every chunk.
      const before = Array.isArray(value) ? (longest ?? 0) : 0
      const grown = Math.max(before, lengthOf(value))
      length += grown - before
      names.set(key, Array.isArray(value) ? grown : (longest ?? 0))
    }
    for (const choice of chunk['choices'] as ChunkChoice[]) length += lengthOf(choice)
    if (length > limits.maxAnswerLength) throw limitExceeded('maxAnswerLength', limits.maxAnswerLength)
  }

  function end(): ChatCompletionChunk | undefined {
    const held: ChunkChoice[] = []
    for (const [index, state] of choices) {
      const delta: Obj = {}
      const calls = state.calls.release()
      if (calls.length > 0) delta['tool_calls'] = calls
      if (state.audioTail !== '') releaseAudio(delta, state)
      if (Object.keys(delta).length > 0) held.push({ index, delta, finish_reason: null })
    }
    if (held.length === 0) return undefined
    const { id, created, model } = stream
    return { id, object: 'chat.completion.chunk', created, model, choices: held }
  }

  return {
    normalize,
    end,
    get warnings() {
      return [...warnings.values()]
    },
    get choices() {
      return choices.size
    },
    get state() {
      let told = `${stream.id} ${stream.created} ${stream.model} ${stream.hasUsage} ${seen}`
      for (const [index, { begun, finished, calls }] of choices)
        told += ` ${index} ${begun} ${finished} ${calls.opened}`
      return told
    },
    get room() {
      return limits.maxAnswerLength - length
    },
    skip(chunks, grown) {
      event += chunks
      length += grown
    },
    append: (choice, call, text) => choices.get(choice)?.calls.append(call, text),
    get finished() {
      return choices.size > 0 && [...choices.values()].every((state) => state.finished)
    },
  }
}

function listOf(choices: unknown): unknown[] {
  // MiniMax and OpenRouter send null, others leave it out: https://github.com/RooCodeInc/Roo-Code/pull/9105 (case 099).
  return Array.isArray(choices) ? choices : isObject(choices) ? [choices] : []
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

function releaseAudio(delta: Obj, state: ChoiceState): void {
  const audio = isObject(delta['audio']) ? delta['audio'] : {}
  delta['audio'] = { ...audio, data: (typeof audio['data'] === 'string' ? audio['data'] : '') + state.audioTail }
  state.audioTail = ''
}

/** A copy that may be changed. A key `__proto__` would not survive being assigned, and must not. */
function shallow(value: Obj): Obj {
  const copy = { ...value }
  if (Object.hasOwn(copy, '__proto__')) delete copy['__proto__']
  return copy
}

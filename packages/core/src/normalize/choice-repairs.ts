import { isObject, type Obj } from '../is-object.ts'
import { joinBase64, splitPadding } from './base64.ts'
import { drop, dropped, isEmptyList, type Repairs } from './repair.ts'
import type { ChoiceState } from './state.ts'

/** Oddities of one entry of `choices`, outside its delta. By the time a table ends, `delta` is an object. */
export const choiceRepairs = {
  'finish-reason-empty'(choice) {
    const reason = choice['finish_reason']
    if (reason === null || (typeof reason === 'string' && reason !== '')) return false
    choice['finish_reason'] = null
    return reason !== undefined
  },

  'text-completion'(choice) {
    if (typeof choice['text'] !== 'string' || isObject(choice['delta']) || isObject(choice['message'])) return false
    choice['delta'] = { content: choice['text'] }
    return drop(choice, 'text')
  },

  'text-beside-delta': /* @__PURE__ */ dropped('text', (text) => typeof text === 'string'),

  'message-beside-delta'(choice) {
    const { delta, message } = choice
    // Beside a delta that says nothing the message is all there is.
    if (isObject(message) && !(isObject(delta) && Object.values(delta).some((value) => value !== null))) return false
    return 'message' in choice && drop(choice, 'message')
  },

  'message-instead-of-delta'(choice, state) {
    if (!isObject(choice['message'])) return false
    // Nothing to replace: then it is the first delta, and readers that follow deltas see it.
    choice[state.begun ? 'whole_message' : 'delta'] = choice['message']
    return drop(choice, 'message')
  },

  'delta-missing'(choice) {
    if (isObject(choice['delta'])) return false
    choice['delta'] = typeof choice['delta'] === 'string' ? { content: choice['delta'] } : {}
    return true
  },

  'usage-in-choice': /* @__PURE__ */ dropped('usage', () => true),

  'audio-end-without-finish-reason'(choice, state) {
    const { audio } = choice['delta'] as Obj
    if (choice['finish_reason'] !== null || state.finished || !isObject(audio)) return false
    if (typeof audio['expires_at'] !== 'number') return false
    choice['finish_reason'] = 'stop'
    return true
  },

  'logprobs-unusable'(choice) {
    const { logprobs } = choice
    if (logprobs === undefined || logprobs === null || isObject(logprobs)) return false
    choice['logprobs'] = null
    return true
  },

  'logprobs-partial'(choice) {
    const logprobs = choice['logprobs']
    if (!isObject(logprobs)) return false
    const { content, refusal } = logprobs
    if (isListOrNull(content) && isListOrNull(refusal)) return false
    choice['logprobs'] = {
      ...logprobs,
      content: Array.isArray(content) ? content : null,
      refusal: Array.isArray(refusal) ? refusal : null,
    }
    return true
  },
} satisfies Repairs<ChoiceState>

const TEXTS = ['content', 'refusal', 'reasoning', 'reasoning_content']

/** Oddities of a partial message, outside its tool calls. The part is the delta. */
export const deltaRepairs = {
  'delta-index': /* @__PURE__ */ dropped('index', () => true),

  'role-empty': /* @__PURE__ */ dropped('role', (role) => typeof role !== 'string' || role === ''),

  'content-parts-loose'(delta) {
    const { content } = delta
    if (isObject(content)) delta['content'] = [content]
    else if (Array.isArray(content) && !content.every(isObject))
      delta['content'] = content
        .filter((part) => part !== null)
        .map((part) => (isObject(part) ? part : { type: 'text', text: textOf(part) }))
    else return false
    return true
  },

  'content-empty-list': /* @__PURE__ */ dropped('content', isEmptyList),

  'text-not-text'(delta) {
    let changed = false
    for (const field of TEXTS) {
      const value = delta[field]
      // Content and reasoning may be parts, a refusal is only ever text.
      if (typeof (value ?? '') === 'string' || (typeof value === 'object' && field !== 'refusal')) continue
      delta[field] = textOf(value)
      changed = true
    }
    return changed
  },

  'function-call-empty': /* @__PURE__ */ dropped('function_call', (call) => !isObject(call)),

  'audio-unusable'(delta) {
    const { audio } = delta
    if (audio === undefined || audio === null) return false
    if (!isObject(audio)) return drop(delta, 'audio')
    const odd = ['id', 'data', 'transcript'].filter((field) => field in audio && typeof audio[field] !== 'string')
    if (odd.length === 0) return false
    delta['audio'] = Object.fromEntries(Object.entries(audio).filter(([field]) => !odd.includes(field)))
    return true
  },

  'audio-padded'(delta, state) {
    const audio = delta['audio'] as RepairedAudio
    const data = audio?.data
    if (data === undefined || (state.audioTail === '' && !data.endsWith('='))) return false
    const [whole, tail] = splitPadding(state.audioTail === '' ? data : joinBase64(state.audioTail, data))
    state.audioTail = tail
    delta['audio'] = { ...audio, data: whole }
    return true
  },

  cumulative(delta, state) {
    if (state.stream.options.cumulative !== true) return false
    const texts = (state.texts ??= new Map<string, string>())
    let changed = false
    for (const field of TEXTS) {
      const text = delta[field]
      if (typeof text !== 'string') continue
      const known = texts.get(field) ?? ''
      if (!text.startsWith(known)) continue
      texts.set(field, text)
      delta[field] = text.slice(known.length)
      changed ||= known !== ''
    }
    return changed
  },
} satisfies Repairs<ChoiceState>

/** What `audio-unusable` leaves of a delta's audio. */
export type RepairedAudio = { readonly data?: string } | null | undefined

const isListOrNull = (value: unknown): boolean => value === null || Array.isArray(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

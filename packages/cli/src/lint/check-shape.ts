import { createToolCallChecker } from './check-tool-calls.ts'
import { knownFields, reasoningFields } from './known-fields.ts'
import { isNothing, isObject, unknownIn, type Obj, type Say } from './raw-part.ts'

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

interface ChoiceState {
  hasRole: boolean
  isFinished: boolean
  hasToolCall: boolean
  /** How its content began: a tag may come in pieces. */
  opening: string
  readonly calls: ReturnType<typeof createToolCallChecker>
}

export interface ShapeChecker {
  /** One chunk as it was sent, before anything is repaired. */
  push(chunk: Obj, say: Say): void
  /** What only shows at the end. */
  end(say: Say): void
}

/** Looks at raw chunks, one after the other, for what is not as specified and needs no repair. */
export function createShapeChecker(): ShapeChecker {
  const choices = new Map<number, ChoiceState>()
  let usages = 0
  const usageKeys = new Set<string>()

  function choiceOf(index: number): ChoiceState {
    const known = choices.get(index)
    if (known !== undefined) return known
    const calls = createToolCallChecker()
    const state = { hasRole: false, isFinished: false, hasToolCall: false, opening: '', calls }
    choices.set(index, state)
    return state
  }

  function checkUsage(chunk: Obj, say: Say): void {
    const { usage } = chunk
    if (usages > 0 && usage === null) say('usage-erased')
    if (!isObject(usage) || Object.keys(usage).length === 0) return
    usages++
    if (usages === 2) say('usage-repeated')
    if (Array.isArray(chunk['choices']) && chunk['choices'].length > 0) say('usage-beside-choices')
    if (Object.values(usage).includes(null)) say('usage-null-details')
    const keys = new Set(Object.keys(usage))
    if ([...usageKeys].some((key) => !keys.has(key))) say('usage-split')
    for (const key of keys) usageKeys.add(key)
  }

  function checkChoice(choice: Obj, position: number, say: Say): number {
    const { index, delta, finish_reason: reason } = choice
    if (!isIndex(index)) say('choice-index-missing')
    const at = isIndex(index) ? index : position
    const state = choiceOf(at)
    unknownIn(choice, knownFields.choice, 'choices[]', say)
    if (!('finish_reason' in choice)) say('finish-reason-absent')
    if (isObject(delta)) checkDelta(delta, state, say)
    if (isObject(choice['message'])) state.hasRole ||= !isNothing(choice['message']['role'])
    if (typeof reason === 'string' && reason !== '') {
      if (state.isFinished) say('finish-reason-repeated')
      if (!reasons.has(reason)) say('finish-reason-unknown', reason.slice(0, 40))
      if (state.hasToolCall && reason === 'stop') say('finish-reason-not-tool-calls', reason)
      state.isFinished = true
    }
    return at
  }

  return {
    push(chunk, say) {
      unknownIn(chunk, knownFields.chunk, '', say)
      if (hasPrototypeKey(chunk)) say('prototype-key')
      if ('error' in chunk && isNothing(chunk['error'])) say('error-empty')
      if (typeof chunk['model'] !== 'string') say('model-missing')
      if (chunk['system_fingerprint'] === '' || chunk['service_tier'] === '') say('accounting-empty')
      checkUsage(chunk, say)
      if (!Array.isArray(chunk['choices'])) return say('choices-not-list')
      const seen = new Set<number>()
      for (const [position, choice] of (chunk['choices'] as unknown[]).entries()) {
        if (!isObject(choice)) continue
        const index = checkChoice(choice, position, say)
        if (seen.has(index)) say('choice-repeated')
        seen.add(index)
      }
    },
    end(say) {
      if (Math.max(-1, ...choices.keys()) >= choices.size) say('choice-index-gap')
      for (const { hasRole, opening } of choices.values()) {
        if (!hasRole) say('role-missing')
        if (/^\s*<think(?:ing)?>/.test(opening)) say('think-tags')
      }
    },
  }
}

const reasons = new Set(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])

function checkDelta(delta: Obj, state: ChoiceState, say: Say): void {
  unknownIn(delta, [...knownFields.delta, ...reasoningFields], 'delta', say)
  const { role, content, refusal } = delta
  if (state.isFinished && saysSomething(delta)) say('finish-reason-early')
  if (typeof role === 'string' && role !== '') {
    if (state.hasRole) say('role-repeated')
    state.hasRole = true
  }
  if (Array.isArray(content)) say('content-parts')
  const thoughts = reasoningFields.filter((field) => !isNothing(delta[field]))
  if (thoughts.length > 0) say('reasoning-field', thoughts[0])
  if (thoughts.filter((field) => field !== 'reasoning_details').length > 1) say('reasoning-twice')
  for (const text of [content, refusal, delta['reasoning'], delta['reasoning_content']]) {
    if (typeof text === 'string') checkText(text, say)
  }
  if (typeof content === 'string' && state.opening.length < 64) state.opening += content.slice(0, 64)
  if (!('tool_calls' in delta)) return
  const calls = delta['tool_calls']
  if (calls === null || (Array.isArray(calls) && calls.length === 0)) return say('tool-calls-empty')
  state.calls.push(Array.isArray(calls) ? calls : [calls], say)
  state.hasToolCall = true
}

function checkText(text: string, say: Say): void {
  if (/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(text)) say('half-character')
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000B-\u000C\u000E-\u001F\u007F-\u009F]/.test(text)) say('control-character')
}

function saysSomething(delta: Obj): boolean {
  return ['content', 'refusal', 'tool_calls', 'function_call', ...reasoningFields].some(
    (field) => !isNothing(delta[field]),
  )
}

/** At any depth, and a stranger chooses the depth: no recursion. */
function hasPrototypeKey(value: Obj): boolean {
  const open: unknown[] = [value]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== 'object' || part === null) continue
    if (Object.hasOwn(part, '__proto__')) return true
    for (const inner of Object.values(part)) if (typeof inner === 'object' && inner !== null) open.push(inner)
  }
  return false
}

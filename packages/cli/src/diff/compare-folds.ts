import { isStreamError, reasoningOf, toolCallsOf, type ChatCompletion } from '@deltawire/core'
import type { Fold } from '../source/fold-source.ts'

/** One thing that is not the same in two answers. */
export interface Difference {
  /** `choices[0].text` */
  readonly what: string
  readonly first: unknown
  readonly second: unknown
}

/** What of an answer has a meaning, by name. Ids and times are new in every answer, and mean nothing. */
function meaningOf({ completion, error }: Fold, isStrict: boolean): Map<string, unknown> {
  const meaning = new Map<string, unknown>()
  if (error !== null) meaning.set('error', isStreamError(error) ? error.code : error.name)
  if (completion === null) return meaning
  for (const choice of completion.choices) {
    const { index, finish_reason, message } = choice
    const at = (field: string) => `choices[${index}].${field}`
    meaning.set(at('finish_reason'), finish_reason)
    meaning.set(at('text'), contentOf(message))
    meaning.set(at('reasoning'), reasoningOf(choice))
    meaning.set(at('refusal'), message.refusal ?? '')
    for (const [number, call] of toolCallsOf(choice).entries()) {
      meaning.set(at(`tool_calls[${number}].name`), call.name)
      // As values: two texts of JSON may say the same.
      meaning.set(at(`tool_calls[${number}].arguments`), call.arguments ?? call.text)
      if (isStrict) meaning.set(at(`tool_calls[${number}].id`), call.id)
    }
  }
  meaning.set('usage', completion.usage ?? null)
  meaning.set('model', completion.model)
  if (isStrict) for (const key of ['id', 'created', 'system_fingerprint'] as const) meaning.set(key, completion[key])
  return meaning
}

function contentOf({ content }: ChatCompletion['choices'][number]['message']): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? '')
}

/** What two answers do not have in common, in the order of the first. */
export function compareFolds(first: Fold, second: Fold, isStrict: boolean): Difference[] {
  const a = meaningOf(first, isStrict)
  const b = meaningOf(second, isStrict)
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((what) => ({ what, first: a.get(what), second: b.get(what) }))
    .flatMap((pair) => (isSame(pair.first, pair.second) ? [] : fieldsOf(pair)))
}

/** Two objects that differ do so in some of their fields: which ones. */
function fieldsOf({ what, first, second }: Difference): Difference[] {
  if (what !== 'usage' || !isObject(first) || !isObject(second)) return [{ what, first, second }]
  return [...new Set([...Object.keys(first), ...Object.keys(second)])]
    .map((key) => ({ what: `${what}.${key}`, first: first[key], second: second[key] }))
    .filter((pair) => !isSame(pair.first, pair.second))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** By value, whatever the order of the keys. Nothing, `null` and `""` are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value === '' ? null : (value ?? null), (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  )
}

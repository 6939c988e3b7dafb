/** What each chunk repeats, so that the sum does not grow by it. */
export const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'service_tier',
  'system_fingerprint',
  'choices',
  'usage',
])

/** Longer names than this are no field's: they are the stranger's text. */
const NAME = 32

/**
 * Characters of text in a value, at any level; anything else counts as one, as does a field's name or a place in a list.
 *
 * Of a long name what is beyond a name's length counts, too: names are kept as texts are.
 */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let sum = 0
  // Not `for in`: V8 compiles that for one shape of object, and again and again where there are many.
  for (const key of Object.keys(value))
    sum += Math.max(1, key.length - NAME) + lengthOf((value as Record<string, unknown>)[key])
  return sum
}

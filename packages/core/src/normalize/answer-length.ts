/** What each chunk repeats, so that the sum does not grow by it. */
export const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'service_tier',
  'system_fingerprint',
])

/** Characters of text in a value, at any level; anything else counts as one. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let sum = 0
  for (const key in value) sum += lengthOf((value as Record<string, unknown>)[key])
  return sum
}

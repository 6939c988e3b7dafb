import type { Report } from './rule.ts'
import type { ShapeRule } from './shape-rules.ts'

/** A part of a chunk as it was sent. */
export type Obj = Readonly<Record<string, unknown>>
export type Say = Report<ShapeRule>

export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Absent, `null`, `""`, `[]` and `{}`. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

export function unknownIn(part: Obj, known: readonly string[], place: string, say: Say): void {
  for (const key of Object.keys(part)) {
    if (known.includes(key) || key === '__proto__' || owned.has(`${place}.${key}`)) continue
    say('unknown-field', place === '' ? key.slice(0, 60) : `${place}.${key.slice(0, 60)}`)
  }
}

/** What the normalizer has a rule of its own about. */
const owned = new Set(['.x_groq', 'choices[].text', 'choices[].message', 'choices[].usage', 'delta.index'])

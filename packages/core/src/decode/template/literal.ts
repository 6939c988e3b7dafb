import type { Template } from './template.ts'

/** Fixed bytes of a template: a part of the event that it was learnt from. They are ASCII. */
export interface Literal {
  readonly from: number
  readonly length: number
  /** Where eight bytes differed last: where templates differ in little, they tell at once which is meant. */
  probe: number
}

/**
 * Whether the bytes at `at` are the literal's. The caller has seen to it that there are enough.
 *
 * Compares eight at a time: eight ASCII bytes read as a double are never `NaN` and never a zero, so that `===` on doubles
 * tells whether the bits are the same.
 */
export function matches(literal: Literal, template: Template, read: Uint8Array, view: DataView, at: number): boolean {
  const { from, length, probe } = literal
  const { bytes, view: own } = template
  // The last eight overlap those before.
  const last = length - 8
  if (last < 0) {
    for (let i = 0; i < length; i++) if (read[at + i] !== bytes[from + i]) return false
    return true
  }
  if (view.getFloat64(at + probe, true) !== own.getFloat64(from + probe, true)) return false
  let i = 0
  while (i < last && view.getFloat64(at + i, true) === own.getFloat64(from + i, true)) i += 8
  if (i >= last && view.getFloat64(at + last, true) === own.getFloat64(from + last, true)) return true
  literal.probe = Math.min(i, last)
  return false
}

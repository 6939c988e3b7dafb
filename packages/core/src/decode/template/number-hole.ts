import { MISS } from './miss.ts'

/** A whole number in its only spelling, up to 15 digits. */
export function readNumber(hole: { value: unknown }, bytes: Uint8Array, from: number, end: number): number {
  let at = from
  let number = 0
  for (let digit: number; at < end && (digit = (bytes[at] as number) - 48) >= 0 && digit <= 9; at++)
    number = number * 10 + digit
  const length = at - from
  if (at === end || length === 0 || length > 15 || (length > 1 && bytes[from] === 48)) return MISS
  hole.value = number
  return at
}

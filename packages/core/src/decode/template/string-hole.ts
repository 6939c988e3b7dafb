import { BACKSLASH, LETTER_U, QUOTE, SPACE } from '../../json-characters.ts'
import type { PendingText } from './pending-text.ts'
import { MISS } from './miss.ts'
import { ESCAPE_LENGTH, isHalf, unitOf, writeUnit } from './string-escape.ts'

/** Most bytes that an escape becomes. */
const LONGEST = 3

/**
 * Reads a string on, from any of its bytes to its closing quote, and gives the position of that quote.
 *
 * Its bytes are copied to `behind` in what `text` holds, its escapes as what they stand for. What the slow way would not
 * simply pass on is a `MISS`: control characters and unknown escapes.
 */
export function readString(text: PendingText, bytes: Uint8Array, from: number, end: number, behind: number): number {
  let at = from
  let to = behind
  // The rest of a character that was cut: behind its beginning, in the text before, it would become whole.
  if (to === text.length && ((bytes[at] as number) & 0xc0) === 0x80) return MISS
  while (at < end) {
    if (to + LONGEST > text.bytes.length) to = text.widen(to)
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      text.end = to
      return at
    }
    if (byte < SPACE) return MISS
    if (byte === BACKSLASH) {
      const unit = at + ESCAPE_LENGTH > end ? MISS : unitOf(bytes, at)
      if (unit === MISS) return MISS
      at += bytes[at + 1] === LETTER_U ? ESCAPE_LENGTH : 2
      to = writeUnit(text.bytes, to, unit)
      if (isHalf(unit)) text.hasHalves = true
      else if (unit > 0x7f) text.isAscii = false
    } else {
      if (byte > 0x7f) text.isAscii = false
      text.bytes[to++] = byte
      at++
    }
  }
  return MISS
}

import { BACKSLASH, LETTER_U, QUOTE } from '../../json-characters.ts'
import type { PendingText } from './pending-text.ts'
import { CLOSING_QUOTE, CONTROL, ESCAPE, MISS, UNICODE } from './string-bytes.ts'
import { ESCAPE_LENGTH, isHalf, unitOf, writeUnit } from './string-escape.ts'

/** What each byte is inside a JSON string: one look, where three comparisons would be. */
export const CLASS = /* @__PURE__ */ classes()

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(CONTROL, 0, 32).fill(UNICODE, 128)
  table[QUOTE] = CLOSING_QUOTE
  table[BACKSLASH] = ESCAPE
  return table
}

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
    const kind = CLASS[byte] as number
    if (kind === CLOSING_QUOTE) {
      text.end = to
      return at
    }
    if (kind === CONTROL) return MISS
    if (kind === ESCAPE) {
      const unit = at + ESCAPE_LENGTH > end ? MISS : unitOf(bytes, at)
      if (unit === MISS) return MISS
      at += bytes[at + 1] === LETTER_U ? ESCAPE_LENGTH : 2
      to = writeUnit(text.bytes, to, unit)
      if (isHalf(unit)) text.hasHalves = true
      else if (unit > 0x7f) text.isAscii = false
    } else {
      if (kind === UNICODE) text.isAscii = false
      text.bytes[to++] = byte
      at++
    }
  }
  return MISS
}

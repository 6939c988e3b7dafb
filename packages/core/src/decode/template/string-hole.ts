import { BACKSLASH, LETTER_U, QUOTE, SPACE } from '../../json-characters.ts'
import type { PendingText } from './pending-text.ts'
import { MISS } from './miss.ts'
import { ESCAPE_LENGTH, isHalf, joinHalves, unitOf, writeCharacter } from './string-escape.ts'

/** Most bytes that a character becomes. */
const LONGEST = 4

/**
 * Reads a string on, from any of its bytes to its closing quote, and gives the position of that quote.
 *
 * Its bytes are copied to `behind` in what `text` holds, its escapes as what they stand for. What the slow way would not
 * simply pass on is a `MISS`: control characters, unknown escapes, and half a character, which UTF-8 cannot hold.
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
      // What is looked at behind the end belongs to no whole event: the string does not end then.
      let character = unitOf(bytes, at)
      at += bytes[at + 1] === LETTER_U ? ESCAPE_LENGTH : 2
      if (isHalf(character)) {
        character = bytes[at] === BACKSLASH ? joinHalves(character, unitOf(bytes, at)) : MISS
        at += ESCAPE_LENGTH
      }
      if (character === MISS) return MISS
      to = writeCharacter(text.bytes, to, character)
      if (character > 0x7f) text.isAscii = false
    } else {
      if (byte > 0x7f) text.isAscii = false
      text.bytes[to++] = byte
      at++
    }
  }
  return MISS
}

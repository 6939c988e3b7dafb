import { BACKSLASH, LETTER_U, QUOTE } from '../../json-characters.ts'
import type { PendingText } from './pending-text.ts'
import { CLOSING_QUOTE, CONTROL, ESCAPE, MISS, UNICODE } from './string-bytes.ts'

/** What each byte is inside a JSON string: one look, where three comparisons would be. */
export const CLASS = /* @__PURE__ */ classes()

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(CONTROL, 0, 32).fill(UNICODE, 128)
  table[QUOTE] = CLOSING_QUOTE
  table[BACKSLASH] = ESCAPE
  return table
}

const NAMED = /* @__PURE__ */ listed('"\\/bfnrt')
const HEX = /* @__PURE__ */ listed('0123456789abcdefABCDEF')

/** Which bytes are among these characters. */
function listed(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

/** The length of the longest escape, `\u0000`. No event ends sooner behind a backslash. */
const ESCAPE_LENGTH = 6

/**
 * Reads a string on, from any of its bytes to its closing quote, and gives the position of that quote.
 *
 * Its bytes are copied to `behind` in what `text` holds, as they are. What the slow way would not simply pass on is a
 * `MISS`: control characters and unknown escapes.
 */
export function readString(text: PendingText, bytes: Uint8Array, from: number, end: number, behind: number): number {
  let at = from
  let to = behind
  // The rest of a character that was cut: behind its beginning, in the text before, it would become whole.
  if (to === text.length && ((bytes[at] as number) & 0xc0) === 0x80) return MISS
  while (at < end) {
    if (to + ESCAPE_LENGTH > text.bytes.length) to = text.widen(to)
    const own = text.bytes
    const kind = CLASS[bytes[at] as number] as number
    if (kind === CLOSING_QUOTE) {
      text.end = to
      return at
    }
    text.held |= kind
    const length = kind === ESCAPE ? lengthOfEscape(bytes, at, end) : 1
    if (kind === CONTROL || length === 0) return MISS
    for (const stop = at + length; at < stop;) own[to++] = bytes[at++] as number
  }
  return MISS
}

function lengthOfEscape(bytes: Uint8Array, at: number, end: number): number {
  const stop = at + ESCAPE_LENGTH
  if (stop > end) return 0
  const name = bytes[at + 1] as number
  if (name !== LETTER_U) return NAMED[name] === 1 ? 2 : 0
  for (let i = at + 2; i < stop; i++) if (HEX[bytes[i] as number] === 0) return 0
  return ESCAPE_LENGTH
}

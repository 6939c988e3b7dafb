import { Held, type PendingText } from './pending-text.ts'

/** What does not match: its bytes are for the slow way to judge. Also what ends too early, which the slow way awaits. */
export const MISS = -1

export const PLAIN = 0
const QUOTE = 1
const BACKSLASH = 2
const HIGH = 3
const CONTROL = 4

/** What each byte is inside a JSON string: one look, where three comparisons would be. */
export const CLASS = /* @__PURE__ */ classes()

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(CONTROL, 0, 32).fill(HIGH, 128)
  table[34] = QUOTE
  table[92] = BACKSLASH
  return table
}

/** The characters that JSON names after a backslash, and what they stand for. */
const ESCAPES = /* @__PURE__ */ escapes()

function escapes(): Uint8Array {
  const table = new Uint8Array(256)
  for (const [name, code] of Object.entries({ '"': 34, '\\': 92, '/': 47, b: 8, f: 12, n: 10, r: 13, t: 9 }))
    table[name.charCodeAt(0)] = code
  return table
}

/**
 * Reads a string on, from any of its bytes to its closing quote, and gives the position of that quote.
 *
 * Its text is copied to `behind` in what `text` holds, escapes resolved. Whatever the decoder and `JSON.parse` would not
 * simply pass on is a `MISS`: control characters, unknown escapes, characters that are cut.
 */
export function readString(text: PendingText, bytes: Uint8Array, from: number, end: number, behind: number): number {
  let at = from
  let to = behind
  while (at < end) {
    // Four bytes are the most that one step adds.
    if (to + 4 > text.bytes.length) to = text.widen(to)
    const own = text.bytes
    const byte = bytes[at] as number
    const kind = CLASS[byte]
    if (kind === PLAIN) {
      own[to++] = byte
      at++
    } else if (kind === QUOTE) {
      text.end = to
      return at
    } else if (kind === BACKSLASH) {
      const named = at + 1 < end ? (ESCAPES[bytes[at + 1] as number] as number) : 0
      if (named !== 0) {
        own[to++] = named
        at += 2
      } else {
        const code = escapedAt(bytes, at, end)
        if (code === MISS) return MISS
        at += code > 0xffff ? 12 : 6
        to = putCharacter(own, to, code)
        if (code > 127) text.held |= isHalf(code) ? Held.halves : Held.unicode
      }
    } else if (kind === HIGH) {
      const length = characterLength(bytes, at)
      if (length === MISS) return MISS
      for (const stop = at + length; at < stop;) own[to++] = bytes[at++] as number
      text.held |= Held.unicode
    } else return MISS
  }
  return MISS
}

/**
 * The character of a `\u` escape, or of two that are a pair of surrogates. Half a pair stands for itself.
 *
 * A byte 0 is kept out of pending text: short-text.ts relies on there being none.
 */
function escapedAt(bytes: Uint8Array, at: number, end: number): number {
  const code = unitAt(bytes, at, end)
  if (code === 0) return MISS
  if (!isHalf(code) || code > 0xdbff) return code
  const second = unitAt(bytes, at + 6, end)
  return isHalf(second) && second > 0xdbff ? 0x1_0000 + ((code - 0xd800) << 10) + second - 0xdc00 : code
}

const isHalf = (code: number): boolean => code >= 0xd800 && code <= 0xdfff

function unitAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== 92 || bytes[at + 1] !== 0x75) return MISS
  let unit = 0
  for (let i = at + 2; i < at + 6; i++) {
    const byte = bytes[i] as number
    // Letters in either case; 9 behind "A" is 10.
    const digit = byte < 58 ? byte - 48 : (byte | 32) < 97 ? 16 : (byte | 32) - 87
    if (digit < 0 || digit > 15) return MISS
    unit = unit * 16 + digit
  }
  return unit
}

/** Writes a character as UTF-8, and gives the position behind it. */
function putCharacter(own: Uint8Array, at: number, code: number): number {
  let to = at
  if (code < 0x80) own[to++] = code
  else {
    if (code < 0x800) own[to++] = 0xc0 | (code >> 6)
    else {
      if (code < 0x1_0000) own[to++] = 0xe0 | (code >> 12)
      else {
        own[to++] = 0xf0 | (code >> 18)
        own[to++] = 0x80 | ((code >> 12) & 63)
      }
      own[to++] = 0x80 | ((code >> 6) & 63)
    }
    own[to++] = 0x80 | (code & 63)
  }
  return to
}

/**
 * The length of a character of more than one byte, by its first byte.
 *
 * Bytes that are no UTF-8 come out of a part of a text as they do of the whole, if none of its characters lacks its end:
 * more is not asked. Halves of pairs are the exception, as pending text writes its own like that.
 */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  for (let i = at + 1; i < at + length; i++) if (((bytes[i] as number) & 0xc0) !== 0x80) return MISS
  return first === 0xed && (bytes[at + 1] as number) > 0x9f ? MISS : length
}

/** What a string hole was found to hold, beside plain ASCII. */
export const Held = { plain: 0, unicode: 1, escapes: 2 } as const

/** A hole that cannot be taken: its bytes are for the slow way to judge. */
export const MISS = -1
/** The bytes end before the hole does. */
export const SHORT = -2

const PLAIN = 0
const QUOTE = 1
const BACKSLASH = 2
const HIGH = 3
const CONTROL = 4

/** What each byte is inside a JSON string. A table: comparisons cost three times as much. */
const CLASS = /* @__PURE__ */ classes()

function classes(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(CONTROL, 0, 32).fill(HIGH, 128)
  table[34] = QUOTE
  table[92] = BACKSLASH
  return table
}

/** The last scanned hole: what it holds, and its length in UTF-16 code units. */
export const scanned: { held: number; units: number } = { held: 0, units: 0 }

/**
 * Scans a string hole from its first byte to its closing quote, and gives the position of that quote.
 *
 * Whatever the decoder and `JSON.parse` would not simply pass on is a `MISS`: control characters, unknown escapes,
 * invalid UTF-8.
 */
export function scanString(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  let held = 0
  /** Bytes that are no code unit of their own. */
  let extra = 0
  while (at < end) {
    const kind = CLASS[bytes[at] ?? 0]
    if (kind === PLAIN) at++
    else if (kind === QUOTE) {
      scanned.held = held
      scanned.units = at - from - extra
      return at
    } else if (kind === BACKSLASH) {
      held |= Held.escapes
      const length = escapeLength(bytes, at, end)
      if (length < 0) return length
      at += length
      extra += length - 1
    } else if (kind === HIGH) {
      held |= Held.unicode
      const length = characterLength(bytes, at, end)
      if (length < 0) return length
      at += length
      // Four bytes are a pair of surrogates.
      extra += length === 4 ? 2 : length - 1
    } else return MISS
  }
  return SHORT
}

/** The characters that JSON names after a backslash, and what they stand for. */
const ESCAPES: { readonly [code: number]: number } = {
  34: 34,
  92: 92,
  47: 47,
  98: 8,
  102: 12,
  110: 10,
  114: 13,
  116: 9,
}

function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return SHORT
  const named = bytes[at + 1] ?? 0
  if (ESCAPES[named] !== undefined) return 2
  if (named !== 0x75) return MISS
  if (at + 6 > end) return SHORT
  for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i] ?? 0)) return MISS
  return 6
}

const isHex = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)

/** The length of a well-formed UTF-8 character (Unicode 15, table 3-7). */
function characterLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0
  const length = first < 0xc2 ? MISS : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : MISS
  if (length === MISS) return MISS
  if (at + length > end) return SHORT
  const second = bytes[at + 1] ?? 0
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return MISS
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return MISS
  return length
}

/**
 * Copies a scanned string with its named escapes resolved, and gives the position behind the copy.
 *
 * `MISS` at a `\u`: what it stands for may not be a character (half a pair), so `JSON.parse` reads such strings.
 */
export function copyUnescaped(bytes: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  let behind = at
  for (let i = from; i < to; i++) {
    let code = bytes[i] ?? 0
    if (code === 92) {
      const named = ESCAPES[bytes[++i] ?? 0]
      if (named === undefined) return MISS
      code = named
    }
    target[behind++] = code
  }
  return behind
}

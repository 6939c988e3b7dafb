import { LETTER_U } from '../../json-characters.ts'
import { MISS } from './miss.ts'

/** The length of the longest escape, `\u0000`. No event ends sooner behind a backslash. */
export const ESCAPE_LENGTH = 6

/** What the letters behind a backslash stand for, by their bytes. */
const NAMED = /* @__PURE__ */ named()

function named(): Uint8Array {
  const table = new Uint8Array(256)
  for (const name of '"\\/bfnrt') table[name.charCodeAt(0)] = (JSON.parse(`"\\${name}"`) as string).charCodeAt(0)
  return table
}

/** What the escape at a backslash stands for; `MISS` for what is none. Nor is U+0000 read: no byte of a text is 0 then. */
export function unitOf(bytes: Uint8Array, at: number): number {
  const name = bytes[at + 1] as number
  if (name !== LETTER_U) return NAMED[name] || MISS
  let unit = 0
  for (let i = at + 2; i < at + ESCAPE_LENGTH; i++) {
    const byte = bytes[i] as number
    const letter = byte | 32
    if (byte >= 48 && byte <= 57) unit = unit * 16 + byte - 48
    else if (letter >= 97 && letter <= 102) unit = unit * 16 + letter - 87
    else return MISS
  }
  return unit || MISS
}

/** Stands before half of a character (a surrogate), which UTF-8 cannot hold: the halves may come in two events. */
export const HALF = 0
export const HALF_LENGTH = 3

export const isHalf = (unit: number): boolean => (unit & 0xf800) === 0xd800

export const halfAt = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number))

/** Writes a character as UTF-8, or half of one, and gives the position behind it. */
export function writeUnit(bytes: Uint8Array, at: number, unit: number): number {
  if (unit < 0x80) bytes[at++] = unit
  else if (isHalf(unit)) {
    bytes[at++] = HALF
    bytes[at++] = unit >> 8
    bytes[at++] = unit & 0xff
  } else {
    if (unit < 0x800) bytes[at++] = 0xc0 | (unit >> 6)
    else {
      bytes[at++] = 0xe0 | (unit >> 12)
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (unit & 0x3f)
  }
  return at
}

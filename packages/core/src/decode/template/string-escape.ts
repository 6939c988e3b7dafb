import { LETTER_U } from '../../json-characters.ts'
import { MISS } from './miss.ts'

/** The length of the longest escape, `\u0000`. */
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

/** Whether this is the first half of a character (a surrogate, of which UTF-16 has two), or the second. */
export const isHalf = (unit: number): boolean => (unit & 0xf800) === 0xd800

/** The character that two halves are; `MISS` if they are none. */
export const joinHalves = (high: number, low: number): number =>
  high < 0xdc00 && (low & 0xfc00) === 0xdc00 ? ((high & 0x3ff) << 10) + (low & 0x3ff) + 0x10000 : MISS

/** Writes a character as UTF-8, and gives the position behind it. */
export function writeCharacter(bytes: Uint8Array, at: number, character: number): number {
  if (character < 0x80) bytes[at++] = character
  else {
    if (character < 0x800) bytes[at++] = 0xc0 | (character >> 6)
    else {
      if (character < 0x10000) bytes[at++] = 0xe0 | (character >> 12)
      else {
        bytes[at++] = 0xf0 | (character >> 18)
        bytes[at++] = 0x80 | ((character >> 12) & 0x3f)
      }
      bytes[at++] = 0x80 | ((character >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (character & 0x3f)
  }
  return at
}

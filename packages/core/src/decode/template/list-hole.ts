import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE } from '../../json-characters.ts'
import { parseJson } from '../parse-json.ts'
import type { DecodeRange } from './pending-text.ts'
import { MISS } from './miss.ts'
import type { ReadValue } from './template.ts'

/**
 * Makes what reads a list, from the bracket that opens it to the one that closes it.
 *
 * What it holds is for `JSON.parse` to say, as on the slow way: log probabilities, token ids.
 *
 * @param maxDepth how deep lists may be nested
 */
export const listReader =
  (decode: DecodeRange, maxDepth: number): ReadValue =>
  (hole, bytes, from, end) => {
    const to = behindList(bytes, from, end)
    if (to === MISS) return MISS
    try {
      hole.value = parseJson(decode(bytes, from, to, false), maxDepth)
      return to
    } catch {
      return MISS
    }
  }

function behindList(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[from] !== OPEN_BRACKET) return MISS
  let depth = 0
  let isText = false
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number
    // An end of a line would end the event.
    if (byte < SPACE) return MISS
    if (byte === QUOTE) isText = !isText
    else if (isText) {
      if (byte === BACKSLASH) at++
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++
    else if ((byte === CLOSE_BRACKET || byte === CLOSE_BRACE) && --depth === 0) return at + 1
  }
  return MISS
}

import { OPEN_BRACKET } from '../../json-characters.ts'
import { JsonBrackets } from '../json-brackets.ts'
import { parseJson } from '../parse-json.ts'
import type { DecodeRange } from './pending-text.ts'
import { MISS } from './miss.ts'

/**
 * Reads a list on from its bracket, and gives the position behind the one that closes it.
 *
 * What it holds is for `JSON.parse` to say, as on the slow way: log probabilities, token ids.
 */
export type ReadList = (hole: { value: unknown }, bytes: Uint8Array, from: number, end: number) => number

/** @param maxDepth how deep lists may be nested */
export const listReader =
  (decode: DecodeRange, maxDepth: number): ReadList =>
  (hole, bytes, from, end) => {
    if (bytes[from] !== OPEN_BRACKET) return MISS
    const to = new JsonBrackets().read(bytes, from)
    if (to > end) return MISS
    const text = decode(bytes, from, to, false)
    // An end of a line would end the event.
    if (/[\r\n]/.test(text)) return MISS
    try {
      hole.value = parseJson(text, maxDepth)
      return to
    } catch {
      return MISS
    }
  }

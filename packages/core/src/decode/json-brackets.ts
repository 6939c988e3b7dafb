import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json-characters.ts'
/**
 * Follows the brackets of JSON text that arrives in pieces.
 *
 * Only brackets outside strings count; nothing is validated. A JSON object or list is prefix-free: it is whole exactly
 * when its first bracket closes.
 */
export class JsonBrackets {
  depth = 0
  /** Whether an outermost bracket has closed. */
  closed = false
  #inString = false
  #escaped = false

  /**
   * Reads on until the outermost bracket closes, the depth passes `most`, or the text ends.
   *
   * @returns the position behind what was read
   */
  read(text: string, from = 0, most = Infinity): number {
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === BACKSLASH) this.#escaped = true
        else if (code === QUOTE) this.#inString = false
      } else if (code === QUOTE) this.#inString = true
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (++this.depth > most) return i + 1
      } else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && this.depth > 0 && --this.depth === 0) {
        this.closed = true
        return i + 1
      }
    }
    return text.length
  }
}

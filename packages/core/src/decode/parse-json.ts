import { limitExceeded } from '../limits.ts'
import { copy } from '../merge/extras.ts'
import { JsonBrackets } from './json-brackets.ts'

/**
 * `JSON.parse` for text from a stranger: bounded in depth, and without `__proto__` keys.
 *
 * @throws SyntaxError as `JSON.parse` does; StreamError `limit_exceeded`
 */
export function parseJson(text: string, maxDepth: number): unknown {
  // A text shorter than the limit cannot be nested deeper: nearly every event skips the look.
  if (text.length > maxDepth && depthOf(text, maxDepth) > maxDepth) throw limitExceeded('maxJsonDepth', maxDepth)
  const value: unknown = JSON.parse(text)
  // `JSON.parse` makes it an own key, which a later assignment would turn into a prototype. It may be spelled with an
  // escape for any of its characters, all of them below U+0080.
  return text.includes('__proto__') || text.includes('\\u00') ? copy(value) : value
}

/** How deep the value at the beginning is, up to one more than `most`. Behind it `JSON.parse` takes nothing. */
function depthOf(text: string, most: number): number {
  const brackets = new JsonBrackets()
  brackets.read(text, 0, most)
  return brackets.depth
}

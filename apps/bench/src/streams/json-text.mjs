import { numbers } from './numbers.mjs'
import { words } from './words.mjs'

/** A JSON document of about `length` characters, as a tool that writes a file is given: lines, numbers, nested objects. */
export function jsonText(length, seed = 2) {
  const next = numbers(seed)
  const lines = []
  let size = 0
  while (size < length) {
    const line = { text: words(next, 8), at: next(1000), tags: ['a', 'b'] }
    size += JSON.stringify(line).length + 1
    lines.push(line)
  }
  return JSON.stringify({ path: 'notes.md', lines })
}

/** A text in pieces of `size` characters. */
export const pieces = (text, size = 4) => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []

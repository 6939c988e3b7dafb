import { limitExceeded } from '../limits.ts'

/**
 * `JSON.parse` for text from a stranger: bounded in depth, and without `__proto__` keys.
 *
 * @throws SyntaxError as `JSON.parse` does; StreamError `limit_exceeded`
 */
export function parseJson(text: string, maxDepth: number): unknown {
  // A text shorter than the limit cannot be nested deeper: nearly every event skips the look.
  if (text.length > maxDepth && isDeeperThan(text, maxDepth)) throw limitExceeded('maxJsonDepth', maxDepth)
  const value: unknown = JSON.parse(text)
  // The key may be spelled with an escape for any of its characters, all of them below U+0080.
  if (text.includes('__proto__') || text.includes('\\u00')) dropProto(value)
  return value
}

function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c) i++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}

/** `JSON.parse` makes `__proto__` an own key, which a later assignment would turn into a prototype. */
function dropProto(root: unknown): void {
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) delete (value as Record<string, unknown>)['__proto__']
    for (const item of Object.values(value)) if (typeof item === 'object') open.push(item)
  }
}

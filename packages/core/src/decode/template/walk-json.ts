/** Where a value stands in a JSON document: object keys and list positions from the outside in. */
export type Path = readonly (number | string)[]

/** A text or a whole number in a JSON document, and where it begins: behind its quote. */
export interface Leaf {
  readonly path: Path
  readonly isText: boolean
  readonly raw: string
  readonly from: number
}

const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[\w.+-]+|[[\]{},]/g

/** Few digits and no other spelling: every such number is exact, and has no other name. */
const WHOLE = /^(?:0|[1-9]\d{0,14})$/

/**
 * The texts and whole numbers of an event whose data is one valid JSON object, in order.
 *
 * `undefined` where the characters alone do not tell which value a key leads to: a key that is escaped, is there twice,
 * or is `__proto__`; and behind the object there must be nothing more.
 */
export function leavesOf(event: string): Leaf[] | undefined {
  const leaves: Leaf[] = []
  const path: (number | string)[] = []
  /** The keys of each open object, or list. */
  const open: Set<string>[] = []
  for (const { 0: token, 1: text, 2: colon, index } of event.matchAll(TOKEN)) {
    const last = path.length - 1
    const place = path[last]
    if (text !== undefined && colon !== undefined) {
      const keys = open[last]
      if (text.includes('\\') || text === '__proto__' || keys?.has(text)) return undefined
      keys?.add(text)
      path[last] = text
    } else if (token === '{' || token === '[') {
      path.push(token === '[' ? 0 : '')
      open.push(new Set())
    } else if (token === '}' || token === ']') {
      path.pop()
      open.pop()
      if (last === 0) return event.slice(index + 1).trim() === '' ? leaves : undefined
    } else if (token === ',') {
      if (typeof place === 'number') path[last] = place + 1
    } else if (text !== undefined || WHOLE.test(token)) {
      const isText = text !== undefined
      leaves.push({ path: [...path], isText, raw: text ?? token, from: isText ? index + 1 : index })
    }
  }
  return undefined
}

const TEXT = /[^"\\]*(?:\\.[^"\\]*)*/y
const DIGITS = /\d*/y

/** What stands at these leaves in another event; `undefined` if that differs in anything else. */
export function valuesAlike(event: string, leaves: readonly Leaf[], other: string): string[] | undefined {
  const values: string[] = []
  let at = 0
  let seen = 0
  for (const { isText, raw, from } of leaves) {
    if (!other.startsWith(event.slice(seen, from), at)) return undefined
    at += from - seen
    const rest = isText ? TEXT : DIGITS
    rest.lastIndex = at
    const value = rest.exec(other)?.[0] ?? ''
    values.push(value)
    at += value.length
    seen = from + raw.length
  }
  return other.slice(at) === event.slice(seen) ? values : undefined
}

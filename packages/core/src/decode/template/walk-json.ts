import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA_MARK,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../../json-characters.ts'
import type { DecodeRange } from './pending-text.ts'

/** Where a value stands in a JSON document: object keys and list positions from the outside in. */
export type Path = readonly (number | string)[]

/** A text or a whole number in the bytes of a JSON document: without its quotes, behind the last digit. */
export interface Leaf {
  readonly path: Path
  readonly isText: boolean
  readonly from: number
  readonly to: number
}

/** An event, from `data:` to behind its blank line, and the texts and whole numbers in it, in order. */
export interface Walked {
  readonly bytes: Uint8Array
  readonly leaves: readonly Leaf[]
}

const MINUS = 45

/** More digits than these may not be exact. */
const MAX_DIGITS = 15

/**
 * The texts and whole numbers of valid JSON, in order.
 *
 * `undefined` where bytes alone do not tell which value a key leads to: a key that is escaped, is there twice, or is
 * `__proto__`.
 */
export function leavesOf(bytes: Uint8Array, from: number, decode: DecodeRange): Leaf[] | undefined {
  const leaves: Leaf[] = []
  let at = from

  /** Reads from a quote to behind its partner, and gives where the partner is. */
  function text(): number {
    for (at++; bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    return at++
  }

  function blank(): number | undefined {
    while ((bytes[at] ?? 33) <= 32) at++
    return bytes[at]
  }

  /** Returns whether the value is one whose parts are told by bytes alone. */
  function value(path: Path): boolean {
    const first = blank()
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return container(path, first === OPEN_BRACE)
    const begin = at
    if (first === QUOTE) {
      leaves.push({ path, isText: true, from: begin + 1, to: text() })
      return true
    }
    for (let c = first; c !== undefined && c > 32 && c !== COMMA_MARK && c !== CLOSE_BRACKET && c !== CLOSE_BRACE;)
      c = bytes[++at]
    if (isWhole(begin)) {
      leaves.push({ path, isText: false, from: begin, to: at })
    }
    return true
  }

  function container(path: Path, isObject: boolean): boolean {
    const keys = new Set<string>()
    const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET
    at++
    for (let item = 0; blank() !== close; item++) {
      if (bytes[at] === COMMA_MARK) at++
      blank()
      let key: number | string = item
      if (isObject) {
        const begin = at + 1
        key = decode(bytes, begin, text(), false)
        if (key.includes('\\') || key === '__proto__' || keys.has(key)) return false
        keys.add(key)
        blank()
        at++
      }
      if (!value([...path, key])) return false
    }
    at++
    return true
  }

  /** Few digits and no other spelling: every such number is exact, and has no other name. */
  function isWhole(begin: number): boolean {
    if (at - begin > MAX_DIGITS || bytes[begin] === MINUS || (bytes[begin] === 48 && at - begin > 1)) return false
    for (let i = begin; i < at; i++) if ((bytes[i] ?? 0) < 48 || (bytes[i] ?? 0) > 57) return false
    return true
  }

  return value([]) ? leaves : undefined
}

/** The leaves of valid JSON that has the same bytes around them as what was walked; `undefined` if it has not. */
export function leavesAlike({ bytes: walked, leaves }: Walked, bytes: Uint8Array): Leaf[] | undefined {
  const found: Leaf[] = []
  let at = 0
  let seen = 0
  for (const { path, isText, from, to } of leaves) {
    while (seen < from) if (bytes[at++] !== walked[seen++]) return undefined
    const begin = at
    if (isText) while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
    else while (((bytes[at] ?? 0) ^ 48) < 10) at++
    if (!isText && (at === begin || at - begin > MAX_DIGITS)) return undefined
    found.push({ path, isText, from: begin, to: at })
    seen = to
  }
  while (seen < walked.length) if (bytes[at++] !== walked[seen++]) return undefined
  return at === bytes.length ? found : undefined
}

/** Where a value stands in a JSON document: object keys and list positions from the outside in. */
export type Path = readonly (number | string)[]

/** A text or a whole number in the bytes of a JSON document: without its quotes, behind the last digit. */
export interface Leaf {
  readonly path: Path
  readonly isText: boolean
  readonly from: number
  readonly to: number
}

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/**
 * The texts and whole numbers of valid JSON, in order, and what kind of document it is: the names in it.
 *
 * No leaves where bytes alone do not tell which value a key leads to: a key that is escaped, is there twice, or is
 * `__proto__`.
 */
export function leavesOf(bytes: Uint8Array, from: number): { kind: string; leaves: Leaf[] | undefined } {
  const leaves: Leaf[] = []
  let kind = ''
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
    if (first === OPEN_OBJECT || first === OPEN_LIST) return container(path, first === OPEN_OBJECT)
    const begin = at
    if (first === QUOTE) {
      kind += '"'
      leaves.push({ path, isText: true, from: begin + 1, to: text() })
      return true
    }
    for (let c = first; c !== undefined && c > 32 && c !== COMMA && c !== CLOSE_LIST && c !== CLOSE_OBJECT;)
      c = bytes[++at]
    if (isWhole(begin)) {
      kind += '1'
      leaves.push({ path, isText: false, from: begin, to: at })
    }
    return true
  }

  function container(path: Path, isObject: boolean): boolean {
    const keys = new Set<string>()
    const close = isObject ? CLOSE_OBJECT : CLOSE_LIST
    at++
    kind += '['
    for (let item = 0; blank() !== close; item++) {
      if (bytes[at] === COMMA) at++
      blank()
      let key: number | string = item
      if (isObject) {
        const begin = at + 1
        key = asciiOf(bytes, begin, text())
        if (key === '' || keys.has(key)) return false
        keys.add(key)
        kind += `${key},`
        blank()
        at++
      }
      if (!value([...path, key])) return false
    }
    at++
    kind += ']'
    return true
  }

  /** Up to 15 digits and no other spelling: every such number is exact, and has no other name. */
  function isWhole(begin: number): boolean {
    if (at - begin > 15 || bytes[begin] === MINUS || (bytes[begin] === 48 && at - begin > 1)) return false
    for (let i = begin; i < at; i++) if ((bytes[i] ?? 0) < 48 || (bytes[i] ?? 0) > 57) return false
    return true
  }

  const told = value([])
  return { kind, leaves: told ? leaves : undefined }
}

/** An unescaped ASCII text, or `''` for any other and for `__proto__`. */
function asciiOf(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) {
    const code = bytes[i] ?? 0
    if (code >= 128 || code === BACKSLASH) return ''
    text += String.fromCharCode(code)
  }
  return text === '__proto__' ? '' : text
}

/** A JSON document with comments, as the user wrote it. */
export interface JsonDocument {
  readonly text: string
  readonly value: unknown
  /** Where a value stands, by the keys that lead to it. */
  placeOf(path: readonly PropertyKey[]): Place | undefined
}

export interface Place {
  /** Counted from 1. */
  readonly line: number
  /** Of the value, in characters. */
  readonly start: number
  readonly end: number
  /** How many members an object or a list has. */
  readonly members: number
}

/** What is wrong with the text, and in which line. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError'
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

/** JSON with comments of both kinds and commas after the last member: what people write by hand. */
export function parseJsonWithComments(text: string): JsonDocument {
  const places = new Map<string, Place>()
  let at = 0

  function lineAt(offset: number): number {
    return text.slice(0, offset).split('\n').length
  }

  function fail(message: string): never {
    throw new JsonTextError(message, lineAt(at))
  }

  function skip() {
    const gap = /(?:[\s\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
    gap.lastIndex = at
    at += gap.exec(text)?.[0].length ?? 0
    if (text.startsWith('/*', at)) fail('this comment has no end')
  }

  function readToken(pattern: RegExp): string | undefined {
    pattern.lastIndex = at
    const token = pattern.exec(text)?.[0]
    at += token?.length ?? 0
    return token
  }

  function readString(): string {
    const token = readToken(/"(?:[^"\\\n]|\\.)*"/y)
    if (token === undefined) fail(`expected a text in double quotes, found ${found()}`)
    try {
      return JSON.parse(token) as string
    } catch {
      return fail(`${token} is no valid text`)
    }
  }

  function found(): string {
    return at >= text.length ? 'the end of the file' : JSON.stringify(text[at])
  }

  function readValue(path: readonly PropertyKey[]): unknown {
    skip()
    const start = at
    let members = 0
    let value: unknown
    if (text[at] === '{') {
      const object: Record<string, unknown> = {}
      members = readMembers('}', () => {
        const key = readString()
        skip()
        if (text[at] !== ':') fail(`expected a colon behind ${JSON.stringify(key)}, found ${found()}`)
        at += 1
        const member = readValue([...path, key])
        // Not by assignment: a key may be __proto__.
        Object.defineProperty(object, key, { value: member, enumerable: true, configurable: true, writable: true })
      })
      value = object
    } else if (text[at] === '[') {
      const list: unknown[] = []
      members = readMembers(']', () => list.push(readValue([...path, list.length])))
      value = list
    } else if (text[at] === '"') value = readString()
    else {
      const token = readToken(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)
      if (token === undefined) fail(`expected a value, found ${found()}`)
      value = JSON.parse(token)
    }
    places.set(keyOf(path), { line: lineAt(start), start, end: at, members })
    return value
  }

  function readMembers(close: string, readMember: () => void): number {
    at += 1
    let count = 0
    for (;;) {
      skip()
      if (text[at] === close) break
      readMember()
      count += 1
      skip()
      if (text[at] === ',') at += 1
      else if (text[at] !== close) fail(`expected a comma or ${close}, found ${found()}`)
    }
    at += 1
    return count
  }

  const value = readValue([])
  skip()
  if (at < text.length) fail(`expected the end of the file, found ${found()}`)
  return { text, value, placeOf: (path) => places.get(keyOf(path)) }
}

function keyOf(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String))
}

/**
 * The text with one value set, and every comment where it was. `undefined` as the value takes the member out.
 *
 * @throws JsonTextError when what the path leads through is no object
 */
export function editJson(document: JsonDocument, path: readonly string[], value: unknown): string {
  const { text } = document
  const known = document.placeOf(path)
  const indent = '  '.repeat(path.length)
  const written = value === undefined ? '' : JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${indent}`)
  if (known !== undefined && value !== undefined) return text.slice(0, known.start) + written + text.slice(known.end)
  if (known !== undefined) return withoutMember(text, known)
  if (value === undefined) return text
  const parent = path.slice(0, -1)
  const around = document.placeOf(parent)
  const key = path.at(-1) ?? ''
  // An object that is not there yet is made with its member.
  if (around === undefined) return editJson(document, parent, { [key]: value })
  if (text[around.start] !== '{') throw new JsonTextError(`${parent.join('.') || 'the file'} is no object`, around.line)
  return withMember(text, around, indent, `${JSON.stringify(key)}: ${written}`)
}

/** Behind the last member, whose comma may be missing and which a comment may follow. */
function withMember(text: string, { start, end, members }: Place, indent: string, member: string): string {
  const inside = text.slice(start, end - 1)
  const closing = `\n${indent.slice(2)}`
  if (members === 0)
    return `${text.slice(0, start)}${inside.trimEnd()}\n${indent}${member}${closing}${text.slice(end - 1)}`
  const last = lastTokenEnd(inside)
  const comma = inside[last - 1] === ',' ? '' : ','
  return `${text.slice(0, start)}${inside.slice(0, last)}${comma}${inside.slice(last).trimEnd()}\n${indent}${member}${closing}${text.slice(end - 1)}`
}

/** Where the last thing that is no space and no comment ends. */
function lastTokenEnd(text: string): number {
  let end = 0
  for (const match of text.matchAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[^\s"/]+/g)) {
    if (!/^\/[/*]/.test(match[0])) end = match.index + match[0].length
  }
  return end
}

function withoutMember(text: string, { start, end }: Place): string {
  const before = text.slice(0, start).replace(/\s*"(?:[^"\\\n]|\\.)*"\s*:\s*$/, '')
  const after = text.slice(end)
  // One of the commas around it goes with it.
  const comma = /^\s*,/.exec(after)?.[0]
  return comma === undefined ? before.replace(/,\s*$/, '') + after : before + after.slice(comma.length)
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamError } from '../src/error.ts'
import { createJsonReader, type JsonReader } from '../src/read/json-reader.ts'

describe('a document that arrives in pieces', () => {
  it('ends as what JSON.parse makes of the whole, wherever it was cut', () => {
    fc.assert(
      fc.property(jsonText, fc.array(fc.nat(200)), (text, cuts) => {
        const reader = createJsonReader()
        for (const piece of piecesOf(text, cuts)) reader.push(piece)
        expect(shown(reader.end())).toBe(shown(JSON.parse(text)))
        expect(shown(reader.value)).toBe(shown(JSON.parse(text)))
        expect(reader).toMatchObject({ done: true, error: null })
      }),
    )
  })

  it('shows after every character the longest valid reading of what has come', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const reader = createJsonReader()
        for (let at = 0; at < text.length; at++) {
          reader.push(text.charAt(at))
          expect(shown(reader.value)).toBe(shown(longestReading(text.slice(0, at + 1))))
        }
      }),
    )
  })

  it('shows the same however the text was cut', () => {
    fc.assert(
      fc.property(fc.oneof(jsonText, brokenText), fc.array(fc.nat(200)), (text, cuts) => {
        const reader = createJsonReader()
        let come = ''
        for (const piece of piecesOf(text, cuts)) {
          reader.push(piece)
          come += piece
          expect(shown(reader.value)).toBe(shown(longestReading(come)))
        }
      }),
    )
  })

  it.each([
    ['strings as far as they have come', '{"a":"b', { a: 'b' }],
    ['an escape once it is whole', String.raw`["a\u00e`, ['a']],
    ['a member once its value has begun', '{"a":1,"b":', { a: 1 }],
    ['no key that is still being written', '{"a":1,"bcd', { a: 1 }],
    ['a number once something follows it', '[1,23', [1]],
    ['a literal once it is whole', '[true,fals', [true]],
    ['a literal at its last letter', '[true', [true]],
    ['a container as soon as it opens', '{"a":[{', { a: [{}] }],
    ['the former value of a key until the next one begins', '{"a":1,"a":', { a: 1 }],
    ['the last value of a key', '{"a":1,"b":2,"a":"', { a: '', b: 2 }],
    ['nothing while there is nothing', ' \n', undefined],
  ])('shows %s', (_, text, value) => {
    expect(read(text).value).toStrictEqual(value)
  })

  it('is the same value all the time, changed in place', () => {
    const reader = read('{"a":[')
    const { value } = reader
    reader.push('"b"]}')
    expect(reader.value).toBe(value)
    expect(value).toStrictEqual({ a: ['b'] })
  })

  it('makes __proto__ a key like any other', () => {
    const text = '{"__proto__":{"a":[1'
    const reader = read(text)
    expect(Object.keys(reader.value as object)).toStrictEqual(['__proto__'])
    expect(Object.getPrototypeOf(reader.value)).toBe(Object.prototype)
    expect(Object.keys(reader.snapshot() as object)).toStrictEqual(['__proto__'])
    expect(Object.getPrototypeOf(reader.snapshot())).toBe(Object.prototype)
  })
})

describe('done', () => {
  it('is true when the document closes, and stays true for white space', () => {
    const reader = read('{"a":{}')
    expect(reader.done).toBe(false)
    reader.push('}')
    expect(reader.done).toBe(true)
    reader.push(' \t\r\n')
    expect(reader.done).toBe(true)
  })

  it('waits for the end of a number that is the whole document', () => {
    const reader = read('12')
    expect(reader).toMatchObject({ done: false, value: undefined })
    expect(reader.end()).toBe(12)
    expect(reader).toMatchObject({ done: true, value: 12 })
  })

  it('is false when something else follows the document', () => {
    expect(read('{} {}')).toMatchObject({ done: false, value: {}, error: { name: 'SyntaxError' } })
  })
})

describe('a text that is not JSON', () => {
  it('is whatever JSON.parse rejects', () => {
    fc.assert(
      fc.property(brokenText, fc.array(fc.nat(200)), (text, cuts) => {
        const reader = createJsonReader()
        for (const piece of piecesOf(text, cuts)) reader.push(piece)
        expect(outcome(() => reader.end())).toBe(outcome(() => JSON.parse(text) as unknown))
      }),
      { numRuns: 1000 },
    )
  })

  it('is told at the first character that no JSON can have there', () => {
    fc.assert(
      fc.property(brokenText, (text) => {
        const reader = createJsonReader()
        for (let at = 0; at < text.length; at++) {
          reader.push(text.charAt(at))
          expect(reader.error === null).toBe(canBecomeJson(text.slice(0, at + 1)))
          if (reader.error !== null) {
            expect(reader.error.message).toBe(`Unexpected ${JSON.stringify(text[at])} in JSON at position ${at}`)
            return
          }
        }
      }),
    )
  })

  it('leaves what was read before it', () => {
    const reader = read('{"a":["b","c\nd"],"e":1}')
    expect(reader.value).toStrictEqual({ a: ['b', 'c'] })
    expect(reader.snapshot()).toStrictEqual({ a: ['b', 'c'] })
    reader.push('more')
    expect(reader.value).toStrictEqual({ a: ['b', 'c'] })
    expect(() => reader.end()).toThrow(reader.error ?? 'nothing')
  })

  it.each(['"a\\u123g', '"a\\x', '"a\u0001'])('is %j, of which what came before stays', (text) => {
    expect(read(text)).toMatchObject({ value: 'a', error: { name: 'SyntaxError' } })
  })

  it('is also a text that ends too early', () => {
    const reader = read('{"a":"b')
    expect(reader.error).toBeNull()
    expect(() => reader.end()).toThrow(new SyntaxError('Unexpected end of JSON at position 7'))
    expect(reader.error).toBeInstanceOf(SyntaxError)
    reader.push('"}')
    expect(reader).toMatchObject({ done: false, value: { a: 'b' } })
  })

  it.each(['', ' ', '\uFEFF{}', "{'a':1}", '{a:1}', '[1,]', '{"a":1,}', '01', '1.', '.5', '+1', '1e', '-', '-a'])(
    'is %j',
    (text) => {
      const reader = read(text)
      expect(() => reader.end()).toThrow(SyntaxError)
      expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
    },
  )

  it.each([
    'NaN',
    'undefined',
    'nul',
    'nulll',
    '"\t"',
    '"\\x41"',
    '"\\u12g4"',
    '// a\n1',
    '1 2',
    '[}',
    '{]',
    '\u00A01',
  ])('is %j', (text) => {
    const reader = read(text)
    expect(() => reader.end()).toThrow(SyntaxError)
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  })
})

describe('depth', () => {
  it('is bounded by maxJsonDepth', () => {
    const reader = createJsonReader({ maxJsonDepth: 3 })
    reader.push('[{"a":[')
    expect(reader.error).toBeNull()
    reader.push('[')
    expect(reader.error).toBeInstanceOf(StreamError)
    expect(reader.error).toMatchObject({
      code: 'limit_exceeded',
      details: { option: 'maxJsonDepth', limit: 3 },
    })
    expect(reader.value).toStrictEqual([{ a: [] }])
    expect(() => reader.end()).toThrow('maxJsonDepth')
  })

  it('counts what is open, not what has been closed', () => {
    const reader = createJsonReader({ maxJsonDepth: 2 })
    reader.push('[[],{},[]]')
    expect(reader.end()).toStrictEqual([[], {}, []])
  })

  it('goes to 2,000 when nothing is said', () => {
    expect(shown(read('['.repeat(2_000) + ']'.repeat(2_000)).end())).toBe('['.repeat(2_000) + ']'.repeat(2_000))
    expect(read('['.repeat(2_001)).error).toMatchObject({ details: { limit: 2_000 } })
  })

  it('costs no stack', () => {
    const reader = createJsonReader({ maxJsonDepth: Infinity })
    reader.push('[{"a":'.repeat(200_000))
    expect(reader.error).toBeNull()
    expect(reader.snapshot()).toHaveLength(1)
    reader.push(`1${'}]'.repeat(200_000)}`)
    expect(reader.end()).toHaveLength(1)
  })
})

describe('a snapshot', () => {
  it('shows what the value shows, and never changes', () => {
    fc.assert(
      fc.property(fc.oneof(jsonText, brokenText), fc.array(fc.nat(200)), (text, cuts) => {
        const reader = createJsonReader()
        const taken = piecesOf(text, cuts).map((piece) => {
          reader.push(piece)
          return { snapshot: reader.snapshot(), expected: shown(reader.value) }
        })
        for (const { snapshot, expected } of taken) expect(shown(snapshot)).toBe(expected)
      }),
    )
  })

  it('never changes in the midst of long lists, whether it is looked at now or later', () => {
    fc.assert(
      fc.property(jsonText, denseCuts, fc.infiniteStream(fc.boolean()), (text, cuts, looks) => {
        const reader = read(`{"a":[${'0,'.repeat(1_100)}[${'1,'.repeat(1_100)}`)
        const taken = piecesOf(`${text},${text}],${text}],"b":${text}}`, cuts).map((piece) => {
          reader.push(piece)
          const snapshot = reader.snapshot()
          if (looks.next().value === true) shown(snapshot)
          return { snapshot, expected: shown(reader.value) }
        })
        for (const { snapshot, expected } of taken) expect(shown(snapshot)).toBe(expected)
      }),
      { numRuns: 20 },
    )
  })

  it('never changes while a list becomes long', () => {
    const reader = read('{"a":{"b":[')
    const taken = Array.from({ length: 400 }, (_, at) => {
      reader.push(`"${at}",`)
      return reader.snapshot()
    })
    for (const [at, snapshot] of taken.entries())
      expect(shown(snapshot)).toBe(shown({ a: { b: Array.from({ length: at + 1 }, (_item, place) => String(place)) } }))
  })

  it('has the keys of the value, in its order, around a long list too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, number)),
        key,
        fc.constantFrom('{', '[', '[{"a":['),
        (members, name, start) => {
          const inside = [...members.map(([member, value]) => `${member}:${value}`), `${name}:[${'0,'.repeat(300)}`]
          const reader = read(start === '{' ? `{${inside.join()}` : `${start}1,{${inside.join()}`)
          const snapshot = reader.snapshot()
          const expected = shown(reader.value)
          expect(shown(snapshot)).toBe(expected)
          reader.push('"b"')
          expect(shown(snapshot)).toBe(expected)
          expect(shown(reader.snapshot())).toBe(shown(reader.value))
        },
      ),
    )
  })

  it.each(['{"a":[', '{"b":1,"a":{"c":[', '[1,[', '[[2,{"a":['])(
    'is plain data with a long list in it, as in %j, also to proxies and heirs',
    (start) => {
      const reader = read(`${start}${'0,'.repeat(300)}"b`)
      const expected: unknown = structuredClone(reader.value)
      const look = [
        (snapshot: object) => snapshot,
        (snapshot: object) => (Array.isArray(snapshot) ? [...snapshot] : { ...snapshot }),
        (snapshot: object) => structuredClone(snapshot),
        (snapshot: object) => JSON.parse(JSON.stringify(snapshot)) as unknown,
        (snapshot: object) => everyPartOf(snapshot, reactive),
        (snapshot: object) => everyPartOf(snapshot, (part) => Object.create(part) as object),
        (snapshot: object) => everyPartOf(snapshot, Object.freeze),
      ]
      const taken = look.map(() => {
        reader.push('c')
        return reader.snapshot() as object
      })
      for (const [at, snapshot] of taken.entries()) {
        const text = `b${'c'.repeat(at + 1)}`
        expect(look[at]?.(snapshot)).toStrictEqual(everyPartOf(expected, (part) => part, text))
        expect(snapshot).toStrictEqual(everyPartOf(expected, (part) => part, text))
      }
    },
  )

  it('shares with the one before whatever is the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), denseCuts, fc.boolean(), (value, cuts, isLong) => {
        const reader = read(isLong ? `[{"a":[${'0,'.repeat(1_100)}0],"b":[${'[],'.repeat(1_100)}` : '[{"a":[1],"b":[')
        let before = reader.snapshot()
        for (const piece of piecesOf(`${JSON.stringify(value, null, 1)}],"c":["d","e"]}]`, cuts)) {
          reader.push(piece)
          const after = reader.snapshot()
          expect(copiesOfTheSame(before, after)).toBe(0)
          before = after
        }
        expect(reader.end()).toBe(before)
      }),
      { numRuns: 50 },
    )
  })

  it('is the same one while nothing changes', () => {
    const reader = read('{"a":"b')
    const snapshot = reader.snapshot()
    for (const piece of ['\\', 'u00', '"', '  ', ',', '"key"', ':', '12']) {
      if (piece === '"') reader.push('e9')
      const before = reader.snapshot()
      reader.push(piece)
      expect(reader.snapshot()).toBe(before)
    }
    expect(snapshot).toStrictEqual({ a: 'b' })
  })

  it('may be frozen, also before its long lists are looked at', () => {
    const reader = read(`{"a":[${'0,'.repeat(1_100)}`)
    const snapshot = Object.freeze(reader.snapshot() as { a: number[] })
    reader.push('1]}')
    expect(snapshot.a).toHaveLength(1_100)
    expect(snapshot.a).toBe(snapshot.a)
    expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(structuredClone(snapshot))
  })

  it('of a complete document is the value', () => {
    const reader = read('{"a":[{"b":1}]}')
    expect(reader.snapshot()).toBe(reader.value)
    expect(reader.snapshot()).toBe(reader.end())
  })
})

describe('cost', () => {
  it.each([
    ['one long string', (size: number) => `{"a":"${'x'.repeat(size)}"}`],
    ['one long string of escapes', (size: number) => `{"a":"${String.raw`\n\u00e9`.repeat(size / 8)}"}`],
    ['one long key', (size: number) => `{"${'x'.repeat(size)}":1}`],
    ['one long number', (size: number) => `{"a":${'1'.repeat(size)}}`],
    ['white space', (size: number) => `{${' '.repeat(size)}}`],
    ['a list of numbers', (size: number) => `{"a":[${'123,'.repeat(size / 4)}0]}`],
    ['a list of objects', (size: number) => `{"a":[${'{"b":"c","d":[1]},'.repeat(size / 18)}0]}`],
    ['many lists', (size: number) => `{"a":[${'[],[[]],'.repeat(size / 8)}0]}`],
  ])('per character is the same for %s of 4 KB and 1 MB', (_, make) => {
    const perCharacter = [4_000, 1_000_000].map((size) => {
      const text = make(size)
      const reader = createJsonReader()
      let looks = 0
      for (let at = 0; at < text.length; at += 4) looks += countedPush(reader, text.slice(at, at + 4))
      reader.end()
      return looks / text.length
    })
    // Each character is looked at once or twice, and may be taken over into a token.
    for (const looks of perCharacter) expect(looks).toBeLessThan(4)
    expect(perCharacter[1]).toBeCloseTo(perCharacter[0] ?? 0, 1)
  })

  it.each([
    ['one long string', (size: number) => `{"a":["${'x'.repeat(size * 4)}"]}`],
    ['a list of numbers', (size: number) => `{"a":[${'123,'.repeat(size)}0]}`],
    ['a list of strings inside a list', (size: number) => `{"a":[{"b":[${'"c",'.repeat(size)}0]}]}`],
  ])('of a snapshot per push does not follow the length of %s', (_, make) => {
    const perPush = [5_000, 50_000].map((size) => {
      const text = make(size)
      const reader = createJsonReader()
      let before: unknown
      let copied = 0
      for (let at = 0; at < text.length; at += 4) {
        reader.push(text.slice(at, at + 4))
        const after = reader.snapshot()
        copied += entriesCopied(before, after)
        before = after
      }
      expect(shown(before)).toBe(text)
      return copied / (text.length / 4)
    })
    // A list is copied whole as long as it is short: 192 items at most.
    for (const copied of perPush) expect(copied).toBeLessThan(200)
    expect(perPush[1]).toBeLessThanOrEqual((perPush[0] ?? 0) + 1)
  })
})

function read(text: string): JsonReader {
  const reader = createJsonReader()
  reader.push(text)
  return reader
}

/** Says everything about a JSON value that JSON.parse decides: the order of keys, `-0`, `__proto__`, infinite numbers. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${shown(member)}`)
    return `{${members.join(',')}}`
  }
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return value === undefined ? '' : JSON.stringify(value)
}

function outcome(parse: () => unknown): string {
  try {
    return shown(parse())
  } catch (error) {
    return error instanceof Error ? error.name : 'something else was thrown'
  }
}

function piecesOf(text: string, cuts: readonly number[]): string[] {
  const pieces: string[] = []
  let start = 0
  for (const length of cuts) {
    pieces.push(text.slice(start, start + length))
    start += length
  }
  return [...pieces, text.slice(start)]
}

/**
 * The oracle: of all ways to cut a text and close what is open there, the longest that is JSON.
 *
 * A number may be cut away but not cut short, so that it must be followed by what ends a number.
 */
function longestReading(text: string): unknown {
  for (let length = text.length; length > 0; length--) {
    const start = text.slice(0, length)
    const { closing, inString } = openIn(start)
    const isInNumber = !inString && /[-+.\deE]$/.test(start) && !/(?:true|false)$/.test(start)
    if (isInNumber && !/^[ \t\n\r,\]}]/.test(text.slice(length))) continue
    try {
      return JSON.parse(start + closing) as unknown
    } catch {
      // A shorter one, then.
    }
  }
  return undefined
}

/** Whether some text can follow to make it JSON, found by trying all kinds of texts. */
function canBecomeJson(text: string): boolean {
  const { closing, inString } = openIn(text)
  const tokenEnds = inString ? ['', 'n', 'u0000', '0000', '000', '00', '0'] : ['', '0', ...literalEnds]
  const brackets = closing.replace('"', '')
  return tokenEnds.some((tokenEnd) =>
    [':0', '', '"":0', '0'].some((rest) => isJson(`${text}${tokenEnd}${inString ? '"' : ''}${rest}${brackets}`)),
  )
}

const literalEnds = ['true', 'false', 'null'].flatMap((word) => [1, 2, 3, 4].map((at) => word.slice(at)))

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What would close the string and the brackets that are open at the end of a text. */
function openIn(text: string): { closing: string; inString: boolean } {
  let closing = ''
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (inString && character === '\\') at += 1
    else if (character === '"') inString = !inString
    else if (inString) continue
    else if (character === '{') closing = `}${closing}`
    else if (character === '[') closing = `]${closing}`
    else if (character === '}' || character === ']') closing = closing.slice(1)
  }
  return { closing: inString ? `"${closing}` : closing, inString }
}

/** Pushes a text that counts how often a character of it is looked at or copied. */
function countedPush(reader: JsonReader, text: string): number {
  let looks = 0
  const counted = {
    length: text.length,
    charCodeAt(at: number) {
      looks += 1
      return text.charCodeAt(at)
    },
    charAt(at: number) {
      looks += 1
      return text.charAt(at)
    },
    slice(start: number, end: number = text.length) {
      looks += end - start
      return text.slice(start, end)
    },
  }
  // The reader asks nothing else of a text; if it did, it would fail here.
  reader.push(counted as unknown as string)
  return looks
}

/** A copy of a value, read from what `seen` makes of each container; with other texts, if asked. */
function everyPartOf(value: unknown, seen: (part: object) => object, text?: string): unknown {
  if (typeof value === 'string') return text ?? value
  if (typeof value !== 'object' || value === null) return value
  const part = seen(value) as { [key: string]: unknown }
  const members = Object.keys(value).map((name) => [name, everyPartOf(part[name], seen, text)] as const)
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members)
}

/** As the stores of screens make it: whatever is an object comes out wrapped, and getters are called on the proxy. */
const reactive = (target: object): object =>
  new Proxy(target, {
    get(whole, name, receiver) {
      const value: unknown = Reflect.get(whole, name, receiver)
      return typeof value === 'object' && value !== null ? reactive(value) : value
    },
  })

/** How many entries a snapshot had to write: those of every container that is not part of the snapshot before. */
function entriesCopied(before: unknown, after: unknown): number {
  if (before === after || typeof after !== 'object' || after === null) return 0
  const last = Object.entries(Object.getOwnPropertyDescriptors(after)).findLast(([key]) => key !== 'length')
  const size = Array.isArray(after) ? after.length : Object.keys(after).length
  // Only what comes last can be open. What is behind an accessor has not been copied.
  if (last === undefined || last[1].get !== undefined) return size
  const key = last[0]
  return size + entriesCopied((before as { [key: string]: unknown } | undefined)?.[key], last[1].value)
}

/** How many containers of two snapshots are at the same place and equal, yet not the same object. */
function copiesOfTheSame(before: unknown, after: unknown): number {
  if (before === after || typeof before !== 'object' || typeof after !== 'object' || !before || !after) return 0
  if (shown(before) === shown(after)) return 1
  const others = new Map<string, unknown>(Object.entries(before))
  return Object.entries(after).reduce((sum, [key, value]) => sum + copiesOfTheSame(others.get(key), value), 0)
}

/** Pieces as short as tokens. */
const denseCuts = fc.array(fc.nat(6), { minLength: 20, maxLength: 40 })

const blank = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 2 })

const hex = fc.stringMatching(/^\\u[0-9a-fA-F]{4}$/)

/** The inside of a string, as strange as JSON allows. */
const characters = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', '{', ']', ',', ':', ' ', '1', '\u007F', '\u2028', 'é', '字', '😀', '\uD83D', '\uDE00'),
      fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t', String.raw`\uD83D`, String.raw`\ude00`),
      hex,
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))

const string = characters.map((inside) => `"${inside}"`)
const key = fc.oneof(fc.constantFrom('"a"', '"b"', '"__proto__"', '"constructor"', '"0"', String.raw`"\u0061"`), string)

const number = fc.oneof(
  fc.constantFrom('0', '-0', '-0.0', '1e999', '-1E+999', '5e-324', '9007199254740993', `1${'0'.repeat(40)}`, '0e0'),
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?$/),
)

/** A JSON document as text: with white space anywhere, repeated keys and every way to write a string. */
const jsonText = fc.letrec<{ value: string; spaced: string; member: string }>((tie) => ({
  spaced: fc.tuple(blank, tie('value'), blank).map((parts) => parts.join('')),
  member: fc
    .tuple(blank, key, blank, tie('spaced'))
    .map(([before, name, after, value]) => `${before}${name}${after}:${value}`),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    string,
    number,
    fc.constantFrom('true', 'false', 'null', '{}', '[]', '[ ]', '{\n}'),
    fc.array(tie('spaced'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc.array(tie('member'), { maxLength: 4 }).map((members) => `{${members.join(',')}}`),
  ),
})).spaced

/** A document with a few characters changed, and sometimes still one; or nothing but pieces of one. */
const brokenText = fc.oneof(
  fc
    .tuple(
      jsonText,
      fc.array(
        fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'{ } [ ] , : " \\ 0 - . e E t n \n \u0001 x'.split(' '), ' ')),
      ),
    )
    .map(([text, edits]) =>
      edits.slice(0, 3).reduce((edited, [place, removed, added]) => {
        const at = place % (edited.length + 1)
        return edited.slice(0, at) + added + edited.slice(at + removed)
      }, text),
    ),
  fc.tuple(jsonText, fc.nat()).map(([text, length]) => text.slice(0, length % (text.length + 1))),
  fc
    .array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', '.5', 'e', 'true', 'nul', ' ', '"', '\\'))
    .map((parts) => parts.join('')),
)

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../src/decode/parse-json.ts'

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(
      fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__')),
      (value) => {
        const text = JSON.stringify(value)
        expect(parseJson(text, 2_000)).toEqual(JSON.parse(text))
      },
    ),
  )
})

it('refuses what JSON.parse refuses, with the same kind of error', () => {
  for (const text of ['', '{', '{"a":1}x', "{'a':1}", 'undefined', '[1,]', '\uFEFF{}'])
    expect(() => parseJson(text, 2_000)).toThrow(SyntaxError)
})

describe('a key __proto__', () => {
  it.each([
    ['at the top', '{"__proto__":{"polluted":1},"a":1}', { a: 1 }],
    ['inside', '{"a":[{"b":{"__proto__":{"polluted":1}}}]}', { a: [{ b: {} }] }],
    ['with an escape in it', String.raw`{"\u005f_proto__":{"polluted":1},"a":1}`, { a: 1 }],
    ['with another escape in it', String.raw`{"__\u0070roto__":{"polluted":1},"a":1}`, { a: 1 }],
    ['with an escape in capitals', String.raw`{"__proto_\u005F":{"polluted":1},"a":1}`, { a: 1 }],
    ['twice', '{"__proto__":{"__proto__":1},"a":1}', { a: 1 }],
  ])('is left out %s', (_, text, value) => {
    const read = parseJson(text, 2_000)
    expect(read).toEqual(value)
    expect(JSON.stringify(read)).not.toContain('polluted')
    expect(read).not.toHaveProperty('polluted')
    expect({}).not.toHaveProperty('polluted')
  })

  it('may be a value, and may stand in a text', () => {
    const text = '{"a":"__proto__","b":["{\\"__proto__\\":1}"]}'
    expect(parseJson(text, 2_000)).toEqual({ a: '__proto__', b: ['{"__proto__":1}'] })
  })
})

it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])('keeps a key %s', (key) => {
  const read = parseJson(`{"${key}":{"polluted":1}}`, 2_000)
  expect(Object.hasOwn(read as object, key)).toBe(true)
  expect({}).not.toHaveProperty('polluted')
})

describe('nesting', () => {
  it('may be as deep as the limit, and no deeper', () => {
    for (const limit of [0, 1, 2, 50]) {
      if (limit > 0) expect(parseJson(nested(limit), limit)).toEqual(JSON.parse(nested(limit)))
      expect(() => parseJson(nested(limit + 1), limit)).toThrow(
        expect.objectContaining({ code: 'limit_exceeded', details: { option: 'maxJsonDepth', limit } }),
      )
    }
  })

  it('is counted by what is open, not by what has been', () => {
    expect(parseJson(`[${'[{}],'.repeat(100)}[]]`, 3)).toHaveLength(101)
  })

  it('is no bracket in a text', () => {
    const text = JSON.stringify({ a: '[[[[{{{{', b: '\\"[[[[' })
    expect(parseJson(text, 1)).toEqual(JSON.parse(text))
  })

  it('of a hundred thousand levels is refused before it is parsed', () => {
    expect(() => parseJson(nested(100_000), 2_000)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  })
})

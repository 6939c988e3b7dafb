import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callExtra, choiceExtra, copy, deltaExtra, isProse, topLevelExtra } from '../src/merge/extras.ts'

const levels = {
  'the top level': topLevelExtra,
  'a choice': choiceExtra,
  'a delta': deltaExtra,
  'a tool call': callExtra,
}
const every = Object.entries(levels)

describe.each(every)('at %s', (level, extra) => {
  const grows = level === 'a choice' || level === 'a delta'

  it('null and absence erase nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const have = extra('x', undefined, value)
        expect(extra('x', have, null)).toEqual(have)
        expect(extra('x', have, undefined)).toEqual(have)
      }),
    )
  })

  it('numbers and flags are set, never added', () => {
    expect(extra('x', 1, 2)).toBe(2)
    expect(extra('x', 2, 0)).toBe(0)
    expect(extra('x', true, false)).toBe(false)
  })

  it('objects are laid over each other key by key, however deep', () => {
    const sum = extra('x', extra('x', undefined, { a: 1, b: { c: 2 } }), { b: { d: 3 }, e: null })
    expect(sum).toEqual({ a: 1, b: { c: 2, d: 3 }, e: null })
  })

  it(`a list ${grows ? 'grows' : 'is replaced'}`, () => {
    expect(extra('x', extra('x', undefined, [1, 2]), [3])).toEqual(grows ? [1, 2, 3] : [3])
  })

  it('of two kinds of values the richer stands, whichever came first', () => {
    const kinds = [7, 'text', [1], { a: 1 }]
    for (const [i, poor] of kinds.entries()) {
      for (const rich of kinds.slice(i + 1)) {
        expect(extra('x', extra('x', undefined, poor), rich)).toEqual(rich)
        expect(extra('x', extra('x', undefined, rich), poor)).toEqual(rich)
      }
    }
  })

  it('a text is set, unless it is prose of a delta', () => {
    expect(extra('stop_reason', 'a', 'b')).toBe('b')
    expect(extra('thinking', 'a', 'b')).toBe(level === 'a delta' ? 'ab' : 'b')
    expect(extra('x', { thinking: 'a' }, { thinking: 'b' })).toEqual({ thinking: level === 'a delta' ? 'ab' : 'b' })
  })

  it('the sum never shares what it may change later', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (values) => {
        const before = structuredClone(values)
        let sum: unknown
        for (const value of values) sum = extra('text', sum, value)
        expect(values).toEqual(before)
      }),
    )
  })
})

describe('items of a growing list', () => {
  const sumOf = (...lists: unknown[][]) =>
    lists.reduce<unknown>((sum, list) => deltaExtra('details', sum, list), undefined)

  it('merge where index, type and id are the same; null and absence are the same', () => {
    expect(
      sumOf(
        [
          { index: 0, type: 'text', text: 'a' },
          { index: 1, type: 'text', text: 'x' },
        ],
        [
          { index: 1, type: 'text', id: null, text: 'y', signature: 's' },
          { index: 0, type: 'text', text: 'b' },
          { index: 0, type: 'data', data: 'd' },
          { index: 0, type: 'text', id: 'r', text: 'z' },
        ],
      ),
    ).toEqual([
      { index: 0, type: 'text', text: 'ab' },
      { index: 1, type: 'text', text: 'xy', signature: 's', id: null },
      { index: 0, type: 'data', data: 'd' },
      { index: 0, type: 'text', id: 'r', text: 'z' },
    ])
  })

  it('are appended whole where there is no usable index', () => {
    const items = [
      { type: 'text', text: 'a' },
      { index: '0', text: 'b' },
      { index: 0.5, text: 'c' },
      { index: null },
      7,
      'x',
      [1],
      null,
    ]
    expect(sumOf(items, items)).toEqual([...items, ...items])
  })

  it('are appended whole where type or id are no plain values', () => {
    const items = [
      { index: 0, type: {}, text: 'a' },
      { index: 0, id: ['x'], text: 'a' },
    ]
    expect(sumOf(items, items)).toEqual([...items, ...items])
  })

  it('merge into a list that was made elsewhere', () => {
    const list = JSON.parse('[{"index":0,"text":"a"},5,{"index":1,"text":"b"}]') as unknown[]
    expect(deltaExtra('details', list, [{ index: 1, text: 'c' }])).toEqual([
      { index: 0, text: 'a' },
      5,
      { index: 1, text: 'bc' },
    ])
  })

  it('may be a hundred thousand, each with a place of its own', () => {
    const items = Array.from({ length: 100_000 }, (_, index) => ({ index, text: 'x' }))
    expect(sumOf(items, items)).toHaveLength(100_000)
  })
})

it.each([
  ['reasoning_content', true],
  ['thinking', true],
  ['thought', true],
  ['summary', true],
  ['transcript', true],
  ['refusal', true],
  ['text', true],
  ['thought_signature', false],
  ['encrypted_content', false],
  ['content_type', false],
  ['reasoning_effort', false],
  ['context_id', false],
  ['context', false],
  ['model', false],
  ['id', false],
  ['constructor', false],
])('whether %s arrives in pieces: %s', (key, expected) => {
  expect(isProse(key)).toBe(expected)
})

/** A copy leaves out this one key, wherever it stands. */
const withoutProto = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))

it('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(withoutProto, (value) => {
      const twin = copy(value)
      expect(twin).toEqual(value)
      if (typeof value === 'object' && value !== null) expect(twin).not.toBe(value)
    }),
  )
  expect(Object.keys(copy(JSON.parse('{"__proto__":1,"a":{"__proto__":2}}') as object))).toEqual(['a'])
})

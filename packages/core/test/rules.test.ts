import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { append, byIndex, concat, fields, joinText, keep, latest, replace } from '../src/merge/rules.ts'

const words = fc.constantFrom('', 'a', 'b', 'é', '👋'.slice(0, 1), 'x'.repeat(40))

it('text appends, and is the same text however its pieces were joined', () => {
  fc.assert(
    fc.property(fc.array(words), (pieces) => {
      let sum: string | undefined
      for (const piece of pieces) sum = append(sum, piece)
      expect(sum ?? '').toBe(pieces.join(''))
      expect(pieces.reduceRight((rest, piece) => joinText(piece, rest), '')).toBe(pieces.join(''))
    }),
  )
})

it('identity is the first value that says something', () => {
  expect(keep(undefined, 'a')).toBe('a')
  expect(keep('a', 'b')).toBe('a')
  expect(keep('', 'b')).toBe('b')
  expect(keep(0, 1_750_000_000)).toBe(1_750_000_000)
})

it('state is the latest value, and in words the latest that says something', () => {
  expect(replace('a', '')).toBe('')
  expect(latest('a', 'b')).toBe('b')
  expect(latest('a', '')).toBe('a')
  expect(latest(undefined, '')).toBe('')
})

it('a list of whole items grows in place and shares its items', () => {
  const item = Object.freeze({ token: 'x' })
  const sum = concat(undefined, [item])
  expect(concat(sum, [item])).toBe(sum)
  expect(sum).toEqual([item, item])
  expect(sum[0]).toBe(item)
})

describe('an object, field by field', () => {
  interface Fields {
    text?: string | null
    other?: number | undefined
  }
  const extra = (key: string, have: unknown, next: unknown) => `${key}: ${String(have)} ${String(next)}`
  const rule = fields<Fields>({ text: append, other: (have, next) => (have ?? 0) + next }, extra)

  it('asks the rule of a field, and the rule for extras where there is none', () => {
    const next = { text: 'b', other: 1, third: 2 }
    expect(rule({ text: 'a', other: 1 }, next)).toEqual({ text: 'ab', other: 2, third: 'third: undefined 2' })
  })

  it('has no rule for what an object has from its prototype', () => {
    const plain = fields<{ text?: string }>({ text: append }, (_key, have, next) => [have, next])
    for (const key of ['toString', 'hasOwnProperty', 'valueOf', 'constructor'])
      expect(plain(undefined, { [key]: 1 })).toEqual({ [key]: [undefined, 1] })
  })

  it('takes null for the news that a field was there, which erases nothing', () => {
    expect(rule(undefined, { text: null })).toEqual({ text: null })
    expect(rule({ text: 'a' }, { text: null })).toEqual({ text: 'a' })
    expect(rule({ text: null }, { text: 'a' })).toEqual({ text: 'a' })
  })

  it('leaves out undefined and __proto__', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"text":"a"}') as { text: string }
    const sum = rule(undefined, { ...hostile, other: undefined })
    expect(Object.keys(sum)).toEqual(['text'])
    expect(rule(undefined, hostile)).not.toHaveProperty('polluted')
  })
})

describe('a list of partial items', () => {
  interface Item {
    index: number
    text?: string
  }
  const rule = byIndex<Item>(fields<Item>({ index: keep, text: append }, (_key, _have, next) => next))
  const items = fc.array(fc.record({ index: fc.nat({ max: 4 }), text: words }))

  it('merges by index and keeps the order of arrival', () => {
    fc.assert(
      fc.property(fc.array(items), (lists) => {
        const sum: { index: number; text?: string }[] = []
        for (const list of lists) expect(rule(sum, list)).toBe(sum)
        const all = lists.flat()
        const order = [...new Set(all.map(({ index }) => index))]
        expect(sum.map(({ index }) => index)).toEqual(order)
        for (const { index, text } of sum)
          expect(text).toBe(all.flatMap((item) => (item.index === index ? [item.text] : [])).join(''))
      }),
    )
  })

  it('takes huge, negative and odd indexes for keys like any other', () => {
    const indexes = [1e9, -1, 2 ** 53, 0.5, 0]
    const sum = rule(
      undefined,
      [...indexes, ...indexes].map((index) => ({ index, text: 'x' })),
    )
    expect(sum).toEqual(indexes.map((index) => ({ index, text: 'xx' })))
  })

  it('goes on with a sum that was made elsewhere', () => {
    const sum = JSON.parse('[{"index":3,"text":"a"},{"index":1,"text":"b"},{"index":2,"text":"c"}]') as []
    expect(
      rule(sum, [
        { index: 3, text: 'x' },
        { index: 1, text: 'y' },
      ]),
    ).toEqual([
      { index: 3, text: 'ax' },
      { index: 1, text: 'by' },
      { index: 2, text: 'c' },
    ])
  })
})

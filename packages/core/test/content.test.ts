import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { content } from '../src/merge/content.ts'
import { textOf } from '../src/index.ts'

type Content = Parameters<typeof content>[1]

const sumOf = (...pieces: Content[]): Content | undefined =>
  pieces.reduce<Content | undefined>((sum, piece) => content(sum, structuredClone(piece)), undefined)

const text = (value: string) => ({ type: 'text', text: value })

/** A part with fields that its type does not name. */
const part = (type: string, fields: object) => ({ type, ...fields })

it.each<[string, Content[], Content]>([
  ['text appends', ['a', '', 'b'], 'ab'],
  ['text becomes a part with the first list', ['a', [text('b')]], [text('ab')]],
  ['empty text becomes none', ['', [text('b')]], [text('b')]],
  ['text after parts goes on with a text part', [[text('a')], 'b'], [text('ab')]],
  ['text after another part is a part of its own', [[{ type: 'image' }], 'b'], [{ type: 'image' }, text('b')]],
  ['empty text after parts adds nothing', [[{ type: 'image' }], ''], [{ type: 'image' }]],
  ['parts that came together stay apart', [[text('a'), text('b')], [text('c')]], [text('a'), text('bc')]],
  [
    'parts of different types stay apart',
    [[part('thinking', { thinking: 'a' })], [text('b')]],
    [part('thinking', { thinking: 'a' }), text('b')],
  ],
  [
    'parts of one type and different index stay apart',
    [[part('text', { index: 0, text: 'a' })], [part('text', { index: 1, text: 'b' })]],
    [part('text', { index: 0, text: 'a' }), part('text', { index: 1, text: 'b' })],
  ],
  [
    'parts whose type is whole stay apart',
    [[{ type: 'reference', text: 'a' }], [{ type: 'reference', text: 'b' }]],
    [
      { type: 'reference', text: 'a' },
      { type: 'reference', text: 'b' },
    ],
  ],
  [
    'lists inside parts go on at their seam too',
    [[part('thinking', { thinking: [text('a')] })], [part('thinking', { thinking: [text('b')], closed: true })]],
    [part('thinking', { thinking: [text('ab')], closed: true })],
  ],
  ['null in a part erases nothing', [[text('a')], [part('text', { text: null })]], [text('a')]],
])('%s', (_, pieces, expected) => {
  expect(sumOf(...pieces)).toEqual(expected)
})

describe('whatever comes as text or as parts', () => {
  const piece: fc.Arbitrary<Content> = fc.oneof(
    fc.constantFrom('', 'a', 'b'),
    fc.array(
      fc.oneof(fc.constantFrom('', 'c').map(text), fc.constantFrom({ type: 'image' }, { type: 'thinking', text: 'x' })),
      { minLength: 1, maxLength: 3 },
    ),
  )

  it('the text of the sum is the sum of the texts', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sum = sumOf(...pieces)
        expect(textOf({ content: sum ?? null })).toBe(pieces.map((one) => textOf({ content: one })).join(''))
      }),
    )
  })

  it('what is added is only read', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const before = structuredClone(pieces)
        let sum: Content | undefined
        for (const one of pieces) sum = content(sum, one)
        expect(pieces).toEqual(before)
      }),
    )
  })
})

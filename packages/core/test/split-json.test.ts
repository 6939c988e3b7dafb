import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonSplitter, splitJson } from '../src/decode/split-json.ts'
import { cutText } from './raw.ts'

const objects = fc.array(
  fc.object().map((value) => JSON.stringify(value)),
  { minLength: 1, maxLength: 5 },
)
const cuts = fc.array(fc.nat(400), { maxLength: 20 })

describe('the objects of a text', () => {
  it.each([
    ['on lines', '\n', '', ''],
    ['on lines that end as Windows likes', '\r\n', '', '\r\n'],
    ['side by side', '', '', ''],
    ['behind "data:"', '\ndata: ', 'data: ', '\n\n'],
    ['as elements of a list', ',\n ', ' [', ']\n'],
  ])('are given one by one when they stand %s, wherever the text is cut', (_, between, before, after) => {
    fc.assert(
      fc.property(objects, cuts, (texts, positions) => {
        const given: string[] = []
        const splitter = createJsonSplitter((text, whole) => {
          expect(whole).toBe(true)
          given.push(text)
        })
        for (const piece of cutText(before + texts.join(between) + after, positions)) splitter.push(piece)
        splitter.end()
        expect(given).toEqual(texts)
      }),
    )
  })

  it('are given as soon as they are whole', () => {
    const given: string[] = []
    const splitter = createJsonSplitter((text) => given.push(text))
    splitter.push('{"a":{"b":"}"}')
    expect(given).toEqual([])
    splitter.push('}{"c"')
    expect(given).toEqual(['{"a":{"b":"}"}}'])
  })

  it('are all the text there is: what stands between them is given too, line by line', () => {
    expect(splitJson('{"a":1}data: [DONE]\n\nhello\n{"b":2} world')).toEqual({
      values: ['{"a":1}', '[DONE]', 'hello', '{"b":2}', 'world'],
      unfinished: false,
    })
  })
})

it('an object that does not end is given at the end, as it is, and not as a whole one', () => {
  fc.assert(
    fc.property(objects, fc.nat(), (texts, at) => {
      const last = texts.at(-1) ?? ''
      const cut = last.slice(0, 1 + (at % (last.length - 1)))
      expect(splitJson([...texts.slice(0, -1), cut].join('\n'))).toEqual({
        values: [...texts.slice(0, -1), cut],
        unfinished: true,
      })
    }),
  )
})

it.each(['', ' \n', '[', '[]', ' , ,'])('%j holds nothing', (text) => {
  expect(splitJson(text)).toEqual({ values: [], unfinished: false })
})

it('a line that is cut is one line', () => {
  const given: string[] = []
  const splitter = createJsonSplitter((text) => given.push(text))
  for (const character of 'data: [DONE]\nword') splitter.push(character)
  splitter.end()
  expect(given).toEqual(['[DONE]', 'word'])
})

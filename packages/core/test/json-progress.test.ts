import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonProgress } from '../src/normalize/json-progress.ts'
import { cutText } from './raw.ts'

const container = fc.oneof(fc.object(), fc.array(fc.jsonValue())).map((value) => JSON.stringify(value))

it('an object or list is complete exactly when it is whole, however it was cut and whenever somebody asked', () => {
  fc.assert(
    fc.property(container, fc.array(fc.nat(200)), fc.boolean(), fc.string(), (text, cuts, asks, rest) => {
      const progress = new JsonProgress()
      for (const piece of cutText(text.slice(0, -1), cuts)) {
        progress.push(piece)
        if (asks) expect(progress.complete).toBe(false)
      }
      expect(progress.complete).toBe(false)
      progress.push(text.slice(-1))
      expect(progress.complete).toBe(true)
      // What comes later takes nothing back.
      progress.push(rest)
      expect(progress.complete).toBe(true)
    }),
  )
})

it.each(['', ' ', '\n\t', '1', '"a"', '"}"', '}', '] ', 'null', '{"a":"}"', '{"a":"\\"}', '[{}'])(
  '%j is not complete',
  (text) => {
    const progress = new JsonProgress()
    for (const character of text) progress.push(character)
    expect(progress.complete).toBe(false)
  },
)

it('the text is blank until something but white space comes', () => {
  const progress = new JsonProgress()
  for (const piece of ['', ' ', '\n']) {
    progress.push(piece)
    expect(progress.blank).toBe(true)
  }
  progress.push(' "')
  expect(progress.blank).toBe(false)
  progress.push(' ')
  expect(progress.blank).toBe(false)
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonBrackets } from '../src/decode/json-brackets.ts'

const container = fc.oneof(fc.object(), fc.array(fc.jsonValue())).map((value) => JSON.stringify(value))

it('an object or list has closed exactly when it is whole', () => {
  fc.assert(
    fc.property(container, fc.nat(), (text, at) => {
      const cut = at % text.length
      const brackets = new JsonBrackets()
      expect(brackets.read(text.slice(0, cut))).toBe(cut)
      expect(brackets.closed).toBe(false)
      expect(brackets.read(text.slice(cut))).toBe(text.length - cut)
      expect(brackets).toMatchObject({ closed: true, depth: 0 })
    }),
  )
})

it('reading stops behind the bracket that closes the outermost one', () => {
  fc.assert(
    fc.property(container, fc.string(), (text, rest) => {
      expect(new JsonBrackets().read(text + rest)).toBe(text.length)
    }),
  )
})

it('reading stops behind the bracket that nests too deep', () => {
  const brackets = new JsonBrackets()
  expect(brackets.read('[{"a":"[[[["},[[1]]]', 0, 2)).toBe('[{"a":"[[[["},[['.length)
  expect(brackets.depth).toBe(3)
})

it.each(['}', ']', '"}"', '1]', 'a}', '"{}"', ''])('%j opens nothing, so nothing has closed', (text) => {
  const brackets = new JsonBrackets()
  expect(brackets.read(text)).toBe(text.length)
  expect(brackets).toMatchObject({ closed: false, depth: 0 })
})

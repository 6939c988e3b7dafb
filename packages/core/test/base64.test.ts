import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { joinBase64, splitPadding } from '../src/normalize/base64.ts'

const bytes = fc.uint8Array({ maxLength: 40 })
const encode = (value: Uint8Array): string => Buffer.from(value).toString('base64')

it('joining two texts joins their bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(joinBase64(encode(a), encode(b))).toBe(encode(new Uint8Array([...a, ...b])))
    }),
  )
})

it('the two parts of a text make the text, and only the second is padded', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = encode(value)
      const [whole, tail] = splitPadding(text)
      expect(whole + tail).toBe(text)
      expect(whole).not.toContain('=')
      expect(whole.length % 4).toBe(0)
      expect(tail).toHaveLength(text.endsWith('=') ? 4 : 0)
    }),
  )
})

it('fragments that were padded one by one are sent on as one text', () => {
  fc.assert(
    fc.property(fc.array(bytes), (fragments) => {
      let sent = ''
      let held = ''
      for (const fragment of fragments) {
        const [whole, tail] = splitPadding(held === '' ? encode(fragment) : joinBase64(held, encode(fragment)))
        sent += whole
        held = tail
      }
      expect(sent + held).toBe(encode(new Uint8Array(fragments.flatMap((fragment) => [...fragment]))))
    }),
  )
})

it('what is no base64 is left out', () => {
  expect(joinBase64('YQ==\n', ' Yg= =')).toBe('YWI=')
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Utf8Decoder } from '../src/utf8-decoder.ts'

/** Bytes that texts are made of, and what decoders stumble over: marks, parts of characters, bytes that are in none. */
const piece = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom('abc', '\uFEFF', '\uFEFF\uFEFFa', 'é', '😀', '').map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 4 }),
)

it('decodes as TextDecoder does, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(8), { minLength: 1 }), (pieces, lengths) => {
      const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]))
      const ours = new Utf8Decoder()
      const theirs = new TextDecoder()
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const read = bytes.subarray(at, (at += Math.max(1, lengths[cut % lengths.length] as number)))
        expect(ours.decode(read, { stream: true })).toBe(theirs.decode(read, { stream: true }))
      }
      expect(ours.decode()).toBe(theirs.decode())
    }),
    { numRuns: 2_000 },
  )
})

it.each([
  ['a mark at the beginning', ['\uFEFFa', '\uFEFFb']],
  ['a mark behind ASCII', ['a', '\uFEFFb']],
  ['a mark behind nothing', ['', '\uFEFFb']],
  ['ASCII behind half a character', ['é', 'b']],
])('decodes as TextDecoder does: %s', (_what, texts) => {
  const ours = new Utf8Decoder()
  const theirs = new TextDecoder()
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text)
    for (const part of [bytes.subarray(0, 1), bytes.subarray(1)])
      expect(ours.decode(part, { stream: true })).toBe(theirs.decode(part, { stream: true }))
  }
  expect(ours.decode()).toBe(theirs.decode())
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { folded, mayStandIn } from '../src/store/grams.ts'
import { openLines } from '../src/store/read-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Texts with what JSON writes otherwise, with accents by themselves, and with letters of several scripts. */
const units = ['a', 'Ä', 'e', '\u0301', 'ñ', 'İ', 'ﬁ', '"', '\\', '/', '\n', '\u0001', '\uD800', '世', '—', 'x']
const text = fc.string({ unit: fc.constantFrom(...units), maxLength: 12 })

describe('a line of the history', () => {
  test('is read whenever its text holds the words', () => {
    fc.assert(
      fc.property(text, text, text, (before, word, after) => {
        const wanted = folded(word)
        const content = before + word + after
        if (wanted === '' || !folded(content).includes(wanted)) return
        expect(mayStandIn(JSON.stringify({ message: { content } }), [wanted])).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('is folded piece by piece as it would be at once', () => {
    const whole = (given: string) =>
      given
        .toLowerCase()
        .normalize('NFKD')
        .replaceAll(/\p{M}+/gu, '')
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (given) => {
        expect(folded(given)).toBe(whole(given))
      }),
    )
  })

  test('is not read as JSON where a word is missing', () => {
    const line = JSON.stringify({ message: { content: 'Über die Brücke — “so”' } })
    expect(['uber', 'brucke', 'die so'].map((word) => mayStandIn(line, word.split(' ')))).toEqual([true, true, true])
    expect(mayStandIn(line, ['die', 'qz'])).toBe(false)
  })

  test('is the same in whichever order lines are read', () => {
    const lines = Array.from({ length: 3000 }, (_, at) => `${at} ${'ä'.repeat((at * 7919) % 700)}`)
    const path = join(folder, 'log')
    writeFileSync(path, `${lines.join('\n')}\n`)
    const places: { offset: number; length: number }[] = []
    let offset = 0
    for (const line of lines) {
      const length = Buffer.byteLength(line)
      places.push({ offset, length })
      offset += length + 1
    }
    const reader = openLines(path)
    const read = (at: number) => reader.read(places[at]?.offset ?? 0, places[at]?.length ?? 0)
    const orders = {
      backwards: [...lines.keys()].toReversed(),
      forwards: [...lines.keys()],
      jumping: lines.map((_, at) => (at * 1201) % lines.length),
    }
    for (const order of Object.values(orders)) for (const at of order) expect(read(at)).toBe(lines[at])
    reader.close()
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { briefHelp, commandHelp, generalHelp } from '../src/arguments/help-text.ts'
import { commands } from '../src/commands/table.ts'
import { twoColumns, wrap } from '../src/render/wrap.ts'

describe('a paragraph', () => {
  test('keeps its words, and none of its lines of several words is too long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^\S+$/), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (words, max) => {
          const text = words.join(' ')
          const lines = wrap(text, max)
          expect(lines.join(' ')).toBe(text)
          for (const line of lines) expect(line.length <= max || !line.includes(' ')).toBe(true)
        },
      ),
    )
  })
})

describe('two columns', () => {
  const rows = [
    ['--at TYPE:PATH', 'the same, where its type cannot be told from the first bytes of it'],
    ['-h, --help', 'this text'],
  ] as const

  test('stand beside each other where there is room', () => {
    expect(twoColumns(rows, 60)).toEqual([
      '  --at TYPE:PATH  the same, where its type cannot be told',
      '                  from the first bytes of it',
      '  -h, --help      this text',
    ])
  })

  test('stand one beneath the other in a narrow terminal', () => {
    expect(twoColumns(rows, 40)).toEqual([
      '  --at TYPE:PATH',
      '      the same, where its type cannot be',
      '      told from the first bytes of it',
      '  -h, --help',
      '      this text',
    ])
  })
})

describe('the help', () => {
  test('of deltawire alone is short, and leads on', () => {
    const lines = briefHelp(commands, 79).split('\n')
    expect(lines.length).toBeLessThanOrEqual(60)
    for (const { name } of commands.filter((entry) => !entry.name.includes(' ')))
      expect(lines.some((line) => line.startsWith(`  ${name} `))).toBe(true)
    expect(lines.slice(-3).join(' ')).toContain('deltawire help COMMAND')
  })

  test('cuts no word at 40 columns, but for what is to be copied', () => {
    const pages = [briefHelp, generalHelp].map((page) => page(commands, 39))
    for (const page of [...pages, ...commands.map((entry) => commandHelp(entry, commands, 39))]) {
      const prose = page.split('\n').filter((line) => !/^ {2}\S|^ *-|^Usage|^deltawire |^ *\S+$/.test(line))
      for (const line of prose) expect({ line, isShort: line.length <= 39 }).toEqual({ line, isShort: true })
    }
  })
})

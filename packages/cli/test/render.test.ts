import { describe, expect, test } from 'vitest'
import { createTextWriter } from '../src/render/create-text-writer.ts'
import { visible, visibleJson, visibleLine } from '../src/render/visible.ts'
import { controlCharactersIn } from './control-characters.ts'

const attacks = {
  'the clipboard': '\u001B]52;c;cm0gLXJmIH4=\u0007',
  'a hidden link': '\u001B]8;;https://evil.example\u001B\\click\u001B]8;;\u001B\\',
  'the title': '\u001B]0;pwned\u0007',
  'the screen': '\u001B[2J\u001B[H',
  'the line, by CR': 'rm -rf ~\rls',
  'C1 instead of ESC': '\u009B2J\u009D0;pwned\u009C',
  'a device query': '\u001BP$q"p\u001B\\',
  backspaces: 'evil\b\b\b\bgood',
  'DEL and NUL': '\u007F\u0000',
}

async function written(pieces: readonly string[], isTTY: boolean): Promise<string> {
  let text = ''
  const writer = createTextWriter({ isTTY, write: async (piece) => void (text += piece), flush: async () => {} })
  for (const piece of pieces) await writer.write(piece)
  await writer.end()
  return text
}

describe('text of a model', () => {
  test.each(Object.entries(attacks))('cannot reach %s on a terminal', async (_, attack) => {
    for (const text of [visible(attack), await written([attack], true), await written(attack.split(''), true)]) {
      expect(controlCharactersIn(text)).toEqual([])
    }
  })

  test('goes into a pipe as it is', async () => {
    for (const attack of Object.values(attacks)) expect(await written(attack.split(''), false)).toBe(attack)
  })

  test('keeps its lines and tabs', () => {
    expect(visible('a\tb\nc\r\nd')).toBe('a\tb\nc\nd')
    expect(visible('\u001B[31mred')).toBe('␛[31mred')
    expect(visible('a\rb')).toBe('a␍b')
    expect(visible('\u009B')).toBe('\\x9b')
    expect(visibleLine('a\r\n\n  b')).toBe('a b')
  })

  test('keeps a line end that came in two pieces', async () => {
    expect(await written(['a\r', '\nb'], true)).toBe('a\nb\n')
    expect(await written(['a\r', 'b'], true)).toBe('a␍b\n')
  })

  test('ends its line on a terminal and not in a pipe', async () => {
    expect(await written(['a'], true)).toBe('a\n')
    expect(await written(['a\n'], true)).toBe('a\n')
    expect(await written(['a'], false)).toBe('a')
    expect(await written([], true)).toBe('')
  })

  test('is never written in half characters', async () => {
    const pieces: string[] = []
    const writer = createTextWriter({
      isTTY: false,
      write: async (piece) => void pieces.push(String(piece)),
      flush: async () => {},
    })
    for (const half of ['a\uD83C', '\uDF0D', '\uD83C', '\uDF0Db']) await writer.write(half)
    await writer.end()
    expect(pieces).toEqual(['a', '🌍', '🌍b'])
  })

  test('is the same value as JSON, with the controls escaped that JSON leaves alone', () => {
    const value = Object.values(attacks)
    const json = visibleJson(JSON.stringify(value))
    expect(JSON.parse(json)).toEqual(value)
    expect(json).not.toMatch(/[\u007F-\u009F]/)
  })
})

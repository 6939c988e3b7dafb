import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMarkdownRenderer, type MarkdownOptions } from '../src/markdown/create-markdown-renderer.ts'
import { textWidth } from '../src/markdown/text-width.ts'
import { attacks } from './attacks.ts'
import { controlCharactersIn } from './control-characters.ts'

function rendered(text: Iterable<string> | string, options: MarkdownOptions = { hasStyles: false }): string {
  const renderer = createMarkdownRenderer(options)
  let out = ''
  for (const piece of typeof text === 'string' ? [text] : text) out += renderer.push(piece)
  return out + renderer.end()
}

/** With every escape sequence by the name of what it does. */
function styled(text: string, options: MarkdownOptions = {}): string {
  const names: Record<string, string> = { 1: 'b', 2: 'dim', 3: 'i', 4: 'u', 9: 's', 36: 'code' }
  return (
    rendered(text, options)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001B\[(\d+)m/g, (_, code: string) => (names[code] === undefined ? '</>' : `<${names[code]}>`))
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001B\]8;;([^\u001B]*)\u001B\\/g, (_, url: string) => (url === '' ? '</a>' : `<a ${url}>`))
  )
}

/** Everything that Markdown has, and what goes wrong with it. */
const fragments = [
  '# ',
  '## ',
  '- ',
  '* ',
  '1. ',
  '10) ',
  '> ',
  '>',
  '```js\n',
  '```\n',
  '~~~\n',
  '---\n',
  '* * *\n',
  '[ ] ',
  '- [x] ',
  '| a | b |\n',
  '|---|:-:|\n',
  '| `x|y` | **z** |\n',
  '|',
  '`',
  '``',
  '**',
  '*',
  '_',
  '__',
  '~~',
  '***',
  '\\',
  '\\*',
  '[text](https://example.org/a_(b))',
  '[',
  '](',
  ')',
  '![alt](x.png)',
  '<https://example.org>',
  '<',
  '!',
  '[1][2]',
  'word',
  ' ',
  '  ',
  '    ',
  '\n',
  '\n\n',
  '\r\n',
  '\t',
  'snake_case',
  '2 * 3',
  'a long sentence of several words. ',
  '重要な「点」です。',
  '👩‍👧',
  '🇳🇴',
  'e\u0301',
  'नमस्ते',
  '\u001B[2J',
  '\u009B',
  '\r',
  '\uD83C',
  'x'.repeat(50),
]
const documents = fc
  .array(fc.oneof(fc.constantFrom(...fragments), fc.string({ maxLength: 5 })), { maxLength: 40 })
  .map((all) => all.join(''))
const options = fc.record({
  columns: fc.integer({ min: 1, max: 60 }),
  hasStyles: fc.boolean(),
  hasHyperlinks: fc.boolean(),
})

describe('rendering', () => {
  test('does not depend on how the text was cut', () => {
    fc.assert(
      fc.property(documents, options, fc.array(fc.nat({ max: 300 })), (text, how, cuts) => {
        const whole = rendered(text, how)
        expect(rendered(text.split(''), how)).toBe(whole)
        const places = [0, ...cuts.filter((at) => at < text.length).sort((a, b) => a - b), text.length]
        expect(
          rendered(
            places.map((at, index) => text.slice(at, places[index + 1])),
            how,
          ),
        ).toBe(whole)
      }),
      { numRuns: 400 },
    )
  })

  test('lets nothing through that a terminal would obey, except what it writes itself', () => {
    fc.assert(
      fc.property(documents, fc.string({ unit: 'binary' }), (text, noise) => {
        expect(controlCharactersIn(rendered(text + noise, { hasStyles: false }))).toEqual([])
        const own = rendered(text + noise, { hasStyles: true, hasHyperlinks: true }).replaceAll(
          // oxlint-disable-next-line no-control-regex
          /\u001B\[(?:1|2|3|4|9|22|23|24|29|36|39)m|\u001B\]8;;(?:(?:https?:\/\/|mailto:)[\u0021-\u007E]+)?\u001B\\/g,
          '',
        )
        expect(controlCharactersIn(own)).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('loses no word of plain text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 1, max: 60 }),
        (words, columns) => {
          expect(rendered(words.join(' '), { columns, hasStyles: false }).split(/\s+/).filter(Boolean)).toEqual(words)
        },
      ),
    )
  })

  test('ends every style and every link', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const out = rendered(text, { hasStyles: true, hasHyperlinks: true })
        for (const line of out.split('\n')) {
          // oxlint-disable-next-line no-control-regex
          const last = line.match(/\u001B\[\d+m/g)?.at(-1)
          if (last !== undefined) expect(last).toMatch(/\[(?:22|23|24|29|39)m/)
          // oxlint-disable-next-line no-control-regex
          expect((line.match(/\u001B\]8;;/g)?.length ?? 0) % 2).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('holds back a word and no more, and nothing of code', () => {
    const renderer = createMarkdownRenderer({ hasStyles: false })
    expect(renderer.push('Hello wor')).toBe('Hello')
    expect(renderer.push('ld, this')).toBe(' world,')
    expect(renderer.push('\n```js\nle')).toBe(' this\n```js\nle')
    expect(renderer.push('t')).toBe('t')
    expect(renderer.push('\n```\n')).toBe('\n```\n')
    expect(renderer.end()).toBe('')
  })

  test('gives the text of a word the same width whatever it is made of', () => {
    const widths: [string, number][] = [
      ['abc', 3],
      ['Grüße', 5],
      ['e\u0301', 1],
      ['世界', 4],
      ['👩‍👧', 2],
      ['🇳🇴', 2],
      ['❤️', 2],
      ['שלום', 4],
      ['\u200B', 0],
    ]
    for (const [text, width] of widths) expect([text, textWidth(text)]).toEqual([text, width])
  })
})

describe('the attack list', () => {
  test.each(Object.entries(attacks))('has no effect: %s', (_, attack) => {
    for (const text of [
      attack,
      `# ${attack}`,
      `- ${attack}`,
      `\`\`\`${attack}\n${attack}\n\`\`\``,
      `| ${attack} |\n|---|\n| ${attack} |`,
      `\`${attack}\``,
    ]) {
      expect(controlCharactersIn(rendered(text.split('')))).toEqual([])
    }
  })

  test('hides no address behind a text that reads like another, and none that is no web address', () => {
    const how = { hasStyles: true, hasHyperlinks: true }
    expect(styled('[https://bank.example](https://evil.example/x)', how)).toBe(
      'https://bank.example (https://evil.example/x)\n',
    )
    expect(styled('[go](javascript:alert)', how)).toBe('go (javascript:alert)\n')
    expect(styled('[go](https://exämple.org)', how)).toBe('go (https://exämple.org)\n')
    expect(styled('[example.org](https://www.example.org/)', how)).toBe('<a https://www.example.org/>example.org</a>\n')
  })
})

describe('the marks of a line', () => {
  test.each<[string, string, string]>([
    ['a paragraph', 'Hello world', 'Hello world\n'],
    ['line ends, which are meant', 'Roses\nviolets', 'Roses\nviolets\n'],
    ['several blank lines as one, and none at the ends', '\n\na\n\n\n\nb\n\n', 'a\n\nb\n'],
    ['headings with their marks where there are no styles', '# One\n## Two\n#none', '# One\n## Two\n#none\n'],
    ['lists', '- a\n  - b\n    * c\n+ d', '• a\n  ◦ b\n    ▪ c\n• d\n'],
    ['numbers as they came', '3. a\n   - b\n4) c', '3. a\n   • b\n4) c\n'],
    ['items that go on', '- a\nlazy\n\n  more\n\nout', '• a\n  lazy\n\n  more\n\nout\n'],
    ['tasks', '- [ ] open\n- [x] done\n[x] none', '☐ open\n☑ done\n  [x] none\n'],
    ['quotes', '> a\n> > b\n>\n> c\nout', '│ a\n│ │ b\n│\n│ c\nout\n'],
    ['lists in quotes and quotes in lists', '> - a\n>   b\n\n- > c\n  > d', '│ • a\n│   b\n\n• │ c\n  │ d\n'],
    ['code as it is', '```js\nlet  a = `x` **y**\n\n  b\n```', '```js\nlet  a = `x` **y**\n\n  b\n```\n'],
    ['code that never ends', '```\na\n', '```\na\n'],
    ['code inside of code', '````\n```\n````\nout', '````\n```\n````\nout\n'],
    ['code in an item', '- a\n  ```\n  b\n    c\n  ```\n- d', '• a\n  ```\n  b\n    c\n  ```\n• d\n'],
    ['code that ends with its quote', '> ```\n> a\nb', '│ ```\n│ a\nb\n'],
    ['three backticks in one line as code of that line', '```a``` b', '```a``` b\n'],
    ['rules', 'a\n\n---\n* * *\nb', `a\n\n${'─'.repeat(80)}\n${'─'.repeat(80)}\nb\n`],
    ['what only looks like a mark', '-a\n1.b\n**b** c\n--', '-a\n1.b\nb c\n--\n'],
    ['indented code', 'a\n\n    b *c*\n', 'a\n\n    b *c*\n'],
  ])('are %s', (_, text, expected) => {
    expect(rendered(text)).toBe(expected)
  })

  test('are wrapped beneath themselves', () => {
    const how = { columns: 20, hasStyles: false }
    expect(rendered('- one two three four five', how)).toBe('• one two three four\n  five\n')
    expect(rendered('> one two three four five', how)).toBe('│ one two three four\n│ five\n')
    expect(rendered('12. one two three four five', how)).toBe('12. one two three\n    four five\n')
    expect(rendered('これは長い文章で、どこかで折り返す。', how)).toBe('これは長い文章で、ど\nこかで折り返す。\n')
    // An address is copied whole or not at all.
    expect(rendered(`see https://example.org/${'x'.repeat(30)} now`, how)).toBe(
      `see\nhttps://example.org/${'x'.repeat(30)} now\n`,
    )
  })
})

describe('the marks of a word', () => {
  test.each<[string, string]>([
    ['**a** *b* ***c*** ~~d~~ `e`', '<b>a</> <i>b</> <b><i>c</></> <s>d</> <code>e</>\n'],
    ['__a__ _b_ snake_case_name', '<b>a</> <i>b</> snake_case_name\n'],
    ['**a *b* c**', '<b>a </><b><i>b</></><b> c</>\n'],
    ['2 * 3 ** 4 a*b*c', '2 * 3 ** 4 a<i>b</>c\n'],
    ['重要な**「点」**です', '重要な<b>「点」</>です\n'],
    ['\\*a\\* \\(x_1\\) \\[y\\]', '*a* \\(x_1\\) \\[y\\]\n'],
    ['``a`b`` and `c*d*`', '<code>a`b</> and <code>c*d*</>\n'],
    ['**open\n\nnext', '<b>open</>\n\nnext\n'],
    ['# A *b*', '<b><u>A </></><b><i><u>b</></></>\n'],
    ['[a](https://e.org "t") ![b](c.png) <https://d.org>', 'a (https://e.org) image: b (c.png) https://d.org\n'],
    ['[a] [b][c] a<b [**d**](e)', '[a] [b][c] a<b <b>d</> (e)\n'],
  ])('%s', (text, expected) => {
    expect(styled(text)).toBe(expected)
  })

  test('leave their ticks where code has no colour', () => {
    expect(rendered('use `npm test` **now**')).toBe('use `npm test` now\n')
  })
})

describe('a table', () => {
  const source =
    '| Name | What it does | N |\n|---|:-:|--:|\n| `a|b` | **is** something that is rather long for a column | 12 |\n'

  test('has columns that stand from its second line on', () => {
    const renderer = createMarkdownRenderer({ columns: 60, hasStyles: false })
    const [head = '', delimiter = ''] = source.split(/(?<=\n)/)
    expect(renderer.push(head)).toBe('')
    expect(renderer.push(delimiter)).toMatch(/^Name +│ +What it does +│ +N\n─+┼─+┼─+\n$/)
  })

  test('wraps inside its columns', () => {
    const lines = rendered(source, { columns: 60, hasStyles: false }).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) {
      expect(textWidth(line)).toBeLessThanOrEqual(60)
      expect(line.split(/[│┼]/).length).toBe(3)
    }
  })

  test('is a list in a narrow window', () => {
    expect(rendered(source, { columns: 20, hasStyles: false })).toBe(
      '────────────────────\nName: `a|b`\nWhat it does: is\nsomething that is\nrather long for a\ncolumn\nN: 12\n',
    )
  })

  test('is text when the second line is none', () => {
    expect(rendered('| a | b |\nc\n\n| d |')).toBe('| a | b |\nc\n\n| d |\n')
  })

  test('has no row that is too long to be held: such a line is text, and what follows it begins anew', () => {
    for (const length of [16_384, 16_385, 16_386]) {
      const out = styled(`|${'x'.repeat(length - 1)}\n# Head\n`)
      expect(out.slice(out.lastIndexOf('x'))).toBe('x\n<b><u>Head</></>\n')
    }
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wordDiff } from '../src/diff/word-diff.ts'
import { controlCharactersIn } from './control-characters.ts'
import { runCli } from './run-cli.ts'

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`
const stream = (content: string, finish = 'stop', more: object = {}) =>
  `${chunk({ role: 'assistant', content })}${chunk({}, finish, more)}data: [DONE]\n\n`

async function compare(second: string, ...argv: string[]) {
  return runCli(['diff', 'demo:text', '-', ...argv], { stdin: second })
}

describe('the difference of two texts', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'word', ' ', '\n', '😀', '.')).map((words) => words.join(''))

  test('is made of both of them, whatever they are', () => {
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        const pieces = wordDiff(first, second)
        const of = (kind: 'first' | 'second') =>
          pieces.map((piece) => (piece.kind === 'both' || piece.kind === kind ? piece.text : '')).join('')
        expect([of('first'), of('second')]).toEqual([first, second])
        if (first === second) expect(pieces.every(({ kind }) => kind === 'both')).toBe(true)
        for (const [at, piece] of pieces.entries()) expect(piece.kind).not.toBe(pieces[at + 1]?.kind)
      }),
    )
  })

  test('names the words that changed, and nothing around them', () => {
    expect(wordDiff('the big sea', 'the wide sea')).toEqual([
      { kind: 'both', text: 'the ' },
      { kind: 'first', text: 'big' },
      { kind: 'second', text: 'wide' },
      { kind: 'both', text: ' sea' },
    ])
  })

  test('of long texts that have nothing in common takes no time', () => {
    const long = (word: string) => `${word} `.repeat(50_000)
    expect(wordDiff(long('a'), long('b')).map(({ kind }) => kind)).toEqual(['first', 'second', 'both'])
  })
})

describe('diff', () => {
  test('finds nothing where two answers mean the same, however they were cut, named and dated', async () => {
    const { stdout } = await runCli(['merge', 'demo:text'])
    const again = await runCli(['split', '--by', '3', '-'], { stdin: stdout.replace('chatcmpl-demo-text', 'other') })
    expect(await compare(again.stdout)).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect((await compare(again.stdout, '--strict')).stdout).toBe('id: "chatcmpl-demo-text" → "other"\n')
    expect((await compare(again.stdout, '--chunks')).stdout).toMatch(/^chunks: \d+ → \d+\nchunk 2: /)
  })

  test('tells what changed by its name', async () => {
    const changed = (await runCli(['convert', 'demo:text'])).stdout
      .replace('" small', '" tiny')
      .replace('"finish_reason":"stop"', '"finish_reason":"length"')
      .replace('"completion_tokens":42', '"completion_tokens":40')
    const { code, stdout } = await compare(changed)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^choices\[0\]\.finish_reason: "stop" → "length"\nchoices\[0\]\.text:\n {4}A chunk is a \[-small-\]\{\+tiny\+\} piece .*\nusage\.completion_tokens: 42 → 40\n$/,
    )
    expect((await compare(changed, '--text')).stdout).toMatch(/^choices\[0\]\.text:\n[^\n]*\n$/)
    const [line = ''] = (await compare(changed, '--json')).stdout.split('\n')
    expect(JSON.parse(line)).toEqual({
      v: 1,
      type: 'difference',
      what: 'choices[0].finish_reason',
      first: 'stop',
      second: 'length',
    })
  })

  test('compares the arguments of tools by value', async () => {
    const tools = (await runCli(['convert', 'demo:tools'])).stdout
    const spaced = tools.replace(String.raw`{\"city\":`, String.raw`{ \"city\" : `)
    const other = tools.replace('Oslo', 'Rome')
    expect((await runCli(['diff', 'demo:tools', '-'], { stdin: spaced })).code).toBe(0)
    expect((await runCli(['diff', 'demo:tools', '-'], { stdin: other })).stdout).toBe(
      'choices[0].tool_calls[0].arguments: {"city":"Oslo","unit":"celsius"} → {"city":"Rome","unit":"celsius"}\n',
    )
  })

  test('shows two texts that have little in common one behind the other', async () => {
    const { stdout } = await compare(stream('Nothing of that.'))
    expect(stdout).toContain('    - A chunk is')
    expect(stdout).toContain('    + Nothing of that.\n')
  })

  test('tells how a stream broke, and when its reads came', async () => {
    expect((await runCli(['diff', 'demo:text', 'demo:cut'])).stdout).toContain('error: nothing → "incomplete_stream"')
    const recording = (atMs: number) =>
      `{"v":1,"type":"chat.recording","started":"","tool":"","request":{"method":"POST","url":"","headers":{}},"response":{"status":200,"headers":{},"t":1}}\n[${atMs},"r",${JSON.stringify(stream('a b'))}]\n`
    const { stdout } = await runCli(['diff', '--timing', 'demo:text', '-'], { stdin: recording(7) })
    expect(stdout).toContain('first read (ms): nothing → 7\n')
  })

  test('needs two sources', async () => {
    expect((await runCli(['diff', 'demo:text'])).code).toBe(2)
    expect((await runCli(['diff', 'demo:text', '/no/such'])).code).toBe(2)
  })

  test('lets no control character reach a terminal', async () => {
    const { stdout } = await runCli(['diff', 'demo:text', '-'], {
      stdin: stream('a \u001B[2J\u009B b', 'stop', { model: '\u001B]0;' }),
      isTTY: true,
      env: { NO_COLOR: '1' },
    })
    expect(stdout).toContain('␛[2J')
    expect(controlCharactersIn(stdout)).toEqual([])
  })
})

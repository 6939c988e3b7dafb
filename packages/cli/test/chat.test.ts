import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyFilter, fromShown } from '../src/chat/key-filter.ts'
import { slashCommands } from '../src/chat/slash-commands.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying, type Asked } from './upstream.ts'

const home = tempHome()
const env = () => ({
  ...home.env,
  OPENAI_BASE_URL: 'http://up.example/v1',
  OPENAI_API_KEY: 'sk-0123456789',
  DELTAWIRE_MODEL: 'm',
})

/** What a model says that counts. */
const counting = () => answering((_asked: Asked, count) => saying(`answer ${count}`))

async function talk(
  lines: readonly string[],
  argv: readonly string[] = [],
  options: CliOptions = {},
  upstream = counting(),
) {
  const result = await runCli(['chat', ...argv], {
    fetch: upstream.fetch,
    ...options,
    env: { ...env(), ...options.env },
    stdin: options.stdin ?? lines.map((line) => `${line}\n`).join(''),
    cwd: home.path,
  })
  const asked = upstream.requests.map(({ body }) => body)
  const contents = upstream.requests.map(({ body }) =>
    (body['messages'] as { content: string }[] | undefined)?.map(({ content }) => content),
  )
  return { ...result, asked, contents }
}

describe('a chat', () => {
  test('is one prompt per line where there is no terminal', async () => {
    const { code, stdout, contents } = await talk(['one', '', 'two'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'answer 1\nanswer 2\n' })
    expect(contents).toEqual([['one'], ['one', 'answer 1', 'two']])
  })

  test('begins with the words, and takes any delimiter', async () => {
    const { contents } = await talk([], ['--delimiter', '---', 'first'], { stdin: 'a\nb---c' })
    expect(contents.map((all) => all?.at(-1))).toEqual(['first', 'a\nb', 'c'])
  })

  test('goes on with a conversation', async () => {
    await talk(['one'])
    expect((await talk(['two'], ['-c'])).contents).toEqual([['one', 'answer 1', 'two']])
  })

  test('goes on after a failure, and tells of the first one in the end', async () => {
    const upstream = answering((_, count) => (count === 1 ? new Response('', { status: 400 }) : saying('ok')))
    const { code, stdout, contents } = await talk(['one', '/nothing', 'two'], [], {}, upstream)
    expect({ code, stdout }).toEqual({ code: 4, stdout: 'ok\n' })
    expect(contents).toEqual([['one'], ['two']])
  })

  test('has branches', async () => {
    const { contents, stdout } = await talk(['one', 'two', '/undo', 'other', '/tree', '/goto 2', 'third', '/retry'])
    expect(contents).toEqual([
      ['one'],
      ['one', 'answer 1', 'two'],
      ['one', 'answer 1', 'other'],
      ['one', 'answer 1', 'third'],
      ['one', 'answer 1', 'third'],
    ])
    expect(stdout).toContain(
      '* 1 user: one\n* 2 assistant: answer 1\n  3   user: two\n  4   assistant: answer 2\n* 5   user: other\n* 6   assistant: answer 3\n',
    )
    const shown = await runCli(['history', 'show', '--json'], { env: home.env })
    expect(
      shown.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: { content: string } }).message.content),
    ).toEqual(['one', 'answer 1', 'third', 'answer 5'])
  })

  test('changes its model, its system message and its fields', async () => {
    const { asked, stdout } = await talk([
      '/model other',
      '/system Be brief',
      '/set temperature=0.2',
      'one',
      '/system',
      '/set',
      '/system Be long',
      'two',
    ])
    expect(asked[0]).toMatchObject({
      model: 'other',
      temperature: 0.2,
      messages: [{ role: 'system', content: 'Be brief' }, { content: 'one' }],
    })
    expect(stdout).toContain('Be brief\n{"temperature":0.2}\n')
    expect(((asked[1] ?? {})['messages'] as { content: string }[]).map(({ content }) => content)).toEqual([
      'Be long',
      'one',
      'answer 1',
      'two',
    ])
  })

  test('takes files and pictures with the next prompt', async () => {
    home.write('a.txt', 'A')
    home.write('cat.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47))
    // What is not there is said at once, and is not in the way of what is asked.
    const missing = await talk(['/file nosuch.txt', '/attach nosuch.png', 'one'])
    expect(missing.contents).toEqual([['one']])
    expect(missing.stderr).toMatch(/cannot read [^\n]*nosuch\.txt[\s\S]*cannot read [^\n]*nosuch\.png/)
    const { contents } = await talk(['/file a.txt', '/attach cat.png', 'one', 'two'])
    expect(contents[0]?.[0]).toMatchObject([
      { type: 'text', text: 'one\n\n<file name="a.txt">\nA\n</file>' },
      { type: 'image_url' },
    ])
    expect(contents[1]?.at(-1)).toBe('two')
  })

  test('saves, exports, is called something, copied and begun anew', async () => {
    const { stdout, stderr, contents } = await talk([
      'one',
      '/save answer.txt',
      '/save answer.txt',
      '/export',
      '/export all.json',
      '/title Named',
      '/title',
      '/fork',
      'two',
      '/clear',
      'three',
      '/usage',
    ])
    expect(readFileSync(join(home.path, 'answer.txt'), 'utf8')).toBe('answer 1\n')
    expect(stderr).toContain('cannot write "answer.txt": it is there already')
    expect(stdout).toContain('# Conversation\n\n## You\n\none\n\n## m\n\nanswer 1\n')
    expect(JSON.parse(readFileSync(join(home.path, 'all.json'), 'utf8'))).toMatchObject({ messages: [{}, {}] })
    expect(contents.at(-1)).toEqual(['three'])
    expect(stdout).toMatch(/Named\nanswer 2\nanswer 3\n1 answer · ~\d+ in · ~\d+ out\n$/)
    expect((await runCli(['history'], { env: home.env })).stdout).toMatch(/three[\s\S]*Named \(copy\)[\s\S]*Named/)
  })

  test('shows thoughts, records, and counts after every answer', async () => {
    const demo = { DELTAWIRE_MODEL: 'demo:reasoning', OPENAI_BASE_URL: '' }
    const shown = await talk(['/reasoning show', 'one', '/reasoning hide', 'two', '/reasoning what'], ['-u'], {
      env: demo,
    })
    expect(shown.stderr.match(/Which is larger/g)).toHaveLength(1)
    expect(shown.stderr.match(/19 in · 43 out/g)).toHaveLength(2)
    expect(shown.stderr).toContain('/reasoning takes hide, show or only')
    expect(shown.stderr).toContain('note: thoughts: show')
    const recorded = await talk(['/record', 'one', '/record', 'two'])
    expect(recorded.stderr).toContain('streams are recorded beside the history')
    expect(recorded.stderr).toContain('streams are no longer recorded')
  })

  test('records each answer in a file of its own, whichever model gave it', async () => {
    const file = join(home.path, 'call.jsonl')
    await talk(['one', '/model other', 'two', '/model m', 'three'], [`--record=${file}`])
    const answers = ['call.jsonl', 'call-2.jsonl', 'call-3.jsonl'].map((name) =>
      runCli(['merge', '--text', join(home.path, name)], { env: home.env }),
    )
    expect((await Promise.all(answers)).map(({ stdout }) => stdout)).toEqual(['answer 1', 'answer 2', 'answer 3'])
  })

  test('leaves with /quit, and sends two slashes as one', async () => {
    const { contents } = await talk(['//etc/hosts', '/quit', 'never'])
    expect(contents).toEqual([['/etc/hosts']])
  })

  test('has a line of help for every command, and does something with every one', async () => {
    const { stdout, code } = await talk(['/help'])
    expect(code).toBe(0)
    for (const [name, { about }] of Object.entries(slashCommands))
      expect(stdout).toMatch(
        new RegExp(`^  ${name}.* {2}${about.slice(0, 10).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}`, 'm'),
      )
    const { stderr } = await talk(
      ['/modl', '/copy', '/goto 9', '/goto', '/undo', '/retry', '/save', '/tools', '/raw', '/fork'],
      ['--no-store'],
    )
    for (const sentence of [
      'did you mean /model?',
      'there is no terminal, so there is no clipboard',
      'there is no message "9"',
      'N is missing',
      'there is nothing to undo',
      'there is no prompt to ask again',
      'FILE is missing',
      'answers are shown as they are',
      'nothing to copy',
    ]) {
      expect(stderr).toContain(sentence)
    }
  })

  test.skipIf(process.platform === 'win32')('has tools, and prompts from an editor', async () => {
    const tool = home.write('weather', '#!/bin/sh\necho \'{"name":"weather","description":"tells it"}\'\n', 0o755)
    const editor = home.write('editor.sh', '#!/bin/sh\nprintf "from the editor" > "$1"\n', 0o755)
    const { stdout, contents } = await talk(['/tools', '/edit'], ['--tool', tool], { env: { EDITOR: editor } })
    expect(stdout).toContain('weather: tells it\n')
    expect(contents).toEqual([['from the editor']])
  })

  test('shows Markdown on a terminal, or the text with /raw', async () => {
    const upstream = () => answering(() => saying('- **a**'))
    expect((await talk(['one', '/raw', 'two', '/raw', 'three'], ['--format', 'md'], {}, upstream())).stdout).toBe(
      '• a\n- **a**\n• a\n',
    )
  })
})

describe('the keys of a terminal', () => {
  /** What the line editor gets for what a terminal sends. */
  function typed(pieces: readonly string[]) {
    let keys = ''
    let searches = 0
    let pastes: ReadonlyMap<string, string> = new Map()
    const filter = createKeyFilter({
      keys: (text) => (keys += text),
      search: () => (searches += 1),
      other: () => {},
      pasted: (found) => (pastes = found),
    })
    for (const piece of pieces) filter.push(piece)
    return { keys, searches, message: fromShown(keys, pastes) }
  }

  const paste = (text: string) => `\u001B[200~${text}\u001B[201~`

  test('make one message of a paste, with its line ends', () => {
    expect(typed([paste('a\r\nb\rc\n')])).toMatchObject({ keys: 'a↵b↵c↵', message: 'a\nb\nc\n' })
    expect(typed(['x', paste('\u0003\u001B[2J\tb'), 'y']).keys).toBe('x[2J  by')
    const long = 'line\n'.repeat(1000)
    expect(typed([paste(long)])).toMatchObject({ keys: '[paste 1: 1001 lines]', message: long })
  })

  test('make a new line with Alt-Enter, and search with Ctrl-R', () => {
    expect(typed(['a\u001B\rb'])).toMatchObject({ keys: 'a↵b' })
    expect(typed(['a\u0012\u0012'])).toMatchObject({ keys: 'a', searches: 2 })
    expect(typed(['\u001B', '\u001B[A', '\u0003'])).toMatchObject({ keys: '\u001B\u001B[A\u0003' })
  })

  test('come in pieces of any size', () => {
    const key = fc.constantFrom('a', 'b', '\r', '\u0012', '\u001B[A', '\u0001', 'é')
    const session = fc.array(
      fc.oneof(key, fc.string({ unit: fc.constantFrom('x', '\n', ' ', '\u001B', '[', '2', '0') }).map(paste)),
    )
    fc.assert(
      fc.property(session, fc.array(fc.nat({ max: 80 })), (parts, cuts) => {
        const all = parts.join('')
        const places = [0, ...cuts.filter((at) => at < all.length).sort((a, b) => a - b), all.length]
        const pieces = places.map((at, index) => all.slice(at, places[index + 1]))
        expect(typed(pieces).message).toBe(typed([all]).message)
      }),
    )
  })
})

import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { closeNow, listen } from '../src/listen.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const day = 86_400_000

function run(argv: readonly string[], options: CliOptions = {}) {
  return runCli(argv, {
    ...options,
    env: { ...home.env, DELTAWIRE_MODEL: 'demo:text', ...options.env },
    cwd: home.path,
  })
}

/** A clock that stands at a day. */
function at(days: number): NonNullable<CliOptions['clock']> {
  return { now: () => 0, date: () => 1_785_542_400_000 + days * day, sleep: async () => {} }
}

const history = async (...argv: string[]) => (await run(['history', ...argv], { clock: at(10) })).stdout
const lines = async (...argv: string[]) => (await history(...argv)).split('\n').filter((line) => line !== '')
const titles = async () => (await lines('ls')).map((line) => line.slice(21))

async function twoTalks() {
  await run(['--title', 'Waves', 'What is a wave?'], { clock: at(1) })
  await run(['--title', 'Chunks', 'What is a chunk?'], { clock: at(9) })
}

describe('history', () => {
  test('lists conversations with their age and length', async () => {
    await twoTalks()
    expect((await history()).replaceAll(/^\w{8}/gm, 'ID')).toBe('ID    1d    2  Chunks\nID    9d    2  Waves\n')
    expect(await lines('ls', '--limit', '1')).toHaveLength(1)
    const [first = ''] = await lines('ls', '--json')
    expect(JSON.parse(first)).toMatchObject({ title: 'Chunks', messages: 2, updated: '2026-08-10T00:00:00.000Z' })
  })

  test('shows one, by its id, its title, or as the last', async () => {
    await twoTalks()
    const shown = await history('show', 'waves')
    expect(shown).toMatch(/^Waves\n\n--- user ---\nWhat is a wave\?\n\n--- assistant \(demo:text\) ---\nA chunk is/)
    const id = (await history('ls', '--limit', '1')).slice(0, 8)
    expect(await history('show', id)).toMatch(/^Chunks\n/)
    expect(await history('show')).toMatch(/^Chunks\n/)
    expect(await lines('show', '--json')).toHaveLength(2)
    expect(await history('show', '--all')).toMatch(/^\* 1 user: What is a chunk\?\n\* 2 assistant: /)
    expect(await run(['history', 'show', 'nothing'])).toMatchObject({ code: 2, stdout: '' })
    expect((await run(['history', 'show', 'zzz'])).stderr).toContain('there is no conversation "zzz"')
  })

  test('finds words, and says with the exit code whether there are any', async () => {
    await twoTalks()
    const found = await run(['history', 'search', 'WAVE'])
    expect(found).toMatchObject({ code: 0 })
    expect(found.stdout.replace(/^\w{8}/, 'ID')).toBe('ID  Waves  user: What is a wave?\n')
    // The word that was searched for is seen, however narrow the terminal.
    const narrow = (await run(['history', 'search', 'deltas are'], { isTTY: true, columns: 60 })).stdout.split('\n')
    expect(narrow[0]).toMatch(/^\w{8} {2}\w+ {2}assistant: ….*deltas/)
    expect(Math.max(...narrow.map(({ length }) => length))).toBeLessThanOrEqual(60)
    expect(await run(['history', 'search', 'needle'])).toMatchObject({ code: 1, stdout: '' })
    expect(await lines('search', '--json', '--limit', '1', 'chunk')).toHaveLength(1)
    expect((await run(['history', 'search'])).code).toBe(2)
  })

  test('copies, renames and forgets', async () => {
    await twoTalks()
    const copy = (await history('fork', 'Waves', '--at-message', '1', '--title', 'Copy')).trim()
    expect(await lines('show', '--json', copy)).toHaveLength(1)
    await history('rename', 'Copy', 'The sea')
    expect(await titles()).toEqual(['The sea', 'Chunks', 'Waves'])
    const refused = await run(['history', 'rm', 'Waves'])
    expect(refused).toMatchObject({
      code: 2,
      stderr: 'error: nobody is there to be asked\nhint: --yes does it without asking\n',
    })
    expect(await run(['history', 'rm', '--yes', 'Waves', 'The sea'])).toMatchObject({
      code: 0,
      stderr: 'note: forgotten: 2 conversations\n',
    })
    expect(await titles()).toEqual(['Chunks'])
  })

  test('forgets what is old', async () => {
    await twoTalks()
    expect(await lines('prune', '--older-than', '48h', '--dry-run')).toHaveLength(1)
    expect(await titles()).toHaveLength(2)
    await history('prune', '--older-than', '48h', '--yes')
    expect(await titles()).toEqual(['Chunks'])
    await history('prune', '--keep', '0', '--yes')
    expect(await titles()).toEqual([])
    expect((await run(['history', 'prune'])).code).toBe(2)
  })

  test('takes conversations from a pipe, and says when there are none', async () => {
    await twoTalks()
    const stdin = await history('export', '--all')
    const other = ['--data-dir', join(home.path, 'other')]
    expect((await run(['history', 'import', '-', ...other], { stdin })).stderr).toBe('note: added: 2 conversations\n')
    const [empty, letter] = [home.write('empty.jsonl', ''), home.write('letter.txt', 'Dear all,\n')]
    expect(await run(['history', 'import', empty, ...other])).toMatchObject({
      code: 0,
      stderr: 'note: added: 0 conversations\n',
    })
    expect(await run(['history', 'import', letter, ...other])).toMatchObject({
      code: 2,
      stderr: `error: there is no conversation in "${letter}"\nhint: deltawire history export --all makes such a file\n`,
    })
  })

  test('gives conversations away in every form, and takes them back', async () => {
    await twoTalks()
    expect(await history('export', 'Waves')).toMatch(
      /^# Waves\n\n## You\n\nWhat is a wave\?\n\n## demo:text\n\nA chunk/,
    )
    expect(JSON.parse(await history('export', '--format', 'json'))).toMatchObject({
      title: 'Chunks',
      messages: [{}, {}],
    })
    expect(
      (await lines('export', '--format', 'jsonl')).map((line) => (JSON.parse(line) as { role: string }).role),
    ).toEqual(['user', 'assistant'])
    expect(await history('export', '--format', 'html')).toContain('<pre>What is a chunk?</pre>')
    const all = home.write('all.jsonl', await history('export', '--all'))
    const other = ['--data-dir', join(home.path, 'other')]
    expect((await run(['history', 'import', all, ...other])).stderr).toBe('note: added: 2 conversations\n')
    await run(['history', 'import', all, ...other])
    const list = (await run(['history', ...other], { clock: at(10) })).stdout
    expect(
      list
        .trim()
        .split('\n')
        .map((line) => line.slice(21)),
    ).toEqual(['Chunks', 'Chunks', 'Waves', 'Waves'])
    expect(
      (await run(['history', 'show', '--json', list.slice(0, 8), ...other])).stdout.trim().split('\n'),
    ).toHaveLength(2)
  })

  test('takes over what the ancestor had kept', async () => {
    const hash = 'a'.repeat(64)
    const old = {
      [`default:${hash}`]: {
        lastMessageId: 'a1',
        u1: { id: 'u1', role: 'user', text: 'Hello', conversationId: 'c' },
        a1: {
          id: 'a1',
          role: 'assistant',
          text: 'Hi!',
          parentMessageId: 'u1',
          detail: { model: 'gpt-3.5-turbo', created: 1_680_000_000, choices: [{ finish_reason: 'stop' }] },
        },
      },
      // A dot in the name nests.
      a: { [`b:${hash}`]: { x: { id: 'x', role: 'assistant', text: 'round', parentMessageId: 'x' } } },
    }
    home.write('config/chatgpt-nodejs/config.json', JSON.stringify(old))
    if (process.platform === 'linux')
      expect((await run(['history', 'import', '--chatgpt'])).stderr).toBe('note: added: 2 conversations\n')
    const file = home.write('store.json', JSON.stringify(old))
    const other = ['--data-dir', join(home.path, 'other')]
    await run(['history', 'import', `--chatgpt=${file}`, ...other])
    const shown = await run(['history', 'show', 'default', ...other])
    expect(shown.stdout).toBe('default\n\n--- user ---\nHello\n\n--- assistant (gpt-3.5-turbo) ---\nHi!\n')
    expect((await run(['history', 'show', 'a.b', ...other])).stdout).toContain('round')
  })

  test('marks a count of tokens with ~ when some of them are estimated', async () => {
    const when = '2026-08-01T00:00:00.000Z'
    const answerOf = (id: string, usage: object) => {
      const message = { role: 'assistant', content: 'x' }
      const answer = { model: id[0], status: 'complete', finish_reason: 'stop', usage }
      return { type: 'message', id, thread: 't', parent: null, at: when, message, answer }
    }
    const records = [
      { type: 'thread', id: 't', title: 'T', at: when },
      answerOf('a1', { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8, estimated: true }),
      answerOf('a2', { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
      answerOf('b1', { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
    ]
    await history('import', home.write('all.jsonl', records.map((record) => JSON.stringify(record)).join('\n')))
    expect(await history('stats')).toBe(
      '1 conversation, 3 messages\na: 2 answers · ~4 in · ~6 out\nb: 1 answer · 1 in · 1 out\n',
    )
  })

  test('is exported to a terminal as text that it does not obey, with the line ends of any system', async () => {
    await run(['--title', 'Ends', 'one\r\ntwo\u001B[2J'], { clock: at(1) })
    const { stdout } = await run(['history', 'export', 'Ends'], { isTTY: true })
    expect(stdout).toContain('\none\ntwo␛[2J\n')
  })

  test('counts, and tells its place', async () => {
    await twoTalks()
    expect(await history('stats')).toBe('2 conversations, 4 messages\ndemo:text: 2 answers · 28 in · 84 out\n')
    expect(await history('path')).toBe(`${join(home.path, 'data', 'deltawire', 'history.jsonl')}\n`)
    expect(await runCli(['history'])).toMatchObject({
      code: 3,
      stderr: 'error: there is no history: the environment names no home\nhint: --data-dir names a folder for it\n',
    })
  })
})

describe('templates', () => {
  test('are made, shown, listed, changed and removed', async () => {
    expect((await run(['template'])).stdout).toContain('none yet')
    const source = '---\ndescription: makes it shorter\n---\nShorter: {{input}}\n'
    expect((await run(['template', 'new', 'short'], { stdin: source })).code).toBe(0)
    expect((await run(['template', 'ls'])).stdout).toBe('short  makes it shorter\n')
    expect((await run(['template', 'show', 'short'])).stdout).toBe(source)
    expect((await run(['template', 'new', 'short'], { stdin: source })).stderr).toContain(
      'there is a template "short" already',
    )
    expect((await run(['template', 'new', '../x'], { stdin: source })).code).toBe(2)
    expect((await run(['template', 'new', 'bad'], { stdin: '---\nwhat: ever\n---\n' })).stderr).toContain(
      'the template bad is wrong in line 2: "what: ever"',
    )
    if (process.platform !== 'win32') {
      const editor = home.write('editor.sh', '#!/bin/sh\necho more >> "$1"\n', 0o755)
      expect((await run(['template', 'edit', 'short'], { env: { EDITOR: editor } })).code).toBe(0)
      expect((await run(['template', 'show', 'short'])).stdout).toBe(`${source}more\n`)
    }
    expect((await run(['template', 'rm', 'short'])).code).toBe(2)
    expect((await run(['template', 'rm', '--yes', 'short'])).code).toBe(0)
    expect((await run(['template', 'show', 'short'])).code).toBe(2)
    expect((await run(['template', 'show'])).stdout).toContain('{{input}}')
  })
})

describe('models', () => {
  test('are those of the endpoint, with the aliases, by words', async () => {
    home.write('config/deltawire/config.json', '{"aliases": {"fast": "m-small"}}')
    const env = { OPENAI_BASE_URL: 'http://up.example/v1', OPENAI_API_KEY: 'sk-0123456789' }
    const urls: string[] = []
    const fetch: typeof globalThis.fetch = async (input) => {
      urls.push(new Request(input).url)
      return Response.json({ data: [{ id: 'm-small' }, { id: 'm-large' }, {}] })
    }
    expect((await run(['models'], { env, fetch })).stdout).toBe('m-large\nm-small\nfast → m-small\n')
    expect(urls).toEqual(['http://up.example/v1/models'])
    expect((await run(['models', 'LARGE'], { env, fetch })).stdout).toBe('m-large\n')
    expect(JSON.parse((await run(['models', 'small', '--json'], { env, fetch })).stdout)).toEqual([
      { id: 'm-small' },
      { id: 'fast', alias_of: 'm-small' },
    ])
    expect((await run(['models', 'none'], { env, fetch })).code).toBe(8)
    expect((await run(['models'])).stdout).toContain('demo:text\n')
    expect((await run(['models'], { env, fetch: async () => new Response('<html>') })).code).toBe(7)
    expect((await run(['models'], { env, fetch: async () => new Response('no', { status: 403 }) })).code).toBe(4)
  })

  test('are not asked for where a redirect leads: the key is not for that server', async () => {
    const seen: string[] = []
    const other = createServer((request, response) => {
      seen.push(String(request.headers['api-key']))
      response.end('{"data":[]}')
    })
    const { origin } = await listen(other, 0, '127.0.0.1')
    const server = createServer((_, response) => {
      response.writeHead(307, { location: `${origin}/models` })
      response.end()
    })
    const { origin: asked } = await listen(server, 0, '127.0.0.1')
    home.write(
      'config/deltawire/config.json',
      JSON.stringify({ profiles: { p: { baseUrl: `${asked}/v1`, keyHeader: 'api-key', keyEnv: 'KEY' } } }),
    )
    const { code, stderr } = await run(['models', '-p', 'p'], { env: { KEY: 'sk-0123456789' } })
    await Promise.all([server, other].map(closeNow))
    expect({ code, seen }).toEqual({ code: 4, seen: [] })
    expect(stderr).toContain(`a redirect to ${origin}/models, which is not followed`)
  })
})

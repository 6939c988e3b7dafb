import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { attacks } from './attacks.ts'
import { binary, createTerminals } from './in-terminal.ts'

if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')

let folder = ''
const env = () => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  DELTAWIRE_MODEL: 'demo:text',
  TERM: 'screen',
  LANG: 'C.UTF-8',
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltawire-terminal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Message {
  readonly message: { readonly role: string; readonly content: string }
  readonly answer?: { readonly status: string }
}

/** What the history holds, in the order in which it was written. */
function messages(): Message[] {
  const log = join(folder, '.local/share/deltawire/history.jsonl')
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"message"'))
    .map((line) => JSON.parse(line) as Message)
}

/** Starts deltawire without a terminal. */
async function deltawire(...argv: string[]) {
  const child = spawn(process.execPath, [binary, ...argv], {
    env: env(),
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

describe('the history of many processes', { timeout: 120_000 }, () => {
  test('loses nothing of eight that go on with one conversation at once', async () => {
    await deltawire('begin')
    const runs = await Promise.all(Array.from({ length: 8 }, (_, at) => deltawire('-c', `question ${at}`)))
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array.from({ length: 8 }, () => ({ code: 0, stderr: '' })),
    )
    const all = messages()
    expect(all).toHaveLength(18)
    expect(all.filter(({ message }) => message.role === 'assistant')).toHaveLength(9)
    for (let at = 0; at < 8; at++) expect(all.some(({ message }) => message.content === `question ${at}`)).toBe(true)
    expect((await deltawire('history', 'stats')).stdout).toContain('1 conversation, 18 messages')
  })

  test('is readable after a run was killed, and holds what had arrived', async () => {
    const server = spawn(process.execPath, [binary, 'mock', 'demo:text', '--tps', '5', '--print-env'], {
      env: env(),
      cwd: folder,
    })
    try {
      let output = ''
      for await (const piece of server.stdout) {
        output += String(piece)
        if (output.includes('\n')) break
      }
      const baseURL = /OPENAI_BASE_URL='([^']+)'/.exec(output)?.[1] ?? ''
      const child = spawn(process.execPath, [binary, 'tell', 'me'], {
        env: { ...env(), OPENAI_BASE_URL: baseURL },
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const drafts = join(folder, '.local/share/deltawire/drafts')
      for await (const _piece of child.stdout) if (existsSync(drafts) && readdirSync(drafts).length > 0) break
      child.kill('SIGKILL')
      await once(child, 'close')
    } finally {
      server.kill()
      await once(server, 'close')
    }
    const { code, stdout } = await deltawire('history', 'show')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /--- user ---\ntell me\n\n--- assistant \(demo:text, partial: the program was killed\) ---\nA\b/,
    )
    expect((await deltawire('-c', 'go on')).code).toBe(0)
  })
})

describeWithProgram('tmux', 'a chat in a terminal', (tmux) => {
  const terminals = createTerminals(tmux, () => folder)
  const { call, keys, seen, type } = terminals
  afterEach(() => terminals.close())

  /** Starts a command in a terminal of that size, which stays when the command has ended. */
  function open(command: string, columns = 80, rows = 30, more: Record<string, string> = {}) {
    const settings = Object.entries({ ...env(), TERM: 'tmux-256color', ...more }).map(
      ([name, value]) => `${name}='${value}'`,
    )
    const line = `env ${settings.join(' ')} '${process.execPath}' '${binary}' ${command}; echo "[exit $?]"; sleep 600`
    terminals.open(line, columns, rows)
  }

  const prompt = /\n> $|^> $|\n>$/

  test('answers, remembers, and leaves with Ctrl-D', { timeout: 120_000 }, async () => {
    open('chat')
    await seen(prompt)
    type('What is a chunk?')
    await seen(/itself a chunk\.[\s\S]*\n>/)
    type('/tree')
    await seen('* 2 assistant: A chunk')
    keys('C-d')
    await seen('[exit 0]')
    expect(messages().map(({ message }) => message.role)).toEqual(['user', 'assistant'])
    call('kill-server')
    open('chat -c')
    await seen('going on with What is a chunk?')
    // The arrow brings back what was typed in the session before.
    keys('Up')
    await seen('> /tree')
  })

  test('keeps a paste of several lines as one message', { timeout: 120_000 }, async () => {
    open('chat')
    await seen(prompt)
    writeFileSync(join(folder, 'paste.txt'), 'first line\nsecond line\n\tthird')
    call('load-buffer', join(folder, 'paste.txt'))
    call('paste-buffer', '-p')
    await seen('first line↵second line↵  third')
    keys('M-Enter')
    keys('-l', 'typed \\')
    keys('Enter')
    await seen(/\n…$/)
    type('end')
    await seen(/itself a chunk\.[\s\S]*\n>/)
    expect(messages()[0]?.message.content).toBe('first line\nsecond line\n  third\ntyped \nend')
  })

  test('stops with Ctrl-C, keeps what had arrived, and stays', { timeout: 120_000 }, async () => {
    open('chat')
    await seen(prompt)
    type('Tell me')
    await seen('A chunk is')
    keys('C-c')
    await seen('note: stopped; what had arrived is kept')
    expect(messages().at(-1)).toMatchObject({ answer: { status: 'partial' } })
    type('go on')
    await seen(/itself a chunk\.[\s\S]*\n>/)
    expect(messages()).toHaveLength(4)
    keys('-l', 'half a line')
    keys('C-c')
    await seen('^C')
    keys('C-c')
    await seen('(Ctrl-C again leaves)')
    keys('C-c')
    await seen('[exit 0]')
  })

  test('searches with Ctrl-R and completes with Tab', { timeout: 120_000 }, async () => {
    open('chat')
    await seen(prompt)
    type('/title alpha')
    type('/title beta')
    keys('-l', 'alp')
    keys('C-r')
    await seen('> /title alpha')
    keys('C-u')
    keys('-l', '/mod')
    keys('Tab')
    await seen(/> \/model$/)
    keys('-l', 'demo:rea')
    keys('Tab')
    await seen('> /model demo:reasoning')
    keys('Enter')
    type('Which?')
    expect(await seen('9.8 is larger than 9.11.')).toContain('> Which?')
  })

  test('keeps its lines in a narrow window, and its structure without colours', { timeout: 120_000 }, async () => {
    const content = '# Title\n\n- **one** two three four five six seven eight\n\n| a | b |\n|---|---|\n| c | d |\n'
    const answer = { choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] }
    writeFileSync(join(folder, 'doc.sse'), `data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`)
    open(`mock doc.sse -- '${process.execPath}' '${binary}' ask --no-store -m doc hi`, 30, 30, { NO_COLOR: '1' })
    const text = await seen('[exit 0]')
    expect(text).toContain('# Title\n\n• one two three four five six\n  seven eight\n\n')
    expect(text).toMatch(/^a +│ b\n─+┼─+\nc +│ d$/m)
  })

  test(
    'asks below what it asks about, and Ctrl-C leaves the question, and ends a tool that runs',
    { timeout: 120_000 },
    async () => {
      const tool = join(folder, 'weather')
      writeFileSync(
        tool,
        `#!/bin/sh\n[ "$1" = --schema ] && echo '{"name":"get_weather"}' || { echo $$ > '${folder}/runs'; exec sleep 600; }\n`,
        { mode: 0o755 },
      )
      open(`chat -m demo:tools --tool '${tool}'`, 120)
      await seen(prompt)
      type('weather?')
      const asked = await seen(/run get_weather\(.*\? \[y\/N\]$/)
      expect(
        asked
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.slice(0, 8)),
      ).toEqual(['note: de', '> weathe', 'note: th', 'note: th', 'run get_'])
      keys('C-c')
      await seen(/\^C\nnote: stopped[^\n]*\n>$/)
      type('weather?')
      await seen(/\? \[y\/N\]$/)
      type('y')
      await seen(/^\d+$/, () =>
        existsSync(join(folder, 'runs')) ? readFileSync(join(folder, 'runs'), 'utf8').trim() : '',
      )
      keys('C-c')
      await seen(/\[y\/N\] y\nnote: stopped[^\n]*\n>$/)
      const pid = Number(readFileSync(join(folder, 'runs'), 'utf8'))
      await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 30_000 }).toBe(false)
    },
  )

  test('is not driven by what a model writes', { timeout: 120_000 }, async () => {
    const content = `${Object.values(attacks).join('\n')}\nthe end`
    writeFileSync(
      join(folder, 'evil.sse'),
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
    )
    open(`mock evil.sse -- '${process.execPath}' '${binary}' ask --no-store -m evil hi`, 100, 60)
    // The screen was neither cleared nor swapped, and everything that was written stands on it.
    const text = await seen('[exit 0]')
    expect(text).toContain('the end')
    for (const shown of [
      '␛]52;c;',
      '␛]0;pwned',
      '␛[2J',
      '␛[?1049h',
      'rm -rf ~␍ls',
      '\\x9b2J',
      'evil␈␈␈␈good',
      '␛c',
      '␡␀',
    ])
      expect(text).toContain(shown)
    expect(call('display-message', '-p', '#{pane_title}')).not.toContain('pwned')
    expect(call('list-buffers')).toBe('')
  })
})

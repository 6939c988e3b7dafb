import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { attacks } from './attacks.ts'
import { binary, createTerminals } from './in-terminal.ts'

const count = 40
/** After so many chunks both answers say nothing any more. */
const stallsAfter = 30

describeWithProgram('tmux', 'compare in a terminal', (tmux) => {
  const folder = mkdtempSync(join(tmpdir(), 'deltawire-compare-'))
  const terminals = createTerminals(tmux, () => folder)
  const { call, seen, state } = terminals

  beforeAll(() => {
    if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
    for (const name of ['alpha', 'beta']) {
      record(
        name,
        Array.from({ length: count }, (_, at) => `${name} ${at + 1} 世界.\n`),
      )
    }
    // The shell tells the process that it becomes.
    writeFileSync(join(folder, 'run'), `echo $$ >pid; exec '${process.execPath}' '${binary}' "$@"\n`)
    record('evil', [`${Object.values(attacks).join('\n')}\nthe end`])
  })
  afterEach(() => terminals.close())
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What the mock server answers under that name. */
  function record(name: string, pieces: readonly string[]): void {
    const event = (delta: object, finish_reason: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`
    const events = [...pieces.map((content) => event({ content })), event({}, 'stop'), 'data: [DONE]\n\n']
    writeFileSync(join(folder, `${name}.sse`), events.join(''))
  }

  /** Compares two answers of a mock server, in a terminal of that size. */
  function open(models: readonly [string, string], mockFlags: string, columns: number, rows: number): void {
    const asked = `sh run compare ${models.map((model) => `-m ${model}`).join(' ')} hi`
    const sources = models.map((model) => `${model}.sse`).join(' ')
    const served = `'${process.execPath}' '${binary}' mock ${sources} ${mockFlags} -- ${asked}`
    // The shell stays when Ctrl-C reaches it, too.
    const line = `trap : INT; export TERM=tmux-256color; echo before; ${served}; echo "[exit $?]"; sleep 600`
    terminals.open(line, columns, rows)
  }

  const everything = () => call('capture-pane', '-p', '-S', '-').trimEnd()
  const shell = 'cursor 1, alternate 0'

  const stall = `--fault stall@chunk:${stallsAfter}`

  test('draws the last lines beside each other, follows the window, and keeps the partials with Ctrl-C', async () => {
    open(['alpha', 'beta'], stall, 80, 12)
    const last = (width: number) => new RegExp(`^alpha ${stallsAfter - 1} 世界\\. {${width - 14}} │ beta `, 'm')
    const text = await seen(last(38))
    expect(text).toMatch(
      /^alpha +│ beta\nanswering · ttft .* │ answering · ttft .*\n─{38} │ ─{38}\nalpha \d+ 世界\. +│ beta/,
    )
    expect(text).not.toContain('before')
    expect(state()).toBe('cursor 0, alternate 1')

    call('resize-window', '-x', '120', '-y', '20')
    await seen(/^─{58} │ ─{58}$/m)
    expect(await seen(last(58))).toMatch(/^alpha 15 /m)

    // No room beside each other: one above the other.
    call('resize-window', '-x', '40', '-y', '12')
    expect(await seen(/^beta 29 世界\.$/m)).toMatch(
      /^alpha\nanswering · .*\n─{40}\n(?:alpha \d+ 世界\.\n){3}beta\nanswering · .*\n─{40}\n(?:beta \d+ 世界\.\n?){3}$/,
    )

    call('resize-window', '-x', '80', '-y', '12')
    await seen(last(38))
    call('send-keys', 'C-c')
    await seen(/\[exit 130\]/)
    expect(state()).toBe(shell)
    const log = everything()
    for (let at = 1; at < stallsAfter; at++)
      expect(log.match(new RegExp(`^alpha ${at} .*│ beta ${at} `, 'gm'))).toHaveLength(1)
    expect(log).toMatch(/^before\nalpha +│ beta\n─{38} │ ─{38}\nalpha 1 /m)
    expect(log).toMatch(/^stopped by Ctrl-C · .* │ stopped by Ctrl-C · /m)
  })

  test('leaves the whole answers in what can be scrolled back to, and the cursor', async () => {
    open(['alpha', 'beta'], '--tps 100', 120, 10)
    await seen(/\[exit 0\]/)
    const log = everything()
    for (let at = 1; at <= count; at++)
      expect(log.match(new RegExp(`^alpha ${at} .*│ beta ${at} `, 'gm'))).toHaveLength(1)
    expect(log).toMatch(/^before\nalpha +│ beta\n─{58} │ ─{58}\n/)
    expect(state()).toBe(shell)
  })

  test('gives the screen back when it is told to end', async () => {
    open(['alpha', 'beta'], stall, 80, 12)
    await seen(/^alpha 29 /m)
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM')
    expect(await seen(/\[exit 143\]/)).toMatch(/^stopped by SIGTERM/m)
    expect(state()).toBe(shell)
  })

  test('prints one after the other in a narrow window', async () => {
    open(['alpha', 'beta'], '', 40, 100)
    const narrow = await seen(/\[exit 0\]/)
    expect(narrow).toMatch(
      /^before\n--- alpha ---\nalpha 1 世界\.\n[\s\S]*\nalpha 40 世界\.\n\([\s\S]*\)\n\n--- beta ---\nbeta 1 /,
    )
  })

  test('is not driven by what a model writes', async () => {
    open(['evil', 'beta'], stall, 120, 60)
    const live = await seen(/^the end[^\n]*│/m)
    expect(live).toMatch(/^evil +│ beta\n/)
    for (const shown of ['␛]52;c;', '␛]0;pwned', '␛[2J', '␛[?1049h', '\\x9b2J', 'evil␈␈␈␈good', '␛c', '␡␀'])
      expect(live).toContain(shown)
    expect(state()).toBe('cursor 0, alternate 1')
    expect(call('display-message', '-p', '#{pane_title}')).not.toContain('pwned')
    expect(call('list-buffers')).toBe('')
  })
})

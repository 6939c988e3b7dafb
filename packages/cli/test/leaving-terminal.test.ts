import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { binary, createTerminals } from './in-terminal.ts'

const shell = 'cursor 1, alternate 0'
const ownScreen = 'cursor 0, alternate 1'

interface Program {
  readonly command: string
  readonly state: string
  /** What stands on the screen while it runs. */
  readonly shows: RegExp
  /** How the terminal reads its keys meanwhile. */
  readonly reads: 'characters' | 'lines'
  /** Ends it. */
  readonly leave: string
}

const programs: Record<string, Program> = {
  'view --interactive': {
    command: 'sh run view -i demo:tools',
    state: ownScreen,
    shows: /^demo:tools · 1 of 12\n> /,
    reads: 'characters',
    leave: 'q',
  },
  compare: {
    command: 'sh run compare -m a -m b hi',
    state: ownScreen,
    shows: /^a +│ b\nanswering · /,
    reads: 'lines',
    leave: 'C-c',
  },
  chat: {
    command: 'sh run chat -m demo:text --no-store',
    state: shell,
    shows: /\n>$/,
    reads: 'characters',
    leave: 'C-d',
  },
}

vi.setConfig({ testTimeout: 120_000 })

describeWithProgram('tmux', 'a terminal', (tmux) => {
  const folder = mkdtempSync(join(tmpdir(), 'deltawire-leaving-'))
  const terminals = createTerminals(tmux, () => folder)
  const { call, keys, open, screen, seen, state, type } = terminals

  let server: ChildProcess

  beforeAll(async () => {
    if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
    writeFileSync(join(folder, 'faulty.mjs'), `process.on('SIGUSR2', () => { throw new Error('a fault of ours') })\n`)
    const flags = ['mock', 'demo:text', '--fault', 'stall@chunk:3', '--print-env', '--quiet']
    server = spawn(process.execPath, [binary, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [environment] = (await once(server.stdout ?? server, 'data')) as [Buffer]
    // The shell tells the process that it becomes.
    const node = `'${process.execPath}' --import '${join(folder, 'faulty.mjs')}'`
    writeFileSync(join(folder, 'run'), `${String(environment)}echo $$ >pid; exec ${node} '${binary}' "$@"\n`)
  })
  afterEach(() => terminals.close())
  afterAll(async () => {
    server.kill()
    await once(server, 'close')
    rmSync(folder, { recursive: true, force: true })
  })

  /** A shell that knows jobs. */
  async function openShell(): Promise<void> {
    open(`PS1='$ ' ENV= exec sh -i`)
    await seen(/\$$/)
  }

  /** Waits until the terminal gives what is typed so. */
  async function readsBy(unit: Program['reads']): Promise<void> {
    const tty = call('display-message', '-p', '#{pane_tty}').trim()
    const settings = () => execFileSync('sh', ['-c', `stty -a <'${tty}'`], { encoding: 'utf8' })
    await seen(unit === 'lines' ? /[ ;]icanon/ : /-icanon/, settings)
  }

  describe.each(Object.entries(programs))('after %s', (_, program) => {
    test('is the one of the shell when it is stopped by Ctrl-Z, and its own again after fg', async () => {
      await openShell()
      type(program.command)
      for (let times = 0; times < 2; times++) {
        await seen(program.shows)
        await terminals.is(program.state)
        await readsBy(program.reads)
        keys('C-z')
        await seen(/Stopped[^\n]*\n(?:[^\n]*\n)*\$$/)
        expect(state()).toBe(shell)
        await readsBy('lines')
        type('fg')
      }
      await seen(program.shows)
      await terminals.is(program.state)
      keys(program.leave)
      await seen(/\n\$$/)
      expect(state()).toBe(shell)
    })

    test.each([
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGQUIT', 131],
      // Thrown where nobody catches it.
      ['SIGUSR2', 1],
    ] as const)('is the one of the shell when it is ended by %s', async (signal, code) => {
      open(`trap : INT; ${program.command}; echo "[exit $?]"; sleep 600`)
      await seen(program.shows)
      await terminals.is(program.state)
      process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), signal)
      await seen(new RegExp(`\\[exit ${code}\\]`))
      expect(state()).toBe(shell)
      await readsBy('lines')
      if (signal === 'SIGUSR2') expect(screen()).toContain('a fault of ours')
    })
  })
})

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJsonWithComments } from '../src/config/json-with-comments.ts'
import { userConfig } from '../src/config/config-schema.ts'

const page = readFileSync(new URL('../../../docs/chat.md', import.meta.url), 'utf8')
const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'deltawire-docs-'))
const bin = join(folder, 'bin')
const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: folder, LANG: 'C.UTF-8' }

beforeAll(() => {
  if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
  mkdirSync(bin)
  writeFileSync(join(bin, 'deltawire'), `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`, { mode: 0o755 })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The blocks of the page in that language. */
function blocks(language: string): string[] {
  const fences = page.matchAll(/^(`{3,})(\w+)\n([\s\S]*?)^\1$/gm)
  return [...fences].flatMap(([, , of, text = '']) => (of === language ? [text] : []))
}

/** `…` stands for what differs from run to run. */
function pattern(expected: string): RegExp {
  const parts = expected.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('[^\\n]*')}$`)
}

interface Step {
  readonly command: string
  readonly output: string
}

/** What is typed behind `$ `, each with what follows it. */
function stepsOf(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n')
      return { command, output: output.join('\n') }
    })
}

describe.skipIf(process.platform === 'win32')('the guide to chatting', { timeout: 120_000 }, () => {
  const steps = blocks('console').flatMap(stepsOf)
  // What is exported counts for everything beneath.
  let exports = ''

  test('has transcripts', () => expect(steps.length).toBeGreaterThan(25))

  test.each(steps)('shows what happens: $command', async ({ command, output }) => {
    if (command.startsWith('export ')) {
      exports += `${command}; `
      expect(output).toBe('')
      return
    }
    const child = spawn('/bin/sh', ['-c', exports + command], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    await once(child, 'close')
    const all = stdout + (stdout === '' || stdout.endsWith('\n') ? '' : '\n') + stderr
    expect(all.trimEnd()).toMatch(pattern(output.trimEnd()))
  })

  test('shows a configuration that is one', () => {
    for (const block of blocks('jsonc'))
      expect(userConfig.safeParse(parseJsonWithComments(block).value).success).toBe(true)
  })
})

describeWithProgram('tmux', 'the guide to chatting', (tmux) => {
  const home = join(folder, 'terminal')
  const call = (...argv: string[]) =>
    execFileSync(tmux, ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...argv], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, SHELL: '/bin/sh' },
    })
  const screen = () => call('capture-pane', '-p').trimEnd()

  test.each(blocks('terminal').flatMap(stepsOf))(
    'shows the screen of $command',
    { timeout: 120_000 },
    async ({ command, output }) => {
      mkdirSync(home)
      const settings = `HOME='${home}' DELTAWIRE_MODEL=demo:text PATH='${env.PATH}' TERM=tmux-256color NO_COLOR=1`
      call('new-session', '-d', '-x', '80', '-y', '50', `cd '${home}'; env ${settings} ${command}; sleep 600`)
      try {
        const typed = output.split('\n').filter((line) => line.startsWith('> '))
        for (const [at, line] of typed.entries()) {
          await waitFor(
            () =>
              (screen().match(/^>$/gm)?.length ?? 0) === 1 &&
              screen().endsWith('\n>') &&
              (screen().match(/^> /gm)?.length ?? 0) === at,
          )
          call('send-keys', '-l', line.slice(2))
          call('send-keys', 'Enter')
        }
        await waitFor(() => screen().endsWith('\n>') && (screen().match(/^> /gm)?.length ?? 0) === typed.length)
        expect(screen()).toBe(output.trimEnd())
      } finally {
        call('kill-server')
      }
    },
  )

  async function waitFor(isSo: () => boolean) {
    for (let tries = 0; tries < 600 && !isSo(); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    if (!isSo()) throw new Error(`the screen is\n${screen()}`)
  }
})

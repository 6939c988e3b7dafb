import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** What bash offers behind a line. */
function offered(script: string, ...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ')
  const program = `source '${script}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _deltawire; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8', cwd: folder }).trimEnd().split('\n')
}

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])('of %s knows every command and every flag', async (shell) => {
    const { code, stdout } = await runCli(['completion', shell])
    expect(code).toBe(0)
    for (const { name, flags } of commands) {
      for (const word of name.split(' ')) expect(stdout).toContain(word)
      for (const flag of Object.keys(flags))
        if (flag.length > 1) expect(stdout).toContain(shell === 'fish' ? `-l ${flag}` : `--${flag}`)
    }
  })

  test.skipIf(!has('bash'))('works in bash', async () => {
    const script = join(folder, 'deltawire.bash')
    writeFileSync(script, (await runCli(['completion', 'bash'])).stdout)
    writeFileSync(join(folder, 'merged.sse'), '')
    expect(offered(script, 'deltawire', 'mer')).toEqual(['merge'])
    expect(offered(script, 'deltawire', 'merge', '--tool')).toEqual(['--tool-calls'])
    expect(offered(script, 'deltawire', 'merge', 'mer')).toEqual(['merged.sse'])
    expect(offered(script, 'deltawire', '-q', 'convert', '--to', 'js')).toEqual(['jsonl'])
    expect(offered(script, 'deltawire', 'completion', 'z')).toEqual(['zsh'])
    expect(offered(script, 'deltawire', 'help', 'spl')).toEqual(['split'])
    // A colon is a word of its own to bash: what stands before it is not offered again.
    expect(offered(script, 'deltawire', 'merge', 'demo', ':', 'to')).toEqual(
      ['tools', 'tour'].toSorted().filter((word) => word.startsWith('to')),
    )
  })

  test.each([
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const)('is a script that %s can read, where it is installed', async (shell, argv) => {
    if (!has(shell)) {
      // Not on every machine; the test above looks at what is in it.
      expect((await runCli(['completion', shell])).stdout).not.toBe('')
      return
    }
    const script = join(folder, `deltawire.${shell}`)
    writeFileSync(script, (await runCli(['completion', shell])).stdout)
    expect(spawnSync(shell, [...argv, script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  test('asks for a shell that it knows', async () => {
    expect((await runCli(['completion'])).code).toBe(2)
    expect((await runCli(['completion', 'tcsh'])).stderr).toContain('the shells are bash, zsh, fish, powershell')
  })
})

describe('the reference', () => {
  test('in docs/cli.md is the one of the table', async () => {
    const { stdout } = await runCli(['help', '--markdown'])
    const written = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    // To make it anew: node packages/cli/dist/main.js help --markdown > docs/cli.md
    expect(written).toBe(stdout)
  })

  test('as a page for man has every command and every flag', async () => {
    const { stdout } = await runCli(['help', '--man'])
    const text = stdout.replaceAll(String.raw`\-`, '-')
    for (const { name, flags } of commands) {
      expect(text).toContain(`.SS deltawire ${name}`)
      for (const flag of Object.keys(flags)) expect(text).toContain(`-${flag}`)
    }
    expect((await runCli(['help', 'merge', '--man'])).stdout).toContain('.TH DELTAWIRE-MERGE 1')
  })

  test.skipIf(!has('groff'))('as a page for man can be set', async () => {
    for (const argv of [['help', '--man'], ...commands.map(({ name }) => ['help', ...name.split(' '), '--man'])]) {
      const { stdout } = await runCli(argv)
      const set = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-K', 'utf8'], { input: stdout, encoding: 'utf8' })
      expect({ argv, status: set.status, stderr: set.stderr }).toEqual({ argv, status: 0, stderr: '' })
    }
  })
})

describe.skipIf(process.platform === 'win32')('a program deltawire-NAME', () => {
  const path = join(folder, 'deltawire-hello')
  writeFileSync(path, '#!/bin/sh\nexit $(( $# + 40 ))\n')
  chmodSync(path, 0o755)
  const env = { PATH: `${folder}:${process.env['PATH']}` }

  test('is a command, and gets the arguments as they are', async () => {
    expect((await runCli(['hello', '--any', 'thing'], { env })).code).toBe(42)
  })

  test('never stands in for a command of ours, nor for a word that can be no name', async () => {
    const own = join(folder, 'deltawire-merge')
    writeFileSync(own, '#!/bin/sh\nexit 77\n')
    chmodSync(own, 0o755)
    expect((await runCli(['merge', 'demo:text'], { env })).code).toBe(0)
    expect((await runCli(['../hello'], { env })).code).toBe(3)
    expect((await runCli(['ask', 'hello'], { env })).code).toBe(3)
    expect((await runCli(['hello'], { env: { PATH: '' } })).code).toBe(3)
  })
})

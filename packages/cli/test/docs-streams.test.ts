import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { blocksOf, patternOf, stepsOf } from './transcript.ts'

const page = readFileSync(new URL('../../../docs/streams.md', import.meta.url), 'utf8')
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'deltawire-streams-'))

beforeAll(() => {
  if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
  mkdirSync(join(folder, 'bin'))
  const script = `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`
  writeFileSync(join(folder, 'bin', 'deltawire'), script, { mode: 0o755 })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function shown(command: string): Promise<string> {
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder, LANG: 'C.UTF-8' }
  const child = spawn('/bin/sh', ['-c', command], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  await once(child, 'close')
  return (stdout + (stdout === '' || stdout.endsWith('\n') ? '' : '\n') + stderr).trimEnd()
}

describe.skipIf(process.platform === 'win32')('the guide to streams', { timeout: 120_000 }, () => {
  const steps = blocksOf(page, 'console').flatMap(stepsOf)

  test('has transcripts', () => expect(steps.length).toBeGreaterThan(20))

  // One builds on the files of another: they run in their order.
  test.each(steps)('shows what happens: $command', async ({ command, output }) => {
    expect(await shown(command)).toMatch(patternOf(output))
  })
})

describe('the pages about the command line', () => {
  test('call only commands and flags that there are', () => {
    const lines = [...blocksOf(page, 'sh'), ...blocksOf(readme, 'sh'), ...blocksOf(page, 'console')].join('\n')
    const names = new Set(commands.map(({ name }) => name))
    for (const [, call = ''] of lines.matchAll(/\bdeltawire ([^|#\n]*)/g)) {
      const words = call.split(/\s+/)
      const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find((one) => names.has(one)) ?? 'ask'
      const entry = commands.find((one) => one.name === name)
      const flags = (call.split(' -- ')[0] ?? '').match(/(?<=\s)--[a-z][a-z-]*/g) ?? []
      for (const flag of flags)
        expect({ call, flag: Object.keys(entry?.flags ?? {}) }).toMatchObject({
          flag: expect.arrayContaining([flag.slice(2)]) as unknown,
        })
    }
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { runForText } from '../src/keys/run-for-text.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const env = { PATH: process.env['PATH'] ?? '' }
const { signal } = new AbortController()
const source = fileURLToPath(new URL('../src/keys/run-for-text.ts', import.meta.url))

describe.skipIf(process.platform === 'win32')('a program that is asked for a text', () => {
  test('gives what it prints', async () => {
    expect(await runForText(['cat'], { env, signal, input: 'hi' })).toBe('hi')
  })

  test.each([
    [['/no/such/program'], 'not found'],
    [['/'], 'EACCES'],
    [['/bin/sh', '-c', 'exit 3'], 'exit code 3'],
  ])('that fails (%j) is said to, and nothing waits for it any more', { timeout: 30_000 }, async (argv, reason) => {
    const name = home.write('run.mjs', '')
    await build({
      stdin: {
        contents: `import { runForText } from ${JSON.stringify(source)}
          const options = { env: process.env, signal: new AbortController().signal, input: '' }
          runForText(${JSON.stringify(argv)}, options).catch((error) => console.log(error.message))`,
        resolveDir: home.path,
      },
      outfile: name,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    })
    const child = spawn(process.execPath, [name], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 })
    let said = ''
    child.stdout.on('data', (text: Buffer) => (said += text.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining(reason) as unknown })
  })

  test('is not waited for longer than it may take, also not for what it has started', async () => {
    // The shell ends, and what it has started goes on and keeps its output open.
    const started = home.write('started', '')
    const argv = ['/bin/sh', '-c', `sleep 60 & echo $! > '${started}'; wait`]
    const late = runForText(argv, { env, signal, timeoutMs: 1000 })
    await expect(late).rejects.toThrow('cannot run "/bin/sh": it did not end in time')
    process.kill(Number(readFileSync(started, 'utf8')))
  })

  test('is ended when it never stops printing', async () => {
    const endless = runForText(['yes'], { env, signal, input: '', maxLength: 100_000 })
    await expect(endless).rejects.toThrow('cannot run "yes": it prints more than 100000 characters')
  })
})

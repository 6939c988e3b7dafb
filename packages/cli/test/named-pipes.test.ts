import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { demoBytes } from '../src/source/demo.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
let pipe = ''

describe.skipIf(process.platform === 'win32')('a named pipe', () => {
  beforeEach(() => {
    pipe = join(home.path, 'pipe')
    execFileSync('mkfifo', [pipe])
  })

  test.each([
    ['merge', ['merge', '--text']],
    ['tail', ['tail']],
  ])('is read to its end by %s, whenever somebody writes into it', async (_, argv) => {
    const reading = runCli([...argv, pipe], { cwd: home.path })
    await writeFile(pipe, demoBytes('utf8'))
    const { code, stdout } = await reading
    expect({ code, stdout }).toEqual({ code: 0, stdout: (await runCli(['merge', 'demo:utf8', '--text'])).stdout })
  })

  test.each([
    ['merge', ['merge']],
    ['tail', ['tail']],
    ['view', ['view']],
    ['-f', ['ask', '-m', 'demo:text', 'hi', '-f']],
    ['--request', ['record', '-m', 'm', '--request']],
  ])('that nobody writes into is left at Ctrl-C by %s', async (_, argv) => {
    const stop = new AbortController()
    const env = { ...home.env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k' }
    const reading = runCli([...argv, pipe], { cwd: home.path, env, signal: stop.signal })
    // Not before it waits for the pipe.
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort(new Interrupted('SIGINT'))
    expect((await reading).code).toBe(130)
  })
})

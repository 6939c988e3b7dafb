import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { demoBytes } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli, type CliOptions } from './run-cli.ts'

/** Runs `mock` until it has said where it listens, does something with it, and ends it with Ctrl-C. */
async function served(
  argv: readonly string[],
  use: (environment: Record<string, string>) => Promise<void>,
  options: CliOptions = {},
) {
  const interrupt = new AbortController()
  let failure: Error | undefined
  const result = await runCli(['mock', '--print-env', ...argv], {
    ...options,
    signal: interrupt.signal,
    onStdout(text) {
      const settings = [...text.matchAll(/(\w+)='([^']*)'/g)].map(([, name = '', value = '']) => [name, value])
      void use(Object.fromEntries(settings) as Record<string, string>)
        .catch((error: Error) => (failure = error))
        .finally(() => interrupt.abort(new Interrupted('SIGINT')))
    },
  })
  if (failure !== undefined) throw failure
  return result
}

describe('mock', () => {
  test('prints the environment that leads clients to it, logs on stderr, and ends well with Ctrl-C', async () => {
    const { code, stdout, stderr } = await served(['demo:reasoning'], async (env) => {
      expect(await runCli(['ask', 'Hello'], { env })).toMatchObject({ code: 0, stdout: '9.8 is larger than 9.11.' })
      expect((await fetch(`${env['OPENAI_BASE_URL']}/nothing`)).status).toBe(404)
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^export OPENAI_BASE_URL='http:\/\/127\.0\.0\.1:\d+\/v1' OPENAI_API_KEY='mock' DELTAWIRE_MODEL='demo:reasoning'\n$/,
    )
    expect(stderr).toMatch(
      /^note: listening on http:\/\/127\.0\.0\.1:\d+\/v1 \(Ctrl-C ends\)\nPOST \/v1\/chat\/completions 200 demo:reasoning, \d+ events\nGET \/v1\/nothing 404\n$/,
    )
  })

  test('asks for the key that it is given', async () => {
    await served(['--key', 'secret'], async (env) => {
      expect((await runCli(['ask', 'Hello'], { env })).code).toBe(0)
      expect((await runCli(['ask', 'Hello'], { env: { ...env, OPENAI_API_KEY: 'other' } })).code).toBe(4)
    })
  })

  test('serves standard input when it is named', async () => {
    await served(
      ['-'],
      async (env) => {
        expect(env['DELTAWIRE_MODEL']).toBe('stdin')
        expect((await runCli(['ask', 'Hello'], { env })).stdout).toBe('9.8 is larger than 9.11.')
      },
      { stdin: [demoBytes('reasoning')] },
    )
  })

  test('sends at the pace it is told', async () => {
    const clock = createFakeClock()
    await served(
      ['--ttft', '300ms', '--tps', '50', '--speed', '2'],
      async (env) => {
        await runCli(['ask', 'Hello'], { env })
      },
      { clock },
    )
    expect(clock.sleeps.slice(0, 3)).toEqual([150, 10, 10])
  })

  test('says that its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const { code, stdout, stderr } = await runCli(['mock', '--port', String(port)])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe(`error: cannot listen on 127.0.0.1:${port}: it is in use\nhint: --port 0 takes a free port\n`)
    await new Promise((resolve) => other.close(resolve))
  })

  test('refuses to serve what is no chat completion', async () => {
    const { code, stderr } = await runCli(['mock', '-'], { stdin: '<html>' })
    expect(code).toBe(2)
    expect(stderr).toContain('error: there is no chat completion in "-"')
  })
})

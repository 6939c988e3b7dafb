import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { systemClock } from '../src/clock.ts'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'
import { runCli, type CliOptions } from './run-cli.ts'

let server: MockServer
let env: Record<string, string>
beforeAll(async () => {
  server = await createMockServer({ apiKey: 'sk-right' })
  env = { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'sk-right', DELTAWIRE_MODEL: 'demo:text' }
})
afterAll(() => server.close())

/** Asks the mock, with something going wrong. */
function ask(faults: string, argv: readonly string[] = [], options: CliOptions = {}) {
  const header = faults === '' ? [] : ['--header', `x-mock-fault: ${faults}`]
  return runCli(['ask', '--no-store', '--retries', '0', ...header, ...argv, 'Hello'], {
    env,
    clock: systemClock,
    ...options,
  })
}

/** A server that takes a request, and that is all. */
const never: typeof fetch = (_, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
  })

/** A server that begins an answer and never says anything. */
const silent: typeof fetch = async (_, init) =>
  new Response(
    new ReadableStream({
      start: (controller) =>
        init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason as Error)),
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )

const whole = /^A chunk is a small piece .* itself a chunk\.$/
const beginning = /^A chunk/

describe('the exit code tells the truth', { timeout: 60_000 }, () => {
  test.each<[code: number, what: string, call: () => ReturnType<typeof ask>, stdout: RegExp]>([
    [0, 'a complete answer', () => ask(''), whole],
    [0, 'tool calls', () => ask('', ['-m', 'demo:tools']), /^$/],
    [0, 'an answer without a finish reason, but with [DONE]', () => ask('no-finish'), whole],
    [0, 'an answer with a finish reason, but without [DONE]', () => ask('no-done'), whole],
    [0, 'an answer in odd packing', () => ask('crlf, bom, split@char'), whole],
    [0, 'an answer that is compressed', () => ask('gzip'), whole],
    [2, 'a flag that there is not', () => ask('', ['--nonsense']), /^$/],
    [2, 'a value that is none', () => ask('', ['--timeout', 'abc']), /^$/],
    [3, 'no endpoint', () => ask('', [], { env: {} }), /^$/],
    [4, 'a wrong key', () => ask('', [], { env: { ...env, OPENAI_API_KEY: 'sk-wrong' } }), /^$/],
    [4, 'a request that is refused', () => ask('status:400'), /^$/],
    [4, 'a model that is not there', () => ask('status:404'), /^$/],
    [5, 'too many requests', () => ask('status:429:retry-after=0'), /^$/],
    [5, 'a server that is overloaded', () => ask('status:503'), /^$/],
    [
      6,
      'a server that is not there',
      () => ask('', [], { env: { ...env, OPENAI_BASE_URL: 'http://127.0.0.1:59999/v1' } }),
      /^$/,
    ],
    [7, 'a stream that ends before its end', () => ask('no-done, no-finish'), whole],
    [7, 'a connection that breaks', () => ask('cut@chunk:4'), beginning],
    [7, 'a connection that breaks inside of a chunk', () => ask('cut@1000b'), beginning],
    [7, 'a connection that is reset', () => ask('close-rst@chunk:4'), beginning],
    [7, 'an error in the stream', () => ask('error@chunk:4:overloaded_error'), beginning],
    [7, 'a silent server', () => ask('stall@chunk:4', ['--idle-timeout', '50ms']), beginning],
    [7, 'a server that says nothing at all', () => ask('', ['--first-timeout', '50ms'], { fetch: silent }), /^$/],
    [6, 'a server that does not answer', () => ask('', ['--connect-timeout', '50ms'], { fetch: never }), /^$/],
    [8, 'a refusal', () => ask('', ['-m', 'demo:refusal']), /^I'm sorry/],
    [10, 'an answer that takes too long', () => ask('stall@chunk:4', ['--timeout', '300ms']), beginning],
  ])('%i for %s', async (code, _, call, stdout) => {
    const result = await call()
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code })
    expect(result.stdout).toMatch(stdout)
    expect(result.stdout + result.stderr).not.toMatch(/sk-right|sk-wrong/)
  })

  test.each([
    [130, 'SIGINT'],
    [143, 'SIGTERM'],
    [129, 'SIGHUP'],
  ] as const)('%i for %s, and what had arrived is printed', async (code, signal) => {
    const interrupt = new AbortController()
    const result = await ask('stall@chunk:6', [], {
      signal: interrupt.signal,
      onStdout: (text) => {
        if (text.includes('a')) interrupt.abort(new Interrupted(signal))
      },
    })
    expect(result.code).toBe(code)
    expect(result.stdout).toMatch(beginning)
  })

  test('0 for a reader that leaves', async () => {
    expect((await ask('', [], { closesAfter: 1 })).code).toBe(0)
  })
})

import { describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { waitFlags } from '../src/endpoint.ts'
import { exitCode } from '../src/exit-code.ts'
import { asking } from './asking.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'
import { serving } from './serving.ts'
import { answering, choice, saying } from './upstream.ts'

type Wait = keyof typeof waitFlags
const waits = Object.keys(waitFlags) as Wait[]

/** A server that takes a request, and that is all. */
const never: typeof fetch = (_, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
  })

/** A server that begins an answer with this, and then says nothing more. */
const saysOnly =
  (text: string): typeof fetch =>
  async (_, init) =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          if (text !== '') controller.enqueue(new TextEncoder().encode(text))
          init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason as Error))
        },
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    )
const half = saysOnly(`data: ${JSON.stringify({ id: 'a', model: 'm', ...choice({ content: 'half' }) })}\n\n`)

/** What a server does that one of the flags does not wait for, and the exit code for it. */
const rules: { readonly [W in Wait]: readonly [server: typeof fetch, code: number] } = {
  'connect-timeout': [never, exitCode.network],
  'first-timeout': [saysOnly(''), exitCode.broken],
  'idle-timeout': [half, exitCode.broken],
  timeout: [half, exitCode.totalTimeout],
}

interface Given {
  readonly flags: readonly string[]
  readonly fetch: typeof fetch
}

const env = { OPENAI_BASE_URL: 'http://up.example/v1', OPENAI_API_KEY: 'sk-0123456789', DELTAWIRE_MODEL: 'm' }

/** What may follow the end of an answer is waited for by a clock that jumps; the times of the flags are real. */
async function run(argv: readonly string[], { flags, fetch }: Given) {
  const options = { env, fetch, stdin: 'Hi\n', clock: createFakeClock() }
  const { code, stdout, stderr } = await runCli([...argv, ...flags], options)
  return { code, said: stdout + stderr }
}

/** What the page of a playground is told; a server itself goes on. */
async function askPlayground({ flags, fetch: upstream }: Given) {
  let said = ''
  const argv = ['playground', '--model', 'm', '--retries', '0', ...flags]
  const use = async (url: string) => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
    said = await (await fetch(`${url}v1/chat/completions`, { method: 'POST', body })).text()
  }
  const { code, stderr } = await serving(argv, use, { env, fetch: upstream })
  return { code, said: said || stderr }
}

interface Exception {
  /** How it ends where that is not with the code of the rule. */
  readonly code: number
  /** What is said where it is not how long was waited. */
  readonly says: RegExp
}

const exceptions: Readonly<Record<string, Exception>> = {
  // It counts failures by their code, and has measured nothing.
  bench: { code: exitCode.broken, says: /1 failed \(timeout 1\)/ },
  // Pages are told no more of a provider than that.
  playground: { code: exitCode.complete, says: /The model (?:refused the request|reported an error)/ },
  // A server that does not answer is what it finds.
  doctor: { code: exitCode.findings, says: /^FAIL/m },
}

/** Those that want no answer have one time of their own, for a server that does not answer at all. */
const impatient = ['models', 'keys test', 'doctor']
/** Of a relay: in their own files. */
const followers = ['relay-check', 'tail']
const patient = [...Object.keys(asking).filter((name) => !impatient.includes(name)), 'playground']

const call = (name: string, given: Given) =>
  name === 'playground' ? askPlayground(given) : run(asking[name] ?? [], given)

describe('how long is waited', () => {
  test('can be said to every command that asks, and is tried below', () => {
    const asked = commands.filter(({ name }) => !followers.includes(name))
    const having = (flag: string) => asked.filter(({ flags }) => Object.hasOwn(flags, flag)).map(({ name }) => name)
    for (const wait of waits.filter((name) => name !== 'timeout')) {
      expect(having(wait).toSorted()).toEqual(patient.toSorted())
    }
    expect(having('timeout').toSorted()).toEqual([...patient, ...impatient].toSorted())
  })

  const cases = patient.flatMap((name) => waits.map((wait) => [name, wait] as const))

  test.each(cases)('by %s with --%s', async (name, wait) => {
    const [fetch, usual] = rules[wait]
    const { code, says } = exceptions[name] ?? { code: usual, says: /\b20 ms\b/ }
    const result = await call(name, { flags: [`--${wait}`, '20ms'], fetch })
    expect(result).toEqual({ code, said: expect.stringMatching(says) as unknown })
  })

  test.each(impatient)('by %s with --timeout', async (name) => {
    const { code, says } = exceptions[name] ?? { code: exitCode.totalTimeout, says: /\b20 ms\b/ }
    for (const fetch of [never, half]) {
      const result = await call(name, { flags: ['--timeout', '20ms'], fetch })
      expect(result).toEqual({ code, said: expect.stringMatching(says) as unknown })
    }
  })

  test('without a limit with 0, and for longer than a timer of Node.js can run', async () => {
    const { fetch } = answering(() => saying('hello'))
    for (const time of ['0', '0s', '1000h', '100000.5ms']) {
      const flags = waits.flatMap((name) => [`--${name}`, time])
      expect({ time, ...(await call('ask', { flags, fetch })) }).toMatchObject({ time, code: 0 })
      const listed = await call('models', {
        flags: flags.slice(-2),
        fetch: async () => Response.json({ data: [{ id: 'm' }] }),
      })
      expect({ time, ...listed }).toMatchObject({ time, code: 0 })
    }
  })

  test.each(['connect-timeout', 'first-timeout', 'idle-timeout', 'timeout', 'system', 'option', 'request'])(
    'and what is asked, as with --%s, is the business of those who ask through record --proxy',
    async (flag) => {
      const value = flag.endsWith('timeout') ? '1s' : 'a=b'
      const { code, said } = await run(['record', '--proxy', `--${flag}`, value], { flags: [], fetch: never })
      expect([code, said]).toEqual([2, expect.stringContaining(`--${flag}`)])
    },
  )
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { createMockServer, type MockServer, type MockServerOptions } from '../src/mock/create-mock-server.ts'
import { upgradeStatus } from '../src/tail/upgrade-status.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'
import { serving } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-servers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const servers: MockServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function upstream(options: MockServerOptions = {}): Promise<MockServer> {
  const server = await createMockServer(options)
  servers.push(server)
  return server
}

const asks = (model: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], stream: true }),
})

/** No machine has this address: it is for documentation (RFC 5737). */
const nowhere = '203.0.113.1'
const refused = { code: 2, stderr: expect.stringContaining(`cannot listen on ${nowhere}:0`) as unknown }

describe('mock', () => {
  test('listens where --host says', async () => {
    const { code } = await serving(['mock', '--host', 'localhost'], async (url) => {
      expect(new URL(url).hostname).toBe('localhost')
      expect((await fetch(`${url}/models`)).status).toBe(200)
    })
    expect(code).toBe(0)
    expect(await runCli(['mock', '--host', nowhere])).toMatchObject(refused)
  })

  test('varies its pauses by as much as --jitter says, the same in every run', async () => {
    const pauses = async (...flags: string[]) => {
      const clock = createFakeClock()
      const answered = async (url: string) =>
        void (await (await fetch(`${url}/chat/completions`, asks('demo:text'))).text())
      await serving(['mock', '--ttft', '100ms', '--tps', '10', ...flags], answered, { clock })
      return clock.sleeps
    }
    const shaken = await pauses('--jitter', '20%')
    expect(new Set(shaken).size).toBeGreaterThan(5)
    expect(Math.min(...shaken)).toBeGreaterThanOrEqual(80)
    expect(Math.max(...shaken)).toBeLessThanOrEqual(120)
    expect(await pauses('--jitter', '20%')).toEqual(shaken)
    expect(new Set(await pauses())).toEqual(new Set([100]))
  })

  test('answers web pages of any origin with --cors, and tells them nothing without', async () => {
    const asked = async (url: string) => {
      const page = { origin: 'https://page.example', 'access-control-request-headers': 'x-team' }
      const before = await fetch(`${url}/chat/completions`, { method: 'OPTIONS', headers: page })
      const answer = await fetch(`${url}/models`, { headers: page })
      await Promise.all([before.text(), answer.text()])
      const allowed = (response: Response) => response.headers.get('access-control-allow-origin')
      return [before.status, allowed(before), before.headers.get('access-control-allow-headers'), allowed(answer)]
    }
    await serving(['mock', '--cors'], async (url) => expect(await asked(url)).toEqual([204, '*', 'x-team', '*']))
    await serving(['mock'], async (url) => expect(await asked(url)).toEqual([405, null, null, null]))
  })
})

describe('playground', () => {
  test('takes the port of --port, or says that it is taken and leaves nothing behind', async () => {
    const { port } = await upstream()
    const listening = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    expect(await runCli(['playground', '--port', String(port)])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`cannot listen on 127.0.0.1:${port}: it is in use`) as unknown,
    })
    // The one that has the port. What was closed is not gone at once.
    await expect.poll(listening, { timeout: 10_000 }).toBe(1)
  })

  test('asks the endpoint for the model of --model', async () => {
    const asked: (string | undefined)[] = []
    const { baseURL } = await upstream({ onAnswer: ({ recording }) => asked.push(recording) })
    const argv = ['playground', '--base-url', baseURL, '--model', 'demo:utf8']
    const { code } = await serving(argv, async (url) => {
      const response = await fetch(`${url}v1/chat/completions`, asks('any'))
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('[DONE]')])
    })
    expect([code, asked]).toEqual([0, ['demo:utf8']])
  })
})

describe('playground, of an endpoint', () => {
  const DELTAWIRE_MODEL = 'demo:utf8'

  test('asks for the model of the environment where only the endpoint is named', async () => {
    const asked: (string | undefined)[] = []
    const { baseURL } = await upstream({ onAnswer: ({ recording }) => asked.push(recording) })
    const ask = async (url: string) => void (await (await fetch(`${url}v1/chat/completions`, asks('any'))).text())
    await serving(['playground', '--base-url', baseURL], ask, { env: { DELTAWIRE_MODEL } })
    expect(asked).toEqual([DELTAWIRE_MODEL])
    expect(await runCli(['playground', '--base-url', baseURL])).toMatchObject({ code: 3 })
    // That there is one is no wish to pay for it.
    await serving(['playground'], ask, { env: { DELTAWIRE_MODEL, OPENAI_BASE_URL: baseURL } })
    expect(asked).toHaveLength(1)
  })

  test.each([['retries', '3'], ['api-key', 'k'], ['header', 'x-a: b'], ['timeout', '1s'], ['insecure'], ['no-config']])(
    'says that --%s is about an endpoint where none is named',
    async (flag, ...value) => {
      expect(await runCli(['playground', `--${flag}`, ...value])).toMatchObject({
        code: 2,
        stderr: `error: --${flag} is about an endpoint, and none is named\nhint: name it by --model, --base-url or --profile\n`,
      })
    },
  )
})

describe('record --proxy', () => {
  test('listens where --host says', async () => {
    const { baseURL } = await upstream()
    const argv = ['record', '--proxy', '--base-url', baseURL, '--dir', join(folder, 'host'), '--host']
    const { code } = await serving([...argv, 'localhost'], async (url) => {
      expect(new URL(url).hostname).toBe('localhost')
      expect((await fetch(`${url}/models`)).status).toBe(200)
    })
    expect(code).toBe(0)
    expect(await runCli([...argv, nowhere])).toMatchObject(refused)
  })
})

describe('relay', () => {
  const argv = ['relay', 'demo:text', '--port', '0', '--ttft', '0', '--tps', '0']

  test('listens where --host says', async () => {
    const { code } = await serving([...argv, '--host', 'localhost'], async (url) => {
      expect(new URL(url).hostname).toBe('localhost')
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    })
    expect(code).toBe(0)
    expect(await runCli([...argv, '--anybody', '--host', nowhere])).toMatchObject(refused)
  })

  test('serves others than this machine only with --anybody, or with tokens', async () => {
    const open = [...argv, '--check', '--host', '0.0.0.0']
    expect(await runCli(open)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nobody says who may use this relay') as unknown,
    })
    expect(await runCli([...open, '--anybody'])).toMatchObject({ code: 0, stderr: '' })
    const env = { DELTAWIRE_RELAY_TOKENS: 'ada=0123456789abcdef' }
    expect(await runCli(open, { env })).toMatchObject({ code: 0, stderr: '' })
  })

  test('opens sockets for the pages of --origin, for any page with *, and for no other', async () => {
    const statuses = async (...flags: string[]) => {
      const found: number[] = []
      await serving([...argv, ...flags], async (url) => {
        for (const origin of ['https://a.example', 'https://b.example'])
          found.push(
            await upgradeStatus(`${url.replace('http', 'ws')}/v1/socket`, { protocol: 'deltawire.v1', origin }),
          )
      })
      return found
    }
    expect(await statuses()).toEqual([403, 403])
    expect(await statuses('--origin', 'https://a.example')).toEqual([101, 403])
    expect(await statuses('--origin', '*')).toEqual([101, 101])
    expect((await runCli([...argv, '--origin', '*', '--origin', 'https://a.example'])).code).toBe(2)
  })

  test('asks the endpoint that --upstream names, before that of the environment', async () => {
    const asked: (string | undefined)[] = []
    const { baseURL } = await upstream({ onAnswer: ({ recording }) => asked.push(recording) })
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }
    const flags = ['relay', '--port', '0', '--upstream', baseURL]
    await serving(
      flags,
      async (url) => {
        const response = await fetch(`${url}/v1/chat/completions`, asks('demo:utf8'))
        expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('[DONE]')])
      },
      { env },
    )
    expect(asked).toEqual(['demo:utf8'])
  })

  test('gives its token to the command that it runs, and starts where clients are told of another', async () => {
    const token = '0123456789abcdef'
    const env = {
      DELTAWIRE_RELAY_TOKENS: `ada=${token}`,
      DELTAWIRE_RELAY_URL: 'ws://127.0.0.1:1/v1/socket',
    }
    const judge = `const { DELTAWIRE_RELAY_TOKEN: token, DELTAWIRE_RELAY_URL: url } = process.env
      process.exitCode = token === '${token}' && !url.includes(':1/') ? 42 : 1`
    expect(await runCli([...argv, '--', process.execPath, '-e', judge], { env })).toMatchObject({
      code: 42,
      stderr: '',
    })
  })

  test('is as talkative as --log says', async () => {
    /** What is logged by a relay that listens and ends at once. */
    const logged = async (...flags: string[]) => {
      const ended = new AbortController()
      ended.abort(new Interrupted('SIGTERM'))
      const { code, stderr } = await runCli([...argv, ...flags], { signal: ended.signal })
      const lines = stderr.split('\n').filter((line) => line !== '')
      return { code, events: lines.map((line) => (JSON.parse(line) as { event: string }).event) }
    }
    const usual = await logged()
    expect(usual).toEqual({ code: 0, events: ['listening', 'drain', 'closed'] })
    expect(await logged('--log', 'info')).toEqual(usual)
    expect(await logged('--log', 'error')).toEqual({ code: 0, events: [] })
    expect((await runCli([...argv, '--log', 'loud'])).code).toBe(2)
  })
})

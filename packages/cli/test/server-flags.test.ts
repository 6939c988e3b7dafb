import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { createMockServer, type MockServer, type MockServerOptions } from '../src/mock/create-mock-server.ts'
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

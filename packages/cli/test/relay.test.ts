import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { connectRelay } from '@deltawire/websocket-bridge/client'
import { WebSocket } from 'ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { readRelaySettings } from '../src/relay/read-relay-settings.ts'
import { createRelayLog } from '../src/relay/relay-log.ts'
import { relaySettingNames, secretsOf, variableOf } from '../src/relay/relay-settings.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-relay-'))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const token = '0123456789abcdef'

describe('the settings of a relay', () => {
  it('have defaults with which it runs on this machine alone', async () => {
    expect(await readRelaySettings({}, {}, undefined)).toMatchObject({ host: '127.0.0.1', port: 8790, anybody: false })
  })

  it('are read from flags before the environment before the file', async () => {
    const path = file('order.json', '{ // a comment\n  "port": 1, "host": "localhost", "logLevel": "debug" }')
    const env = { DELTAWIRE_RELAY_PORT: '2', DELTAWIRE_RELAY_HOST: '::1' }
    expect(await readRelaySettings({ port: 3 }, env, path)).toMatchObject({ port: 3, host: '::1', logLevel: 'debug' })
  })

  it('take lists and names from the environment as people write them', async () => {
    const env = {
      DELTAWIRE_RELAY_ORIGINS: 'https://a.example, https://b.example',
      DELTAWIRE_RELAY_TOKENS: `ada=${token},bob=${token}x`,
      DELTAWIRE_RELAY_MODELS: 'small,large',
    }
    expect(await readRelaySettings({}, env, undefined)).toMatchObject({
      origins: ['https://a.example', 'https://b.example'],
      tokens: { ada: token, bob: `${token}x` },
      models: ['small', 'large'],
    })
  })

  it('read secrets from the files that containers have them in', async () => {
    const env = { DELTAWIRE_RELAY_UPSTREAM_KEY_FILE: file('key', 'sk-secret\n') }
    expect((await readRelaySettings({}, env, undefined)).upstreamKey).toBe('sk-secret')
  })

  it('know the endpoint that every client of the protocol is told', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'sk-1' }
    const settings = await readRelaySettings({}, env, undefined)
    expect(settings).toMatchObject({ upstreamURL: 'http://127.0.0.1:1/v1', upstreamKey: 'sk-1' })
  })

  it('name everything that is wrong at once, where it stands, and no secret', async () => {
    const path = file('wrong.json', '{\n  "port": 99999,\n  "hots": "x"\n}')
    const env = {
      DELTAWIRE_RELAY_LOG_LEVEL: 'loud',
      DELTAWIRE_RELAY_ADMIN_TOKEN: 'hunter2',
      DELTAWIRE_RELAY_PROT: '1',
      DELTAWIRE_RELAY_REDIS_FILE: '/nowhere/redis',
    }
    const { code, stderr } = await runCli(['relay', '--check', '--settings', path], { env })
    expect(code).toBe(3)
    expect(stderr).toContain(`${path}, line 2, port: expected a port from 0 to 65535, found 99999`)
    expect(stderr).toContain(`${path}, line 3, hots: there is no such setting; did you mean host?`)
    expect(stderr).toContain('DELTAWIRE_RELAY_LOG_LEVEL: expected error, info or debug, found "loud"')
    expect(stderr).toContain('DELTAWIRE_RELAY_ADMIN_TOKEN: expected a token of at least 16 characters')
    expect(stderr).toContain('DELTAWIRE_RELAY_PROT: there is no such setting; did you mean DELTAWIRE_RELAY_PORT?')
    expect(stderr).toContain('DELTAWIRE_RELAY_REDIS_FILE: ')
    expect(stderr).not.toContain('hunter2')
  })

  it.each([
    ['nobody says who may use it', { DELTAWIRE_RELAY_HOST: '0.0.0.0' }, 'set tokens, or anybody'],
    [
      'cookies could be used by every page',
      { DELTAWIRE_RELAY_COOKIES: 'true', DELTAWIRE_RELAY_ORIGINS: '*', DELTAWIRE_RELAY_TOKENS: `a=${token}` },
      'cookies need a list of origins',
    ],
    [
      'tickets of one node would be refused by another',
      { DELTAWIRE_RELAY_REDIS: 'redis://127.0.0.1:1', DELTAWIRE_RELAY_TOKENS: `a=${token}` },
      'several nodes need the same ticketSecret',
    ],
  ])('are refused where %s', async (_, env, said) => {
    const { code, stderr } = await runCli(['relay', '--check'], { env })
    expect([code, stderr]).toEqual([3, expect.stringContaining(said)])
  })

  it('are refused where there is no model to ask', async () => {
    const { code, stderr } = await runCli(['relay', '--check'])
    expect([code, stderr]).toEqual([3, expect.stringContaining('set OPENAI_BASE_URL or OPENAI_API_KEY')])
    expect((await runCli(['relay', '--check'], { env: { OPENAI_API_KEY: 'sk-1' } })).code).toBe(0)
    expect((await runCli(['relay', '--check', 'demo:text'])).code).toBe(0)
  })

  it('are all listed, with their variables', async () => {
    const { stdout } = await runCli(['relay', '--list-settings'])
    for (const name of relaySettingNames) expect(stdout).toContain(variableOf(name))
    expect(stdout).toContain('DELTAWIRE_RELAY_REDIS, DELTAWIRE_RELAY_REDIS_FILE')
  })
})

describe('the log of a relay', () => {
  it('is one line of JSON for each event, without secrets, and not louder than asked', async () => {
    const lines: string[] = []
    const env = { DELTAWIRE_RELAY_UPSTREAM_KEY: 'sk-"quoted"', DELTAWIRE_RELAY_TOKENS: `ada=${token}` }
    const secrets = secretsOf(await readRelaySettings({}, env, undefined))
    const log = createRelayLog({ level: 'info', secrets, date: () => 0, write: (line) => lines.push(line) })
    log.info('said', { what: `the key sk-"quoted" and ${token}` })
    log.debug('whispered')
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"said","what":"the key [secret] and [secret]"}\n',
    ])
  })
})

describe('deltawire relay', () => {
  let stop: AbortController
  let ended: ReturnType<typeof runCli>
  let base: string

  /** Starts it, and resolves when it says where it listens. */
  async function start(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
    stop = new AbortController()
    const answered = new Promise<string>((resolve) => {
      ended = runCli(['relay', '--port', '0', '--ttft', '0', '--tps', '0', ...args], {
        env,
        signal: stop.signal,
        clock: systemClock,
        onStderr: (text) => {
          const { event, origin } = JSON.parse(text.split('\n')[0] ?? '{}') as { event?: string; origin?: string }
          if (event === 'listening' && origin !== undefined) resolve(origin)
        },
      })
    })
    const failed = ended.then(({ stderr }) => {
      throw new Error(stderr)
    })
    base = await Promise.race([answered, failed])
  }

  beforeEach(() => {
    ended = Promise.resolve({ code: 0, stdout: '', bytes: new Uint8Array(), stderr: '', writes: 0 })
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort(new Interrupted('SIGTERM'))
    await ended
  })

  const ask = (headers: Record<string, string> = {}, model = 'demo:text') =>
    fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], stream: true }),
    })

  it('carries an answer to whoever asks, and to who comes later', async () => {
    await start(['demo:text'])
    const response = await ask()
    const { completion } = await accumulate(readChunks(response))
    const relay = connectRelay(`${base.replace('http', 'ws')}/v1/socket`, { WebSocket })
    const late = await accumulate(relay.subscribe(response.headers.get('x-stream-id') ?? ''))
    expect(late.completion?.choices).toEqual(completion?.choices)
    relay.close()
  })

  it('ends with 0 when it is told to, and says what it did', async () => {
    await start(['demo:text'])
    await (await ask()).text()
    stop.abort(new Interrupted('SIGTERM'))
    const { code, stderr, stdout } = await ended
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event)
    expect([code, stdout]).toEqual([0, ''])
    expect(events).toEqual(['listening', 'stream ended', 'drain', 'closed'])
  })

  it('knows its users by their tokens, and shows the upstream another key', async () => {
    await start(['demo:text'], { DELTAWIRE_RELAY_TOKENS: `ada=${token}` })
    expect((await ask()).status).toBe(401)
    expect((await ask({ authorization: 'Bearer wrong-0123456789abcdef' })).status).toBe(401)
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200)
  })

  it('serves the models that it is told to, and no other', async () => {
    await start(['demo:text', '--models', 'demo:text'])
    expect((await ask()).status).toBe(200)
    const refused = await ask({}, 'expensive')
    expect([refused.status, await refused.text()]).toEqual([404, expect.stringContaining('is not served here')])
  })

  it('says in one line that its port is in use', async () => {
    await start(['demo:text'])
    const { port } = new URL(base)
    const { code, stderr } = await runCli(['relay', 'demo:text', '--port', port])
    expect([code, stderr]).toEqual([2, expect.stringContaining(`cannot listen on 127.0.0.1:${port}: it is in use`)])
  })
})

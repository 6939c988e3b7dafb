import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { cases, cutRandomly } from '@deltawire/testkit'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { closeNow, listen } from '../src/listen.ts'
import { createRecordingProxy } from '../src/recording/create-recording-proxy.ts'
import { encodeHead, encodeLine, lineOf } from '../src/recording/encode-recording.ts'
import { openCapture } from '../src/recording/read-recording.ts'
import type { RecordingHead } from '../src/recording/recording.ts'
import { createRedaction } from '../src/recording/redaction.ts'
import { demoBytes } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli, type CliOptions } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-record-'))
afterAll(() => rmSync(folder, { recursive: true }))

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(closeNow))
})

/** A server that answers as it is told, and keeps what it was asked. */
async function upstream(answer: (response: ServerResponse, request: IncomingMessage) => Promise<void> | void) {
  const asked: { url: string; headers: Record<string, unknown>; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      asked.push({ url: request.url ?? '', headers: { ...request.headers }, body })
      void answer(response, request)
    })
  })
  servers.push(server)
  const { origin } = await listen(server, 0, '127.0.0.1')
  return { asked, env: { OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: 'sk-very-secret', DELTAWIRE_MODEL: 'm' } }
}

function sends(bytes: Uint8Array, headers: Record<string, string> = { 'content-type': 'text/event-stream' }) {
  return (response: ServerResponse) => {
    response.writeHead(200, headers)
    response.end(bytes)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The body that a recording holds. */
async function bodyOf(recording: Uint8Array | string): Promise<Buffer> {
  const { reads } = await openCapture(once(Buffer.from(recording)))
  const pieces: Uint8Array[] = []
  for await (const { bytes } of reads) pieces.push(bytes)
  return Buffer.concat(pieces)
}

const head: RecordingHead = {
  v: 1,
  type: 'chat.recording',
  started: '2026-08-22T09:00:00.000Z',
  request: { method: 'POST', url: 'http://127.0.0.1/v1/chat/completions', headers: {}, body: { model: 'm' } },
  response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 50 },
  tool: 'deltawire 0.0.0',
}

function recordingOf(reads: readonly (readonly [atMs: number, bytes: Uint8Array])[], own: Partial<RecordingHead> = {}) {
  return encodeHead({ ...head, ...own }) + reads.map(([atMs, bytes]) => encodeLine(lineOf({ atMs, bytes }))).join('')
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('the recording format', () => {
  test('gives the same bytes again, however they were cut', async () => {
    const bytes = [demoBytes('utf8'), Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x00, 0x0a]), Buffer.alloc(0)]
    for (const whole of bytes) {
      for (let seed = 0; seed < 10; seed++) {
        const pieces = cutRandomly(whole, seed)
        const recording = recordingOf(pieces.map((piece, at) => [at, piece] as const))
        expect(await bodyOf(recording)).toEqual(Buffer.from(whole))
      }
    }
  })

  test('is a source wherever a stream is one, zipped too', async () => {
    const recording = recordingOf([[231.8, demoBytes('tour')]])
    const expected = await runCli(['merge', 'demo:tour'])
    for (const path of [file('a.jsonl', recording), file('a.jsonl.gz', gzipSync(recording))]) {
      expect((await runCli(['merge', path])).stdout).toBe(expected.stdout)
    }
    expect((await runCli(['merge'], { stdin: recording })).stdout).toBe(expected.stdout)
    expect((await runCli(['convert', '--to', 'text'], { stdin: recording })).stdout).toContain('harbour')
    expect((await runCli(['split'], { stdin: recording })).code).toBe(0)
    expect((await runCli(['lint', file('b.jsonl', recording)])).code).toBe(0)
  })

  test('is read while it is still being written: half a line at its end is not there yet', async () => {
    const recording = recordingOf([[1, demoBytes('text')]])
    for (const length of [encodeHead(head).length, recording.length - 40]) {
      expect((await runCli(['merge'], { stdin: recording.slice(0, length) })).code).toBe(7)
    }
    const more = `${recording}[3,"z",{"of":"a later version"}]\n[2,"`
    expect((await runCli(['merge', '--text'], { stdin: more })).code).toBe(0)
  })

  test('of a refusal is that refusal', async () => {
    const body = Buffer.from('{"error":{"message":"Slow down","code":"rate"}}')
    const stdin = recordingOf([[5, body]], { response: { status: 429, headers: {}, t: 5 } })
    expect(await runCli(['merge'], { stdin })).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('error: the server answered with 429: Slow down (http_status)') as unknown,
    })
    const broken = `${recordingOf([[5, demoBytes('text').subarray(0, 900)]])}[6,"e",{"name":"ECONNRESET","message":"x"}]\n`
    expect(await runCli(['merge', '--text'], { stdin: broken })).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('(connection_lost)') as unknown,
    })
  })

  test('is no recording when only its first line looks like one', async () => {
    const stdin = `{"type":"chat.recording","v":99}\n[1,"r","data"]\n`
    expect((await runCli(['merge'], { stdin })).code).toBe(7)
  })

  test('can come from a URL, as can a bare stream', async () => {
    const recording = await upstream(sends(Buffer.from(recordingOf([[1, demoBytes('reasoning')]]))))
    const url = `${recording.env.OPENAI_BASE_URL}/r.jsonl?key=secret`
    expect((await runCli(['merge', '--text', url])).stdout).toBe('9.8 is larger than 9.11.')
    const stream = await upstream(sends(gzipSync(demoBytes('reasoning')), { 'content-type': 'application/gzip' }))
    expect((await runCli(['merge', '--text', `${stream.env.OPENAI_BASE_URL}/s.sse.gz`])).stdout).toContain('9.8')
    const missing = await upstream((response) => void response.writeHead(404).end('not here'))
    expect((await runCli(['merge', `${missing.env.OPENAI_BASE_URL}/x`])).code).toBe(4)
    const { code, stderr } = await runCli(['merge', 'http://127.0.0.1:1/x?key=secret'])
    expect(code).toBe(6)
    expect(stderr).not.toContain('secret')
  })
})

describe('record', () => {
  test('writes the call to standard output, byte for byte', async () => {
    const { env, asked } = await upstream(sends(demoBytes('tour')))
    const { code, stdout, stderr } = await runCli(['record', 'Hello', 'you'], { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(await bodyOf(stdout)).toEqual(Buffer.from(demoBytes('tour')))
    const [first = '', ...lines] = stdout.trimEnd().split('\n')
    expect(JSON.parse(first)).toMatchObject({
      v: 1,
      type: 'chat.recording',
      request: {
        method: 'POST',
        url: `${env.OPENAI_BASE_URL}/chat/completions`,
        headers: { authorization: '[redacted]' },
        body: { model: 'm', messages: [{ role: 'user', content: 'Hello you' }], stream: true },
      },
      response: { status: 200, headers: { 'content-type': 'text/event-stream' } },
    })
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual([
      expect.any(Number),
      'x',
      { reason: 'eof', bytes: demoBytes('tour').length },
    ])
    expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer sk-very-secret', 'accept-encoding': 'identity' })
    expect(stdout).not.toContain('sk-very-secret')
  })

  test('replays as the same bytes', { timeout: 60_000 }, async () => {
    const bodies = [demoBytes('utf8'), ...cases.slice(0, 40).map(({ sse }) => Buffer.from(sse))]
    let body = bodies[0] ?? Buffer.alloc(0)
    const { env } = await upstream((response) => sends(body)(response))
    for (body of bodies) {
      const { bytes } = await runCli(['record', 'x'], { env })
      const again = await runCli(['replay', '--speed', '0'], { stdin: [bytes] })
      expect(Buffer.from(again.bytes)).toEqual(Buffer.from(body))
    }
  })

  test('keeps what follows [DONE], and does not wait for a server that never ends', async () => {
    const { env } = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(demoBytes('text'))
      setImmediate(() => response.write('data: {"after":"done"}\n\n'))
    })
    const clock = { ...systemClock, sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms / 20, signal) }
    const { code, stdout } = await runCli(['record', 'x'], { env, clock })
    expect(code).toBe(0)
    expect((await bodyOf(stdout)).toString()).toContain('after')
    expect(stdout).toContain('"reason":"abort"')
  })

  test('prints the answer when the recording goes to a file, which only its owner can read', async () => {
    const { env } = await upstream(sends(demoBytes('reasoning')))
    const path = join(folder, 'own.jsonl')
    const { code, stdout, stderr } = await runCli(['record', '-o', path, 'x'], { env })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '9.8 is larger than 9.11.',
      stderr: `note: recorded in ${path}\n`,
    })
    expect(await bodyOf(readFileSync(path))).toEqual(Buffer.from(demoBytes('reasoning')))
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    const many = join(folder, 'many')
    await runCli(['record', '--dir', many, 'x'], { env })
    await runCli(['record', '--dir', many, 'x', '-m', '../b c'], { env })
    expect(readdirSync(many).every((name) => /^\d{8}-\d{6}-0001-(?:m|b-c)\.jsonl$/.test(name))).toBe(true)
  })

  test('records a refusal and a broken stream, and says so with its exit code', async () => {
    const refusing = await upstream((response) => {
      response.writeHead(401, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
      response.end('{"error":{"message":"Incorrect API key provided: sk-very-secret","code":"invalid_api_key"}}')
    })
    const refused = await runCli(['record', 'x'], { env: refusing.env })
    expect(refused.code).toBe(4)
    expect(refused.stdout + refused.stderr).not.toContain('sk-very-secret')
    expect(JSON.parse(refused.stdout.split('\n')[0] ?? '')).toMatchObject({
      response: { status: 401, headers: { 'set-cookie': '[redacted]' } },
    })
    const breaking = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(demoBytes('text').subarray(0, 900), () => response.destroy())
    })
    const broken = await runCli(['record', 'x'], { env: breaking.env })
    expect(broken.code).toBe(7)
    expect((await bodyOf(broken.stdout.replace(/\[[^\n]*"e"[^\n]*\n/, ''))).length).toBe(900)
    expect(broken.stdout).toMatch(/,"e",\{"name":"[A-Z_]+"/)
    expect(await runCli(['replay', '--speed', '0'], { stdin: broken.stdout })).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('the connection broke here') as unknown,
    })
    expect(
      (await runCli(['record', 'x'], { env: { ...breaking.env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' } })).code,
    ).toBe(6)
  })

  test('keeps the beginning when Ctrl-C ends it', async () => {
    const interrupt = new AbortController()
    const { env } = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(demoBytes('text').subarray(0, 900))
    })
    const { code, stdout } = await runCli(['record', 'x'], {
      env,
      signal: interrupt.signal,
      onStdout: (text) => {
        if (text.includes('"r"')) interrupt.abort(new Interrupted('SIGINT'))
      },
    })
    expect(code).toBe(130)
    expect((await bodyOf(stdout)).length).toBe(900)
  })

  test('sends the request that it is given, and asks for one piece when it should', async () => {
    const { env, asked } = await upstream((response, request) => {
      const completion = {
        id: 'a',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      }
      void request
      sends(Buffer.from(JSON.stringify(completion)), { 'content-type': 'application/json' })(response)
    })
    const request = file(
      'request.json',
      JSON.stringify({ model: 'other', messages: [{ role: 'user', content: 'Hi' }], temperature: 1 }),
    )
    expect(
      (await runCli(['record', '--no-stream', '--request', request, '-O', 'temperature=0.2', '-O', 'user=me'], { env }))
        .code,
    ).toBe(0)
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      model: 'other',
      messages: [{ role: 'user', content: 'Hi' }],
      temperature: 0.2,
      user: 'me',
      stream: false,
    })
    for (const [argv, code] of [
      [['record'], 2],
      [['record', '--request', join(folder, 'none.json')], 2],
      [['record', '--request', file('list.json', '[]')], 2],
      [['record', 'x', '-O', 'temperature'], 2],
      [['record', '--proxy', 'x'], 2],
      [['record', 'x', '--', 'ls'], 2],
    ] as const) {
      expect({ argv, code: (await runCli(argv, { env })).code }).toEqual({ argv, code })
    }
    expect((await runCli(['record', 'x'])).code).toBe(3)
  })
})

describe('a recording proxy', () => {
  /** Runs the proxy until it has said where it listens, does something with it, and ends it. */
  async function proxied(argv: readonly string[], options: CliOptions, use: (baseURL: string) => Promise<void>) {
    const interrupt = new AbortController()
    let failure: Error | undefined
    const result = await runCli(['record', '--proxy', '--print-env', ...argv], {
      ...options,
      signal: interrupt.signal,
      onStdout(text) {
        const baseURL = /OPENAI_BASE_URL='([^']*)'/.exec(text)?.[1] ?? ''
        void use(baseURL)
          .catch((error: Error) => (failure = error))
          .finally(() => interrupt.abort(new Interrupted('SIGINT')))
      },
    })
    if (failure !== undefined) throw failure
    return result
  }

  test('passes every call on, adds the key, and records each in a file', async () => {
    const { env, asked } = await upstream((response, request) => {
      if (request.method === 'GET') sends(Buffer.from('{"data":[]}'), { 'content-type': 'application/json' })(response)
      else sends(demoBytes('tools'))(response)
    })
    const dir = join(folder, 'proxy')
    const { code, stderr } = await proxied(['--dir', dir, '--header', 'x-team: blue'], { env }, async (baseURL) => {
      const answered = await runCli(['ask', '--json', 'Hello'], {
        env: { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: 'proxy', DELTAWIRE_MODEL: 'a/b' },
      })
      expect(answered.code).toBe(0)
      expect(
        await (await fetch(`${baseURL}/models?x=1`, { headers: { authorization: 'Bearer own-key-of-mine' } })).json(),
      ).toEqual({ data: [] })
    })
    expect(code).toBe(0)
    expect(stderr).toMatch(/POST \/v1\/chat\/completions 200 .*-0001-a-b\.jsonl\n/)
    expect(asked.map(({ url, headers }) => [url, headers['authorization'], headers['x-team']])).toEqual([
      ['/v1/chat/completions', 'Bearer sk-very-secret', 'blue'],
      ['/v1/models?x=1', 'Bearer own-key-of-mine', 'blue'],
    ])
    const [first = '', second = ''] = readdirSync(dir).toSorted()
    const recording = readFileSync(join(dir, first), 'utf8')
    expect(await bodyOf(recording)).toEqual(Buffer.from(demoBytes('tools')))
    expect(recording).not.toMatch(/sk-very-secret/)
    expect(readFileSync(join(dir, second), 'utf8')).not.toContain('own-key-of-mine')
    const served = await runCli(['mock', '--match', 'last-user', '--strict', dir, '--', process.execPath, '-e', ''], {})
    expect(served).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('there is no chat completion in') as unknown,
    })
  })

  test('breaks where the connection behind it breaks, and says when there is none', async () => {
    const { env } = await upstream((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(demoBytes('text').subarray(0, 900), () => response.destroy())
    })
    const dir = join(folder, 'broken')
    await proxied(['--dir', dir], { env }, async (baseURL) => {
      const asked = await runCli(['ask', 'Hello'], { env: { ...env, OPENAI_BASE_URL: baseURL } })
      expect(asked.code).toBe(7)
    })
    await proxied(['--dir', dir, '--base-url', 'http://127.0.0.1:1/v1'], { env }, async (baseURL) => {
      const asked = await fetch(`${baseURL}/models`)
      expect({ status: asked.status, body: await asked.json() }).toMatchObject({
        status: 502,
        body: { error: { code: 'bad_gateway' } },
      })
    })
  })

  test('has closed every recording when it ends, also of callers that are gone', async () => {
    const said: string[] = []
    let send = () => {}
    // What was on its way already still comes when the caller has left.
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = () => {
          controller.enqueue(demoBytes('text'))
          controller.close()
        }
      },
    })
    const proxy = await createRecordingProxy({
      upstream: 'http://upstream.example/v1',
      headers: {},
      fetch: async () => new Response(body),
      host: '127.0.0.1',
      port: 0,
      signal: new AbortController().signal,
      open: async () => ({
        path: 'a file',
        write: async (text) => void said.push(text),
        close: async () => void said.push('closed'),
      }),
      recorder: (write) => ({ clock: systemClock, redaction: createRedaction({ secrets: [], names: [] }), write }),
      onCall: undefined,
    })
    const asked = await fetch(`${proxy.baseURL}/models`)
    const closed = proxy.close()
    await expect(asked.text()).rejects.toThrow('terminated')
    send()
    await closed
    expect(said).toEqual([expect.stringContaining('"v":1'), expect.any(String), expect.any(String), 'closed'])
  })

  test('runs a command against itself', async () => {
    const { env } = await upstream(sends(demoBytes('text')))
    const print = 'process.exitCode = process.env.OPENAI_BASE_URL.includes("127.0.0.1") ? 42 : 1'
    const dir = join(folder, 'command')
    expect(
      (
        await runCli(['record', '--proxy', '--dir', dir, '--', process.execPath, '-e', print], {
          env: { PATH: process.env['PATH'] ?? '', ...env },
        })
      ).code,
    ).toBe(42)
  })
})

describe('redaction', () => {
  test('keeps keys out of headers, URL, bodies and text, and leaves the rest alone', () => {
    const redaction = createRedaction({
      secrets: ['sk-very-secret'],
      names: ['x-request-id', 'body.messages.content', 'body.user'],
    })
    const { request, response } = redaction.head({
      ...head,
      request: {
        method: 'POST',
        url: 'https://name:word@host/v1?api-version=2026&key=abc',
        headers: {
          Authorization: 'Bearer x',
          'api-key': 'y',
          'X-Team': 'blue',
          cookie: 'z',
          'x-echo': 'is sk-very-secret',
        },
        body: { model: 'm', user: 'me', note: 'sk-very-secret', messages: [{ role: 'user', content: 'private' }] },
      },
      response: { status: 200, headers: { 'x-request-id': 'r', 'x-ratelimit-remaining-tokens': '12' }, t: 1 },
    })
    expect(request).toEqual({
      method: 'POST',
      url: 'https://host/v1?api-version=2026&key=%5Bredacted%5D',
      headers: {
        Authorization: '[redacted]',
        'api-key': '[redacted]',
        'X-Team': 'blue',
        cookie: '[redacted]',
        'x-echo': 'is [redacted]',
      },
      body: { model: 'm', user: '[redacted]', note: '[redacted]', messages: [{ role: 'user', content: '[redacted]' }] },
    })
    expect(response.headers).toEqual({ 'x-request-id': '[redacted]', 'x-ratelimit-remaining-tokens': '12' })
    expect(Buffer.from(redaction.bytes(Buffer.from('é sk-very-secret ü'))).toString()).toBe('é [redacted] ü')
    const same = Buffer.from([0xff, 0x00])
    expect(redaction.bytes(same)).toBe(same)
  })
})

describe('replay', () => {
  const pieces = cutRandomly(demoBytes('text'), 3)
  const times = pieces.map((_, at) => 100 + at * at * 10)
  const recording = recordingOf(pieces.map((piece, at) => [times[at] ?? 0, piece] as const))

  /** When each write happened. */
  async function timesOf(...argv: string[]): Promise<number[]> {
    const clock = createFakeClock()
    const written: number[] = []
    await runCli(['replay', ...argv], { stdin: recording, clock, onStdout: () => written.push(clock.now()) })
    return written
  }

  test('keeps the time of every read', async () => {
    expect(await timesOf()).toEqual(times)
    expect(await timesOf('--speed', '10')).toEqual(times.map((at) => expect.closeTo(at / 10, 5) as unknown))
    expect(await timesOf('--speed', '0')).toEqual(times.map(() => 0))
    const within = times.filter((at) => at >= 200 && at <= 600)
    expect(await timesOf('--from', '200ms', '--until', '600ms')).toEqual(within.map((at) => at - 200))
    const capped = (await timesOf('--max-gap', '30ms')).map((at, index, all) => at - (all[index - 1] ?? 0))
    expect(Math.max(...capped)).toBe(30)
  })

  /** How many of twenty reads are within 5 ms of where they were recorded, by a real clock. */
  async function readsInTime(): Promise<number> {
    const startedAt = performance.now()
    const written: number[] = []
    const short = recordingOf(pieces.slice(0, 20).map((piece, at) => [50 + at * 15, piece] as const))
    await runCli(['replay'], {
      stdin: short,
      clock: systemClock,
      onStdout: () => written.push(performance.now() - startedAt),
    })
    const offsets = written.map((at, index) => at - (50 + index * 15))
    const median = offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 2)] ?? 0
    return offsets.filter((offset) => Math.abs(offset - median) < 5).length
  }

  test('is within 5 ms of what was recorded, by a real clock', { timeout: 60_000 }, async () => {
    // A busy machine pauses a test for longer than that, for half of its reads too, but not each time. What drifts, does.
    let best = 0
    for (let attempt = 0; attempt < 20 && best <= 10; attempt++) best = Math.max(best, await readsInTime())
    expect(best).toBeGreaterThan(10)
  })

  test('gives events at a pace where no times are known, and ends', async () => {
    const clock = createFakeClock()
    const { bytes } = await runCli(['replay', 'demo:text', '--gap', '10ms'], { clock })
    expect(Buffer.from(bytes)).toEqual(Buffer.from(demoBytes('text')))
    expect(new Set(clock.sleeps)).toEqual(new Set([10]))
  })

  test('loops as often as it should, and until Ctrl-C', async () => {
    const twice = await runCli(['replay', '--loop=2', '--speed', '0', 'demo:reasoning'])
    expect(twice.bytes.length).toBe(2 * demoBytes('reasoning').length)
    const interrupt = new AbortController()
    let length = 0
    const { code } = await runCli(['replay', '--loop', 'demo:reasoning'], {
      clock: createFakeClock(),
      signal: interrupt.signal,
      onStdout(text) {
        length += text.length
        if (length > 30_000) interrupt.abort(new Interrupted('SIGINT'))
      },
    })
    expect(code).toBe(130)
  })

  test('folds into what the file itself folds into', async () => {
    for (const name of ['text', 'tools', 'utf8', 'cut', 'error'] as const) {
      const { bytes } = await runCli(['replay', `demo:${name}`, '--speed', '0'])
      expect(await runCli(['merge'], { stdin: [bytes] })).toMatchObject({
        stdout: (await runCli(['merge', `demo:${name}`])).stdout,
      })
    }
  })

  test('lets no control character reach a terminal', async () => {
    const stdin = `data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n: \u001B[2J\u001B]52;c;AAAA\u0007\n\n`
    const { stdout } = await runCli(['replay', '--speed', '0', '-'], { stdin, isTTY: true })
    expect(stdout).toContain('␛[2J␛]52')
  })

  test.each(['sse', 'jsonl', 'text'] as const)('writes what the bytes mean as %s, at their pace', async (format) => {
    const clock = createFakeClock()
    const written: number[] = []
    const { code, stdout } = await runCli(['replay', 'demo:tour', '--gap', '10ms', '--format', format], {
      clock,
      onStdout: () => written.push(clock.now()),
    })
    expect(code).toBe(0)
    expect(stdout).toBe((await runCli(['convert', 'demo:tour', '--to', format])).stdout)
    expect(new Set(written).size).toBeGreaterThan(5)
  })

  test('tells in such a format how the stream ended', async () => {
    const cut = await runCli(['replay', 'demo:cut', '--speed', '0', '--format', 'text'])
    expect(cut).toMatchObject({ code: 7, stdout: expect.stringMatching(/^This answer/) as unknown })
    expect(cut.stderr).toMatch(/^error: .*\(incomplete_stream\)\n$/)
    const twice = await runCli(['replay', '--loop=2', '--speed', '0', '--format', 'text', 'demo:reasoning'])
    expect(twice).toMatchObject({ code: 0, stdout: '9.8 is larger than 9.11.'.repeat(2) })
  })
})

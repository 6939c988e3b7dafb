import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeChunk, encodeDone, splitCompletion, type ChatCompletion } from '@deltawire/core'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import type { Probe, Prober } from '../src/doctor/check.ts'
import { endpointChecks } from '../src/doctor/endpoint-checks.ts'
import { ownChecks } from '../src/doctor/own-checks.ts'
import { closeNow, listen } from '../src/listen.ts'
import { runCli } from './run-cli.ts'
import { selfSigned } from './self-signed.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-doctor-'))
afterAll(() => rmSync(folder, { recursive: true }))

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(closeNow))
})

type Request = Record<string, unknown> & { messages?: { content: unknown }[]; stream?: boolean }
type Message = ChatCompletion['choices'][number]['message']

/** A server that can do all that is asked for. What it should do otherwise comes with `odd`. */
async function serve(odd: (request: Request, response: ServerResponse) => boolean = () => false) {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (piece: Buffer) => (text += piece.toString()))
    request.on('end', () => {
      const error = (status: number, message: string) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }))
      }
      if (request.headers.authorization !== 'Bearer sk-doctor-secret') return error(401, 'Incorrect API key')
      const body = (text === '' ? {} : JSON.parse(text)) as Request
      if (odd({ ...body, url: request.url }, response)) return
      if (request.url === '/v1/models') return void response.end('{"object":"list","data":[{"id":"good"}]}')
      if (body.messages === undefined) return error(400, "Missing required parameter: 'messages'.")
      answer(body, response)
    })
  })
  servers.push(server)
  const { origin } = await listen(server, 0, '127.0.0.1')
  return { OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: 'sk-doctor-secret', DELTAWIRE_MODEL: 'good' }
}

function call(city: string) {
  return {
    id: `call_${city}`,
    type: 'function' as const,
    function: { name: 'get_weather', arguments: JSON.stringify({ city }) },
  }
}

function messageFor({ messages = [], tools, response_format, stop, n }: Request): [Partial<Message>, string] {
  const prompt = messages[0]?.content ?? ''
  const isBoth = typeof prompt === 'string' && prompt.includes('both')
  if (tools !== undefined)
    return [{ content: null, tool_calls: isBoth ? [call('Oslo'), call('Lima')] : [call('Oslo')] }, 'tool_calls']
  if (response_format !== undefined) return [{ content: '{"city":"Oslo"}' }, 'stop']
  if (stop !== undefined) return [{ content: '1 2 3 4 ' }, 'stop']
  if (typeof prompt !== 'string') return [{ content: 'Red.' }, 'stop']
  if (/Think/.test(prompt)) return [{ content: '9.8', reasoning_content: 'Well.' }, 'stop']
  return [{ content: n === 2 ? 'Hi.' : 'Hello there.' }, 'stop']
}

function answer(request: Request, response: ServerResponse): void {
  const [message, reason] = messageFor(request)
  const finish = request['max_tokens'] === undefined ? reason : 'length'
  const choices = Array.from({ length: Number(request['n'] ?? 1) }, (_, index) => ({
    index,
    message: { role: 'assistant', refusal: null, ...message },
    finish_reason: finish,
    logprobs: null,
  }))
  const options = request['stream_options'] as { include_usage?: boolean } | undefined
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const completion = {
    id: 'a',
    object: 'chat.completion',
    created: 1,
    model: 'good',
    choices,
    ...((request.stream !== true || options?.include_usage === true) && { usage }),
  }
  if (request.stream !== true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completion))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const chunk of splitCompletion(completion as ChatCompletion, { by: 'word' })) response.write(encodeChunk(chunk))
  response.end(encodeDone())
}

/** Where a server is that knows nothing of TLS. */
async function portOfPlain() {
  const server = createServer()
  servers.push(server)
  return listen(server, 0, '127.0.0.1')
}

interface Line {
  check: string
  outcome: string
  message: string
}

async function outcomes(env: Record<string, string>, ...argv: string[]) {
  const { code, stdout, stderr } = await runCli(['doctor', '--json', ...argv], { env, clock: systemClock })
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  return { code, stderr, stdout, of: Object.fromEntries(lines.map(({ check, outcome }) => [check, outcome])), lines }
}

describe('doctor', () => {
  test('finds nothing wrong with an endpoint that can do everything', { timeout: 30_000 }, async () => {
    const { code, stderr, of, stdout } = await outcomes(await serve())
    const all = [...Object.keys(ownChecks), ...Object.keys(endpointChecks)]
    expect(of).toEqual(Object.fromEntries(all.map((check) => [check, check === 'buffering' ? 'skip' : 'pass'])))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain('sk-doctor-secret')
  })

  const json = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
    return true
  }
  const plain = (response: ServerResponse) => {
    answer({ messages: [], stream: true }, response)
    return true
  }

  test.each<[check: string, outcome: string, odd: (request: Request, response: ServerResponse) => boolean]>([
    ['models', 'warn', ({ url }, response) => url === '/v1/models' && json(response, 404, {})],
    ['models', 'fail', ({ url }, response) => url === '/v1/models' && json(response, 200, { models: [] })],
    ['models', 'warn', ({ url }, response) => url === '/v1/models' && json(response, 200, { data: [{ id: 'other' }] })],
    [
      'bad-request',
      'warn',
      ({ messages }, response) => messages === undefined && json(response, 422, { detail: 'no' }),
    ],
    [
      'stream',
      'fail',
      ({ stream }, response) => stream === true && json(response, 500, { error: { message: 'broken' } }),
    ],
    [
      'stream',
      'fail',
      ({ stream }, response) =>
        stream === true &&
        Boolean(
          response
            .writeHead(200, { 'content-type': 'text/event-stream' })
            .end('data: {"choices":[{"delta":{"content":"x"}}]}\n\n'),
        ),
    ],
    [
      'stream',
      'warn',
      ({ stream, messages }, response) => {
        if (stream !== true || messages === undefined) return false
        response.writeHead(200, { 'content-type': 'text/plain' })
        response.end(
          'data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        )
        return true
      },
    ],
    [
      'whole',
      'warn',
      ({ stream, messages }, response) => stream === false && messages !== undefined && json(response, 400, {}),
    ],
    ['usage', 'warn', ({ stream_options }, response) => stream_options !== undefined && plain(response)],
    [
      'usage',
      'warn',
      ({ stream_options }, response) =>
        stream_options !== undefined && json(response, 400, { error: { message: 'unknown field' } }),
    ],
    ['max-tokens', 'warn', ({ max_tokens }, response) => max_tokens !== undefined && plain(response)],
    ['stop', 'skip', ({ stop }, response) => stop !== undefined && plain(response)],
    ['tools', 'skip', ({ tools }, response) => tools !== undefined && plain(response)],
    ['n', 'warn', ({ n }, response) => n !== undefined && plain(response)],
    ['images', 'skip', ({ messages }, response) => Array.isArray(messages?.[0]?.content) && plain(response)],
    [
      'images',
      'warn',
      ({ messages }, response) => Array.isArray(messages?.[0]?.content) && json(response, 400, { error: {} }),
    ],
    ['json', 'warn', ({ response_format }, response) => response_format !== undefined && plain(response)],
  ])('says of %s: %s', async (check, outcome, odd) => {
    const { of } = await outcomes(await serve(odd), '--checks', check)
    expect(of).toMatchObject({ [check]: outcome })
  })

  test('says that an answer had not ended when its time was over', async () => {
    const env = await serve(({ stream, messages }, response) => {
      if (stream !== true || messages === undefined) return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': waiting\n\n')
      return true
    })
    const { of, lines } = await outcomes(env, '--checks', 'stream', '--timeout', '200ms')
    expect(of).toMatchObject({ stream: 'fail' })
    expect(lines.at(-1)?.message).toBe('it has not ended within 0.2 s')
  })

  test('hears how long a stream is silent, and whether a model goes on writing for nobody', async () => {
    const probe = (totalMs: number) => ({ status: 200, totalMs }) as Probe
    const times = [100, 50, 5000]
    const prober = { ask: async () => probe(times.shift() ?? 0), silenceMs: () => 31_000 } as unknown as Prober
    expect(await endpointChecks.abort.run(prober)).toMatchObject({
      outcome: 'warn',
      message: expect.stringContaining('took 5.0 s, and 0.1 s before') as string,
    })
    expect(endpointChecks.silence.run(prober)).toMatchObject({
      outcome: 'warn',
      message: expect.stringContaining('31 s') as string,
    })
  })

  test('looks at the way to the server: its name, its encryption, its certificate', async () => {
    const server = createSecureServer(selfSigned)
    server.on('secureConnection', (socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, selfSigned.cert)
    const of = async (baseURL: string, ...argv: string[]) => {
      const env = { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: 'sk-doctor-secret', DELTAWIRE_MODEL: 'm' }
      const [line] = (await outcomes(env, '--checks', 'connection', ...argv)).lines
      return `${line?.outcome}: ${line?.message}`
    }
    const url = `https://localhost:${port}/v1`
    expect(await of(url)).toMatch(/^fail: .*127\.0\.0\.1.*, TLSv1\.3, .*not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/)
    expect(await of(url, '--insecure')).toMatch(/^warn: .*--insecure takes any$/)
    expect(await of(url, '--ca', ca)).toMatch(/^pass: .*speaks http\/1\.1; its certificate is good until 2126-/)
    expect(await of(url, '--http-proxy', 'http://127.0.0.1:9')).toMatch(/^skip: .*the proxy 127\.0\.0\.1:9/)
    expect(await of('http://127.0.0.1:9/v1')).toBe('pass: 127.0.0.1, not encrypted')
    expect(await of(`https://127.0.0.1:${(await portOfPlain()).port}/v1`)).toMatch(/^fail: .*does not speak TLS/)
    expect(await of('http://nowhere.invalid/v1')).toMatch(/^fail: there is no address for nowhere\.invalid/)
    server.close()
  })

  test('asks nothing of a server that is not there, and fails', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:59999/v1', OPENAI_API_KEY: 'k', DELTAWIRE_MODEL: 'm' }
    const { code, of, lines } = await outcomes(env)
    expect(code).toBe(1)
    expect(of).toMatchObject({ reach: 'fail', stream: 'skip', n: 'skip' })
    expect(lines.find(({ check }) => check === 'reach')?.message).toContain('ECONNREFUSED')
    expect((await outcomes(env, '--fail-on', 'never')).code).toBe(0)
  })

  test('keeps a recording of every request, without the key', async () => {
    const dir = join(folder, 'evidence')
    const { code } = await outcomes(await serve(), '--dir', dir, '--checks', 'stream')
    expect(code).toBe(0)
    const files = readdirSync(dir)
    expect(files.length).toBe(2)
    for (const file of files) expect(readFileSync(join(dir, file), 'utf8')).not.toContain('sk-doctor-secret')
    expect((await runCli(['lint', dir])).code).toBe(1)
  })

  test('prints a table for a person, and the list of what it looks at', async () => {
    const { stdout } = await runCli(['doctor', '--checks', 'reach'], { env: await serve(), clock: systemClock })
    expect(stdout).toMatch(
      /^PASS {2}reach +the server is there: answers after \d+ ms\n\n1 pass · 0 warn · 0 fail · 0 skip\n$/,
    )
    expect((await runCli(['doctor', '--list'])).stdout.split('\n').length - 1).toBe(
      Object.keys(ownChecks).length + Object.keys(endpointChecks).length,
    )
  })

  test('checks this side as well', async () => {
    const env = { ...(await serve()), HTTPS_PROXY: 'http://127.0.0.1:3128', NO_PROXY: 'example.org' }
    const { of, stdout } = await outcomes(env, '--checks', 'proxy-variables,node,terminal,key,config')
    expect(of).toEqual({ node: 'pass', terminal: 'pass', config: 'pass', 'proxy-variables': 'warn', key: 'pass' })
    expect(stdout).toContain('of 16 characters, from $OPENAI_API_KEY')
    writeFileSync(join(folder, '.deltawire.json'), '{"baseUrl":"http://evil.example/v1"}')
    const argv = ['doctor', '--json', '--checks', 'config']
    expect((await runCli(argv, { env, cwd: folder, clock: systemClock })).stdout).toMatch(
      /"outcome":"warn".*\.deltawire\.json: .*baseUrl/,
    )
    expect((await outcomes({ ...env, NO_PROXY: '127.0.0.1' }, '--checks', 'proxy-variables')).of).toEqual({
      'proxy-variables': 'pass',
    })
  })

  test.each([
    ['127.0.0.0/8', 'pass'],
    ['example.org 127.0.0.1', 'pass'],
    // Meant for other servers: the name is another, and so is the port.
    ['localhost', 'warn'],
    ['127.0.0.1:1', 'warn'],
  ])('reads NO_PROXY as requests do: %s is a %s', async (list, outcome) => {
    const env = { ...(await serve()), HTTP_PROXY: 'http://127.0.0.1:3128', NO_PROXY: list }
    expect((await outcomes(env, '--checks', 'proxy-variables')).of).toEqual({ 'proxy-variables': outcome })
  })

  test('knows what it can check', async () => {
    const env = await serve()
    expect(await runCli(['doctor', '--checks', 'tolls'], { env })).toMatchObject({
      code: 2,
      stderr: 'error: there is no check "tolls"\nhint: did you mean tools?\n',
    })
    expect(await runCli(['doctor', 'example.org'], { env })).toMatchObject({
      code: 2,
      stderr: 'error: "example.org" is no http URL\nhint: it looks like http://127.0.0.1:8080/v1\n',
    })
    expect((await runCli(['doctor'], { env: { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' } })).code).toBe(3)
  })
})

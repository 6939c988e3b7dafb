import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'
import { runCli, type CliOptions } from './run-cli.ts'

const apiKey = 'sk-test-0123456789'
let server: MockServer

beforeAll(async () => {
  server = await createMockServer({ apiKey })
})
afterAll(() => server.close())

function ask(argv: readonly string[], options: CliOptions = {}) {
  const env = { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: apiKey, ...options.env }
  return runCli(['ask', ...argv], { ...options, env })
}

/** A server that answers every request with this response, and remembers what it was asked. */
function answering(respond: () => Response) {
  const requests: { url: string; headers: Headers; body: Record<string, unknown> }[] = []
  const answer: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    requests.push({
      url: request.url,
      headers: request.headers,
      body: (await request.json()) as Record<string, unknown>,
    })
    return respond()
  }
  return { requests, fetch: answer }
}

function sse(...chunks: readonly object[]): Response {
  const text = chunks.map(
    (chunk) =>
      `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', ...chunk })}\n\n`,
  )
  return new Response(`${text.join('')}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } })
}

function choice(delta: object, finish_reason: string | null = null) {
  return { choices: [{ index: 0, delta, finish_reason }] }
}

describe('ask', () => {
  test('prints the answer and nothing else', async () => {
    const { code, stdout, stderr } = await ask(['-m', 'demo:text', 'Hello'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^A chunk is .* itself a chunk\.$/)
  })

  test('prints every piece when it has it', async () => {
    const { writes } = await ask(['-m', 'demo:text', 'Hello'])
    expect(writes).toBeGreaterThan(30)
  })

  test('sends the words, the system message and standard input', async () => {
    const upstream = answering(() => sse(choice({ content: 'ok' }, 'stop')))
    const { code } = await ask(['-m', 'm', '-s', 'Be brief', 'what', 'is', 'this'], {
      fetch: upstream.fetch,
      stdin: 'a\nb\n',
    })
    expect(code).toBe(0)
    expect(upstream.requests[0]?.url).toBe(`${server.baseURL}/chat/completions`)
    expect(upstream.requests[0]?.headers.get('authorization')).toBe(`Bearer ${apiKey}`)
    expect(upstream.requests[0]?.body).toMatchObject({
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'what is this\n\n<stdin>\na\nb\n</stdin>' },
      ],
    })
  })

  test('takes standard input for the prompt when there are no words', async () => {
    const upstream = answering(() => sse(choice({ content: 'ok' }, 'stop')))
    await ask(['-m', 'm'], { fetch: upstream.fetch, stdin: ['Gr', Uint8Array.of(0xc3), Uint8Array.of(0xbc), 'ße\n'] })
    expect(upstream.requests[0]?.body).toMatchObject({ messages: [{ role: 'user', content: 'Grüße\n' }] })
  })

  test('says what it waits for when standard input never ends', async () => {
    const interrupt = new AbortController()
    let stop = () => {}
    const waited = new Promise<void>((resolve) => (stop = resolve))
    async function* endless() {
      await waited
      interrupt.abort(new Interrupted('SIGINT'))
      yield await new Promise<Uint8Array>(() => {})
    }
    const { run } = await import('../src/run.ts')
    let stderr = ''
    const code = await run(['ask', '-m', 'demo:text', 'hi'], {
      stdin: { isTTY: false, [Symbol.asyncIterator]: endless },
      stdout: { isTTY: false, write: async () => {}, flush: async () => {} },
      stderr: {
        isTTY: false,
        write: async (text) => {
          stderr += text
          stop()
        },
        flush: async () => {},
      },
      env: {},
      cwd: '/',
      signal: interrupt.signal,
      clock: { now: () => 0, date: () => 0, sleep: async () => {} },
      fetch,
    })
    expect(code).toBe(130)
    expect(stderr).toContain('note: reading standard input')
  })

  test('refuses a prompt that is none', async () => {
    for (const stdin of [undefined, '', ' \n']) {
      const { code, stderr } = await ask(['-m', 'm'], { stdin })
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: 'error: there is no prompt\nhint: write one behind the command, or send it to standard input\n',
      })
    }
    for (const stdin of [[Uint8Array.of(0xff, 0xd8, 0xff)], 'a\0b']) {
      const { code, stderr } = await ask(['-m', 'm', 'what is this?'], { stdin })
      expect(code).toBe(2)
      expect(stderr).toContain('standard input is not text')
    }
  })

  test('says in one sentence that nobody can be asked, and how to try without', async () => {
    const { code, stdout, stderr } = await runCli(['ask', '-m', 'gpt', 'Hello'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(
      /^error: there is no endpoint to ask: set OPENAI_BASE_URL and OPENAI_API_KEY\nhint: .*demo:.*deltawire mock/,
    )
  })

  test('says that no model is chosen', async () => {
    const { code, stderr } = await ask(['Hello'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: no model is chosen/)
    expect((await ask(['Hello'], { env: { DELTAWIRE_MODEL: 'demo:text' } })).code).toBe(0)
  })

  test.each([
    [{ OPENAI_BASE_URL: 'localhost:8080' }, 'OPENAI_BASE_URL is no http URL'],
    [{ OPENAI_BASE_URL: 'http://me:hunter2@127.0.0.1/v1' }, 'OPENAI_BASE_URL holds a name or a password'],
    [{ OPENAI_API_KEY: 'sk-secret\n' }, 'OPENAI_API_KEY holds a space'],
  ])('says what is wrong with the environment without showing it: %j', async (env, sentence) => {
    const { code, stdout, stderr } = await ask(['-m', 'm', '-v', 'Hello'], { env })
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(sentence)
    expect(stderr).not.toMatch(/hunter2|sk-secret/)
  })

  test('answers from a recording without key and network', async () => {
    const noFetch: typeof fetch = () => Promise.reject(new Error('no network'))
    const { code, stdout } = await runCli(['ask', '-m', 'demo:reasoning', 'Hello'], { fetch: noFetch })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '9.8 is larger than 9.11.' })
    expect((await runCli(['ask', '-m', 'demo:nothing', 'Hello'])).code).toBe(2)
  })

  test('hides the thoughts in a pipe, shows them when it is told so, or only them', async () => {
    const hidden = await ask(['-m', 'demo:reasoning', 'Hello'])
    expect(hidden).toMatchObject({ stdout: '9.8 is larger than 9.11.', stderr: '' })
    const shown = await ask(['-m', 'demo:reasoning', '--reasoning', 'show', 'Hello'])
    expect(shown.stdout).toBe(hidden.stdout)
    expect(shown.stderr).toMatch(/^Which is larger/)
    const only = await ask(['-m', 'demo:reasoning', '--reasoning', 'only', 'Hello'])
    expect(only).toMatchObject({ stdout: shown.stderr, stderr: '' })
  })

  test('shows the thoughts faintly on a terminal, and without colours where they are not wanted', async () => {
    const { stdout, stderr } = await ask(['-m', 'demo:reasoning', 'Hello'], { isTTY: true })
    expect(stdout).toBe('9.8 is larger than 9.11.\n')
    const [, thoughts = '', ...rest] = stderr.split('\u001B')
    expect(thoughts).toMatch(/^\[2mWhich is larger/)
    expect(rest).toEqual(['[22m\n'])
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const plain = await ask(['-m', 'demo:reasoning', 'Hello'], { isTTY: true, env })
      expect(plain.stderr).not.toContain('\u001B')
    }
  })

  test('makes control characters of the answer visible on a terminal, and only there', async () => {
    const evil = '\u001B]52;c;cm0=\u0007 \u009B2J'
    const upstream = answering(() => sse(choice({ content: evil, reasoning_content: evil }, 'stop')))
    const inTerminal = await ask(['-m', 'm', 'Hello'], { fetch: upstream.fetch, isTTY: true, env: { NO_COLOR: '1' } })
    expect(inTerminal.stdout).toBe('␛]52;c;cm0=␇ \\x9b2J\n')
    expect(inTerminal.stderr).toBe('␛]52;c;cm0=␇ \\x9b2J\n')
    expect((await ask(['-m', 'm', 'Hello'], { fetch: upstream.fetch })).stdout).toBe(evil)
  })

  test('prints one object with --json, and the chunks before it with --jsonl', async () => {
    const json = await ask(['-m', 'demo:tour', '--json', 'Hello'])
    expect(json).toMatchObject({ code: 0 })
    const result = JSON.parse(json.stdout) as Record<string, unknown>
    expect(result).toMatchObject({
      v: 1,
      type: 'result',
      model: 'demo:tour',
      finish_reason: 'tool_calls',
      partial: false,
      usage: { total_tokens: 161 },
    })
    expect(result['text']).toMatch(/^Let me look/)
    expect(result['reasoning']).toMatch(/^They ask/)
    const jsonl = await ask(['-m', 'demo:tour', '--jsonl', 'Hello'])
    const lines = jsonl.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.at(-1)).toMatchObject({ type: 'result', text: result['text'] })
    expect(lines.length).toBeGreaterThan(20)
    for (const line of lines.slice(0, -1)) expect(line['object']).toBe('chat.completion.chunk')
  })

  test('prints the error as the last object, after what had arrived', async () => {
    const { code, stdout, stderr } = await ask(['-m', 'demo:error', '--json', 'Hello'])
    expect(code).toBe(7)
    expect(stderr).toContain('error: The server is overloaded')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toMatchObject([
      { type: 'result', partial: true, text: 'This answer was going well until' },
      { v: 1, type: 'error', code: 'upstream_error', exit_code: 7 },
    ])
  })

  test('prints every other error as JSON, too, where JSON is asked for', async () => {
    const lastOf = async (argv: readonly string[], options: CliOptions = {}) => {
      const { code, stdout, stderr } = await ask(argv, options)
      expect(stderr).toMatch(/^error: /m)
      const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
      expect(last).toMatchObject({ v: 1, type: 'error', exit_code: code })
      expect(JSON.stringify(last)).not.toContain(apiKey)
      return [last['code'], last['message']]
    }
    const nowhere = { env: { OPENAI_BASE_URL: '', OPENAI_API_KEY: '' } }
    expect(await lastOf(['-m', 'm', '--json', 'Hi'], nowhere)).toEqual([
      'configuration',
      expect.stringContaining('there is no endpoint') as unknown,
    ])
    expect(await lastOf(['-m', 'm', '--jsonl', ' '])).toEqual([
      'usage',
      expect.stringContaining('no prompt') as unknown,
    ])
    const refusal = await lastOf(['-m', 'demo:refusal', '--json', 'Hi'])
    expect(refusal).toEqual(['unacceptable', 'the model refused to answer'])
    const schema = ['-m', 'demo:text', '--schema', 'name', '--format', 'json', 'Hi']
    expect(await lastOf(schema)).toEqual(['unacceptable', expect.stringContaining('not JSON') as unknown])
    // As a text, only stderr has it.
    expect((await ask(['-m', 'm', 'Hi'], nowhere)).stdout).toBe('')
  })

  test('tells tokens and times when it is asked to', async () => {
    const { stderr } = await ask(['-m', 'demo:text', '-u', 'Hello'])
    expect(stderr).toMatch(/^14 in · 42 out · 0\.\d\d s · ttft 0\.\d\d s(?: · \d+ tok\/s)?\n$/)
  })

  test.each(['md', 'text'])('says on a terminal what is no answer below all of the answer, as %s', async (format) => {
    const shown: string[] = []
    const onText = (text: string) => void shown.push(text)
    const argv = ['-m', 'demo:tour', '--no-store', '--usage', '--format', format, 'Weather?']
    await ask(argv, { isTTY: true, columns: 60, onStdout: onText, onStderr: onText })
    // oxlint-disable-next-line no-control-regex
    const screen = shown.join('').replaceAll(/\u001B\[[\d;]*m/g, '')
    expect(screen).toMatch(/ten\s+minutes\.\nnote: the model called get_weather[\s\S]* in · .* out/)
  })

  test('says which tools the model called', async () => {
    const { code, stdout, stderr } = await ask(['-m', 'demo:tools', 'Hello'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('note: the model called get_weather({"city":"Oslo","unit":"celsius"})\n')
    expect((await ask(['-m', 'demo:tools', '-q', 'Hello'])).stderr).toBe('')
  })

  test('keeps what had arrived when it is interrupted', async () => {
    const interrupt = new AbortController()
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(choice({ content: 'Once upon' }))}\n\n`))
      },
    })
    const upstream = answering(() => new Response(body))
    const onStdout = () => interrupt.abort(new Interrupted('SIGINT'))
    const { code, stdout, stderr } = await ask(['-m', 'm', 'Hello'], {
      fetch: upstream.fetch,
      signal: interrupt.signal,
      onStdout,
    })
    expect({ code, stdout }).toEqual({ code: 130, stdout: 'Once upon' })
    expect(stderr).toBe('note: stopped by Ctrl-C; the answer is partial\n')
  })

  test('ends quietly, and stops the server, when the reader of its output has left', async () => {
    const { code, stderr } = await ask(['-m', 'demo:text', 'Hello'], { closesAfter: 1 })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

const broken = { choices: [{ index: 0, delta: { content: 'Once' }, finish_reason: null }] }

describe('the exit code of ask', () => {
  test.each<[number, string, () => Response | Promise<Response>, string]>([
    [0, 'a finished answer', () => sse(choice({ content: 'Hi' }, 'stop')), ''],
    [
      0,
      'an answer with [DONE] and without finish reason',
      () => sse(choice({ content: 'Hi' })),
      'note: the answer ended without a finish reason',
    ],
    [
      4,
      'a wrong key',
      () => Response.json({ error: { message: 'Incorrect API key provided' } }, { status: 401 }),
      'error: the server answered 401: Incorrect API key provided (http_status)',
    ],
    [4, 'a wrong request', () => new Response('no', { status: 400 }), 'error: the server answered 400'],
    [5, 'a rate limit', () => new Response('', { status: 429 }), 'error: the server answered 429'],
    [5, 'an overload', () => new Response('', { status: 529 }), 'error: the server answered 529'],
    [
      6,
      'no connection',
      () =>
        Promise.reject(
          new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
        ),
      'ECONNREFUSED',
    ],
    [7, 'a cut stream', () => new Response(`data: ${JSON.stringify(broken)}\n\n`), 'incomplete_stream'],
    [7, 'a page instead of a stream', () => new Response('<html>Sign in</html>'), 'no_chunk'],
    [
      7,
      'a reported error',
      () => new Response(`data: ${JSON.stringify(broken)}\n\ndata: {"error":{"message":"boom"}}\n\n`),
      'error: boom (upstream_error)',
    ],
    [
      8,
      'an empty answer',
      () => sse(choice({ reasoning_content: 'hm' }), choice({}, 'stop')),
      'error: the answer is empty',
    ],
    [8, 'a refusal', () => sse(choice({ refusal: 'No.' }), choice({}, 'stop')), 'error: the model refused to answer'],
    [9, 'a cut answer', () => sse(choice({ content: 'Hi' }, 'length')), 'note: the answer was cut at the token limit'],
    [
      9,
      'a budget spent on thoughts',
      () => sse(choice({ reasoning_content: 'hm' }), choice({}, 'length')),
      'note: the answer was cut at the token limit',
    ],
    [
      9,
      'a filtered answer',
      () => sse(choice({ content: 'Hi' }, 'content_filter')),
      'note: the answer was cut by a content filter',
    ],
  ])('is %i for %s', async (expected, _, respond, message) => {
    const { code, stderr } = await ask(['-m', 'm', 'Hello'], { fetch: async () => respond() })
    expect(stderr).toContain(message)
    expect(code).toBe(expected)
    expect(stderr).not.toContain(apiKey)
  })

  test('is 143 when it is terminated', async () => {
    const interrupt = new AbortController()
    interrupt.abort(new Interrupted('SIGTERM'))
    expect((await ask(['-m', 'demo:text', 'Hello'], { signal: interrupt.signal })).code).toBe(143)
  })

  test('comes with the whole answer of the server when that is asked for, but never with the key', async () => {
    const body = { error: { message: `Wrong key: ${apiKey}` }, trace: 'a1b2' }
    const upstream = answering(() => Response.json(body, { status: 401 }))
    for (const form of [['-v'], ['-v', '--json']]) {
      const { code, stdout, stderr } = await ask(['-m', 'm', ...form, 'Hello'], { fetch: upstream.fetch })
      expect(code).toBe(4)
      expect(stderr).toContain('Wrong key: [OPENAI_API_KEY] (http_status)')
      expect(stderr).toContain('a1b2')
      expect(stdout + stderr).not.toContain(apiKey)
    }
  })

  test('is 1 for a fault of our own, which is reported as such', async () => {
    const { code, stderr } = await runCli(['merge', 'demo:text'], {
      onStdout: () => {
        throw new RangeError('surprise')
      },
    })
    expect(code).toBe(1)
    expect(stderr).toBe(
      'error: RangeError: surprise\nhint: this is a fault of deltawire; please report it with the output of -v\n',
    )
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'
import { NotCurl, readCurl } from '../src/recording/curl.ts'
import { callsInHar } from '../src/recording/har.ts'
import { NotWords, shellWords } from '../src/recording/shell-words.ts'
import { demoBytes } from '../src/source/demo.ts'
import { runCli, type CliOptions } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-captured-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = 'sk-secret-0123456789'
const streamed = new TextDecoder().decode(demoBytes('tools'))

/** An entry as the developer tools of Chromium write it. */
function entryOf(content: object, request: object = {}, response: object = {}) {
  return {
    startedDateTime: '2026-08-22T09:00:00.000Z',
    request: {
      method: 'POST',
      url: 'https://api.example.org/v1/chat/completions?api-version=2',
      headers: [
        { name: ':authority', value: 'api.example.org' },
        { name: 'Authorization', value: `Bearer ${key}` },
        { name: 'Cookie', value: 'session=cookie-0123456789' },
      ],
      postData: { mimeType: 'application/json', text: '{"model":"demo/model","n":1}' },
      ...request,
    },
    response: {
      status: 200,
      headers: [{ name: 'Content-Type', value: 'text/event-stream' }],
      content: { mimeType: 'text/event-stream', ...content },
      ...response,
    },
    timings: { send: 1, wait: 200.26, receive: 900 },
  }
}
const page = entryOf({ text: '<html>' }, { method: 'GET', url: 'https://example.org/' })

function har(...entries: readonly unknown[]): string {
  return JSON.stringify({ log: { version: '1.2', entries } })
}

function fromHar(stdin: string, argv: readonly string[] = []) {
  return runCli(['record', '--from-har', '-', ...argv], { stdin })
}

describe('record --from-har', () => {
  test('makes a recording of the one chat completion that a page has asked for', async () => {
    const { code, stdout, stderr } = await fromHar(har(page, entryOf({ text: streamed })))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      v: 1,
      type: 'chat.recording',
      started: '2026-08-22T09:00:00.000Z',
      timed: false,
      request: { method: 'POST', body: { model: 'demo/model', n: 1 } },
      response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 201.3 },
    })
    const body = await runCli(['replay', '--speed', '0'], { stdin: stdout })
    expect(body.bytes).toEqual(demoBytes('tools'))
    expect((await runCli(['lint', '--level', 'info'], { stdin: stdout })).stdout).toBe('')
  })

  test('knows a body in base64, whose bytes come out as they were', async () => {
    const bytes = Buffer.from([...demoBytes('utf8'), 0xff])
    const { stdout } = await fromHar(har(entryOf({ text: bytes.toString('base64'), encoding: 'base64' })))
    expect(Buffer.from((await runCli(['replay', '--speed', '0'], { stdin: stdout })).bytes)).toEqual(bytes)
  })

  test('invents no times: a view has none, and a measurement is refused', async () => {
    const { stdout } = await fromHar(har(entryOf({ text: streamed })))
    expect((await runCli(['view'], { stdin: stdout })).stdout).toBe((await runCli(['view', 'demo:tools'])).stdout)
    const bench = await runCli(['bench', '-'], { stdin: stdout })
    expect(bench).toMatchObject({ code: 2, stderr: expect.stringContaining('no times were recorded') as unknown })
  })

  test('writes a file for each of several, which only their owner can read', async () => {
    const both = har(entryOf({ text: streamed }), entryOf({ text: 'data: [DONE]\n\n' }))
    expect(await fromHar(both)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--dir') as unknown,
    })
    const dir = join(folder, 'rec')
    expect((await fromHar(both, ['--dir', dir])).code).toBe(0)
    const files = readdirSync(dir).toSorted()
    expect(files).toEqual(['20260822-090000-0001-demo-model.jsonl', '20260822-090000-0002-demo-model.jsonl'])
    expect(statSync(join(dir, files[0] ?? '')).mode & 0o777).toBe(0o600)
    const one = join(folder, 'one.jsonl')
    expect(await fromHar(har(entryOf({ text: streamed })), ['-o', one])).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(one, 'utf8')).toContain('"chat.recording"')
  })

  test('holds no key and no cookie, wherever they stand', async () => {
    const inQuery = `https://api.example.org/v1/chat/completions?key=query-0123456789`
    const postData = { text: JSON.stringify({ user: key, note: 'query-0123456789' }) }
    const text = streamed.replace('demo_oslo', `${key} cookie-0123456789`)
    const { stdout } = await fromHar(har(entryOf({ text }, { url: inQuery, postData })))
    expect(stdout).not.toMatch(/secret-0123|cookie-0123|query-0123/)
    expect(stdout).toContain('[redacted]')
    const less = await fromHar(har(entryOf({ text })), ['--redact', 'body.model'])
    expect(less.stdout).not.toContain('demo/model')
  })

  test.each([
    ['no JSON', 'PK\u0003', 'is no HAR file'],
    ['another JSON', '{"log":{}}', 'is no HAR file'],
    ['no call', har(page), 'there is no chat completion with its answer'],
    ['a capture without content', har(entryOf({})), 'there is no chat completion with its answer'],
    ['a call without an answer', har(entryOf({ text: 'x' }, {}, { status: 0 })), 'there is no chat completion'],
    ['NUL bytes', '\0\0', 'is not text'],
    ['nothing', '', 'is no HAR file'],
  ])('says what is wrong with %s', async (_, stdin, said) => {
    const { code, stdout, stderr } = await fromHar(stdin)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
  })

  test('says how many have no answer in the file', async () => {
    const { code, stderr } = await fromHar(har(entryOf({}), entryOf({ text: streamed })))
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'note: 1 without an answer in the file: export it with content\n',
    })
  })

  test('keeps a body that is nested too deeply as a text', async () => {
    const text = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const { code, stdout } = await fromHar(har(entryOf({ text: streamed }, { postData: { text } })))
    expect(code).toBe(0)
    expect((JSON.parse(stdout.split('\n')[0] ?? '') as { request: { body: unknown } }).request.body).toBe(text)
  })

  test('survives whatever else stands in a HAR', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (entry, request, response) => {
        const found = callsInHar(
          har(
            entry,
            { request, response },
            entryOf({ text: 'x', encoding: entry }, { headers: request }, { headers: response }),
          ),
        )
        expect(found?.calls.length).toBeGreaterThanOrEqual(1)
      }),
    )
    expect(callsInHar('{"log":{"entries":[{"__proto__":{"request":1}}]}}')).toEqual({ calls: [], withoutBody: 0 })
  })
})

describe('the words of a command line', () => {
  const valueOf = (name: string) => `<${name}>`

  test.each<[line: string, words: string[]]>([
    ['', []],
    ['  a\tb\n', ['a', 'b']],
    [`a'b c'd "e  f" '' ""`, ['ab cd', 'e  f', '', '']],
    ['a \\\n  b \\\r\n c', ['a', 'b', 'c']],
    [String.raw`it\'s a\ word`, ["it's", 'a word']],
    [String.raw`'it'\''s'`, ["it's"]],
    [String.raw`"a\"b\$c\\d\e"`, ['a"b$c\\d\\e']],
    ['$A "$A${B}" \'$A\'', ['<A>', '<A><B>', '$A']],
    [String.raw`$'a\n\t\'\\\x41\u0042\101\uD83C\uDF0D\U0001F30D\q'`, ["a\n\t'\\ABA🌍🌍q"]],
    ['http://x/?a=1 #1 *', ['http://x/?a=1', '#1', '*']],
    ['"a\nb"', ['a\nb']],
  ])('of %j', (line, words) => {
    expect(shellWords(line, valueOf)).toEqual(words)
  })

  test.each([
    ['a | sh', 'another command'],
    ['a; b', 'another command'],
    ['a & b', 'another command'],
    ['a > /etc/passwd', 'a file'],
    ['a < b', 'a file'],
    ['$(id)', 'is not run'],
    ['`id`', 'is not run'],
    ['"a $(id)"', 'is not run'],
    ['"a `id`"', 'is not run'],
    ['"a', 'not closed'],
    ["'a", 'not closed'],
    ["$'a", 'not closed'],
    ['a\\', 'ends with a backslash'],
    ['(a)', 'is not understood'],
    ['$', 'is not understood'],
  ])('refuses %j', (line, why) => {
    expect(() => shellWords(line, valueOf)).toThrow(why)
  })

  test('are words, or a reason, of any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a|b|\'|"|\\|$|(|{|}|)|`|;|<|\n| |x|0|u'.split('|'), '|') }),
        (line) => {
          try {
            expect(shellWords(line, valueOf).every((word) => typeof word === 'string')).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(NotWords)
          }
        },
      ),
    )
  })
})

describe('a curl command', () => {
  const read = (text: string) => readCurl(text, (name) => `<${name}>`)

  test('is read as documentation has it', () => {
    const text = String.raw`$ curl https://api.example.org/v1/chat/completions \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -d '{"model": "m", "messages": []}'`
    expect(read(text)).toEqual({
      method: 'POST',
      url: 'https://api.example.org/v1/chat/completions',
      headers: { 'content-type': 'application/json', authorization: 'Bearer <OPENAI_API_KEY>' },
      body: '{"model": "m", "messages": []}',
      insecure: false,
    })
  })

  test('is read as developer tools copy it', () => {
    const text = String.raw`curl 'http://127.0.0.1:1/x' -X 'PUT' -H 'accept: */*' -H 'x-empty;' -H 'x-gone:' -b 'a=1' --data-raw $'{"a":"it\'s\u0021"}' --compressed --insecure`
    expect(read(text)).toEqual({
      method: 'PUT',
      url: 'http://127.0.0.1:1/x',
      headers: { accept: '*/*', 'x-empty': '', cookie: 'a=1', 'content-type': 'application/x-www-form-urlencoded' },
      body: `{"a":"it's!"}`,
      insecure: true,
    })
  })

  test('is read however its flags are written', () => {
    expect(read('curl -sSNXPOST --url=127.0.0.1:9/x --json={} -uada:secret -o out.txt -m 3')).toEqual({
      method: 'POST',
      url: 'http://127.0.0.1:9/x',
      headers: { 'content-type': 'application/json', authorization: 'Basic YWRhOnNlY3JldA==' },
      body: '{}',
      insecure: false,
    })
    expect(read('/usr/bin/curl http://x/ -d a=1 -d b=2').body).toBe('a=1&b=2')
    expect(read('curl http://x/')).toMatchObject({ method: 'GET', body: undefined })
  })

  test.each([
    ['wget http://x', 'does not begin with curl'],
    ['', 'does not begin with curl'],
    ['curl', 'names no address'],
    ['curl http://x http://y', 'asks two addresses'],
    ['curl file:///etc/passwd', 'is no http URL'],
    ['curl gopher://x', 'is no http URL'],
    ['curl http://ada:secret@x/', 'use -u'],
    ['curl http://x -d @/etc/passwd', 'sends the file "/etc/passwd"'],
    ['curl http://x --json @a', 'sends the file "a"'],
    ['curl http://x -F a=@b', '"-F" is not understood'],
    ['curl http://x -K evil', '"-K" is not understood'],
    ['curl http://x --proxy http://evil', '"--proxy" is not understood'],
    ['curl http://x --__proto__ a', 'is not understood'],
    ['curl http://x -H', '--header has no value'],
    ['curl http://x -H sk-secret', 'a header is not as in'],
    ["curl http://x -H $'a: b\\r\\nc: d'", 'a header is not as in'],
    ['curl http://x -X "GET /"', 'is no method'],
    ['curl http://x | sh', 'another command'],
  ])('is refused: %s', (text, why) => {
    expect(() => read(text)).toThrow(NotCurl)
    expect(() => read(text)).toThrow(why)
  })
})

describe('record --from-curl', () => {
  let server: MockServer
  beforeAll(async () => {
    server = await createMockServer({ apiKey: key })
  })
  afterAll(() => server.close())

  const command = (
    body: object = { model: 'demo:text', messages: [], stream: true, stream_options: { include_usage: true } },
  ) => `curl ${server.baseURL}/chat/completions -H "authorization: Bearer $SOME_KEY" --json '${JSON.stringify(body)}'`

  function fromCurl(stdin: string, argv: readonly string[] = [], options: CliOptions = {}) {
    const env = { SOME_KEY: key }
    return runCli(['record', '--from-curl', '-', ...argv], { stdin, env, clock: systemClock, ...options })
  }

  test('makes the call, and records it without its key', async () => {
    const { code, stdout, stderr } = await fromCurl(command())
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain(key)
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      request: { method: 'POST', headers: { authorization: '[redacted]' }, body: { model: 'demo:text' } },
      response: { status: 200 },
    })
    expect((await runCli(['replay', '--speed', '0'], { stdin: stdout })).bytes).toEqual(demoBytes('text'))
  })

  test('prints the answer when the recording goes to a file', async () => {
    const file = join(folder, 'call.jsonl')
    writeFileSync(join(folder, 'call.txt'), command())
    const result = await fromCurl('', ['-o', file], {})
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('does not begin with curl') as unknown })
    const env = { SOME_KEY: key }
    const run = await runCli(['record', '--from-curl', join(folder, 'call.txt'), '-o', file], {
      env,
      clock: systemClock,
    })
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^A chunk is/) as unknown })
    expect(run.stderr).toBe(`note: recorded in ${file}\n`)
    expect((await runCli(['merge', file, '--text'])).stdout).toBe(run.stdout)
  })

  test('says which variable is missing, and asks nobody', async () => {
    const fetch = () => Promise.reject(new Error('nobody is asked'))
    const { code, stderr } = await fromCurl(command(), [], { env: {}, fetch })
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('$SOME_KEY') as unknown })
  })

  test.each([
    [4, 'a key that is refused', () => fromCurl(command(), [], { env: { SOME_KEY: 'sk-another-0123' } })],
    [6, 'a server that is not there', () => fromCurl(`curl http://127.0.0.1:1/v1/chat/completions --json '{}'`)],
    [7, 'a stream that breaks', () => fromCurl(`${command()} -H 'x-mock-fault: cut@chunk:4'`)],
    [2, 'flags that the command has itself', () => fromCurl(command(), ['-m', 'x'])],
    [2, 'a prompt beside it', () => fromCurl(command(), ['Hello'])],
  ] as const)('ends with %i for %s', async (code, _, call) => {
    const result = await call()
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code })
    expect(result.stderr).toMatch(/^(?:note: .*\n)?error: /)
    expect(result.stdout + result.stderr).not.toMatch(/sk-secret|sk-another/)
  })
})

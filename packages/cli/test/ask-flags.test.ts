import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { demoBytes } from '../src/source/demo.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, choice, saying, sse, type Asked } from './upstream.ts'

const home = tempHome()
const apiKey = 'sk-test-0123456789'

function ask(argv: readonly string[], options: CliOptions = {}) {
  const env = {
    ...home.env,
    OPENAI_BASE_URL: 'http://up.example/v1',
    OPENAI_API_KEY: apiKey,
    DELTAWIRE_MODEL: 'm',
    ...options.env,
  }
  return runCli(['ask', ...argv], { ...options, env, cwd: options.cwd ?? home.path })
}

/** What was sent for these arguments. */
async function sent(argv: readonly string[], options: CliOptions = {}): Promise<Asked> {
  const upstream = answering(() => saying('ok'))
  const { code, stderr } = await ask(argv, { ...options, fetch: upstream.fetch })
  const [request] = upstream.requests
  if (request === undefined) throw new Error(`exit code ${code}: ${stderr}`)
  return request
}

async function failure(argv: readonly string[], options: CliOptions = {}) {
  const upstream = answering(() => saying('ok'))
  const result = await ask(argv, { ...options, fetch: upstream.fetch })
  expect(upstream.requests).toEqual([])
  return result
}

const messages = async (argv: readonly string[], options: CliOptions = {}) =>
  (await sent(argv, options)).body['messages']
const user = (content: unknown) => ({ role: 'user', content })
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const pngUrl = `data:image/png;base64,${Buffer.from(png).toString('base64')}`

describe('what is asked', () => {
  test('is the words, the files and standard input, each between marks', async () => {
    home.write('a.txt', 'A\n')
    home.write('src/b.ts', 'B\n')
    home.write('src/deep/c.ts', 'C\n')
    home.write('src/d.png', png)
    home.write('src/.hidden', 'H')
    const [a, b, c] = ['a.txt', 'src/b.ts', 'src/deep/c.ts'].map(
      (name, at) => `<file name="${name}">\n${'ABC'[at]}\n</file>`,
    )
    expect(await messages(['-f', 'a.txt', 'look', 'at'], { stdin: 'in\n' })).toEqual([
      user(`look at\n\n${a}\n\n<stdin>\nin\n</stdin>`),
    ])
    expect(await messages(['-f', 'src', 'hi'])).toEqual([user(`hi\n\n${b}\n\n${c}`)])
    expect(await messages(['-f', 'src/*.ts', 'hi'])).toEqual([user(`hi\n\n${b}`)])
    expect(await messages(['-f', 'src/**/*.ts', '-f', 'a.txt', 'hi'])).toEqual([user(`hi\n\n${b}\n\n${c}\n\n${a}`)])
    expect(await messages(['-f', '-', 'hi'], { stdin: 'in\n' })).toEqual([user('hi\n\n<stdin>\nin\n</stdin>')])
    expect(await messages(['--stdin-as', 'x.diff', 'hi'], { stdin: 'in\n' })).toEqual([
      user('hi\n\n<file name="x.diff">\nin\n</file>'),
    ])
    expect(await failure(['-f', 'none.txt', 'hi'])).toMatchObject({
      code: 2,
      stderr: 'error: cannot read "none.txt": no such file\n',
    })
    expect(await failure(['-f', '*.none', 'hi'])).toMatchObject({ code: 2, stderr: 'error: no file fits "*.none"\n' })
    expect((await failure(['-f', 'src/d.png', 'hi'])).stderr).toContain('attach it with -a src/d.png')
  })

  test('is a text or a picture from a URL', async () => {
    const upstream = answering(({ url }) => (url === 'http://text.example/a' ? new Response('T') : saying('ok')))
    await ask(['-f', 'http://text.example/a', 'hi'], { fetch: upstream.fetch })
    expect(upstream.requests[1]?.body['messages']).toEqual([
      user('hi\n\n<file name="http://text.example/a">\nT\n</file>'),
    ])
    const image = { type: 'image_url', image_url: { url: 'http://pictures.example/cat.png' } }
    expect(await messages(['-a', 'http://pictures.example/cat.png', 'hi'])).toEqual([
      user([{ type: 'text', text: 'hi' }, image]),
    ])
    const missing: typeof fetch = async () => new Response('', { status: 404 })
    expect((await ask(['-f', 'http://text.example/a', 'hi'], { fetch: missing })).stderr).toContain(
      'the server answered 404',
    )
  })

  test('has attachments of every kind', async () => {
    home.write('cat', png)
    home.write('say.wav', 'RIFF....WAVEfmt ')
    home.write('paper.pdf', '%PDF-1.7')
    home.write('odd.bin', 'what')
    expect(await messages(['-a', 'cat', '-a', 'say.wav', '-a', 'paper.pdf', 'hi'])).toEqual([
      user([
        { type: 'text', text: 'hi' },
        { type: 'image_url', image_url: { url: pngUrl } },
        {
          type: 'input_audio',
          input_audio: { data: Buffer.from('RIFF....WAVEfmt ').toString('base64'), format: 'wav' },
        },
        {
          type: 'file',
          file: {
            filename: 'paper.pdf',
            file_data: `data:application/pdf;base64,${Buffer.from('%PDF-1.7').toString('base64')}`,
          },
        },
      ]),
    ])
    expect(await messages(['-a', '-', 'hi'], { stdin: [png] })).toEqual([
      user([
        { type: 'text', text: 'hi' },
        { type: 'image_url', image_url: { url: pngUrl } },
      ]),
    ])
    expect(await messages(['--at', 'image/bmp:odd.bin', 'hi'])).toEqual([
      user([
        { type: 'text', text: 'hi' },
        { type: 'image_url', image_url: { url: 'data:image/bmp;base64,d2hhdA==' } },
      ]),
    ])
    expect((await failure(['-a', 'odd.bin', 'hi'])).stderr).toContain('say it: --at image/png:odd.bin')
    expect((await failure(['hi'], { stdin: [png] })).stderr).toBe(
      'error: standard input is not text (UTF-8)\nhint: a picture or a sound is attached with -a -\n',
    )
  })

  test('has a system message, also from a file', async () => {
    home.write('rules.md', 'Be brief.\n')
    expect(await messages(['-s', '@rules.md', 'hi'])).toEqual([{ role: 'system', content: 'Be brief.' }, user('hi')])
    expect((await failure(['-s', '@none.md', 'hi'])).code).toBe(2)
  })

  test('has the fields that the flags name', async () => {
    const { body } = await sent([
      '-O',
      'top_p=0.5',
      '-O',
      'stop=["a"]',
      '-O',
      'user=me',
      '--temperature',
      '0.2',
      '--max-tokens',
      '9',
      '-n',
      '2',
      'hi',
    ])
    expect(body).toMatchObject({ top_p: 0.5, stop: ['a'], user: 'me', temperature: 0.2, max_tokens: 9, n: 2 })
    const official = await sent(['--max-tokens', '9', 'hi'], { env: { OPENAI_BASE_URL: '' } })
    expect(official.body).toMatchObject({ max_completion_tokens: 9 })
    expect(official.body).not.toHaveProperty('max_tokens')
    expect((await failure(['-O', 'top_p', 'hi'])).stderr).toContain('-O needs a field of the request as in top_p=0.9')
  })

  test('is a whole request, which the other flags change', async () => {
    const request = {
      model: 'theirs',
      stream: false,
      messages: [{ role: 'system', content: 's' }, user('q')],
      top_p: 0.1,
    }
    home.write('request.json', JSON.stringify(request))
    const env = { DELTAWIRE_MODEL: '' }
    expect((await sent(['--request', join(home.path, 'request.json')], { env })).body).toMatchObject({
      ...request,
      stream: true,
    })
    const piped = await sent(['--request', '-', '-m', 'mine', '-O', 'top_p=1', 'more'], {
      stdin: JSON.stringify(request),
    })
    expect(piped.body).toMatchObject({ model: 'mine', top_p: 1, messages: [...request.messages, user('more')] })
    home.write('bad.json', '[]')
    expect((await failure(['--request', join(home.path, 'bad.json')])).stderr).toContain('is no JSON object')
  })

  test('is a template with its gaps filled', async () => {
    home.write(
      'config/deltawire/templates/review.md',
      '---\ndescription: reviews\nmodel: careful\nsystem: You are {{tone}}.\noption.temperature: 0.1\nparam.tone: kind\n---\nWhat may break in {{what}}?\n\n{{input}}\n',
    )
    const { body } = await sent(['-t', 'review', '-P', 'what=this', 'code'])
    expect(body).toMatchObject({
      model: 'careful',
      temperature: 0.1,
      messages: [{ role: 'system', content: 'You are kind.' }, user('What may break in this?\n\ncode')],
    })
    expect((await sent(['-t', 'review', '-P', 'what=a', '-P', 'tone=strict', '-m', 'x', 'b'])).body).toMatchObject({
      model: 'x',
      messages: [{ content: 'You are strict.' }, {}],
    })
    expect(await failure(['-t', 'review', 'code'])).toMatchObject({
      code: 2,
      stderr: 'error: the template review needs what\nhint: give it with -P what=…\n',
    })
    expect((await failure(['-t', 'revew', 'code'])).stderr).toContain('did you mean review?')
    home.write('config/deltawire/templates/plain.md', 'Shorter:\n')
    expect(await messages(['-t', 'plain', 'x'])).toEqual([user('Shorter:\n\nx')])
  })

  test.skipIf(process.platform === 'win32')('is written in an editor', async () => {
    const editor = home.write('editor.sh', '#!/bin/sh\nprintf " and more" >> "$1"\n', 0o755)
    expect(await messages(['-e', 'words'], { env: { EDITOR: editor } })).toEqual([user('words and more')])
    expect((await failure(['-e', 'words'], { env: { VISUAL: 'false' } })).stderr).toContain(
      'the editor ended with exit code 1',
    )
  })

  test('is printed instead of sent', async () => {
    const dry = await failure(['--dry-run', '-s', 'S', 'hi'])
    expect(dry.code).toBe(0)
    expect(JSON.parse(dry.stdout)).toEqual({
      model: 'm',
      messages: [{ role: 'system', content: 'S' }, user('hi')],
      stream: true,
    })
    const curl = await failure(['--curl', '--header', 'x-token: t0ken-secret', "it's"])
    expect(curl.stdout).toContain("curl --no-buffer 'http://up.example/v1/chat/completions'")
    expect(curl.stdout).toContain('--header "authorization: Bearer $OPENAI_API_KEY"')
    expect(curl.stdout).toContain(String.raw`it'\''s`)
    expect(curl.stdout).not.toMatch(/sk-test|t0ken-secret/)
    expect((await ask(['--dry-run', '--curl', 'hi'])).code).toBe(2)
  })

  test('is asked as a whole', async () => {
    const upstream = answering(() =>
      Response.json({
        id: 'a',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' }],
      }),
    )
    expect(await ask(['--no-stream', 'hi'], { fetch: upstream.fetch })).toMatchObject({ code: 0, stdout: 'whole' })
    expect(upstream.requests[0]?.body).not.toHaveProperty('stream')
  })

  test('is told with its headers, but without its secrets', async () => {
    const upstream = answering(() => saying('ok'))
    expect((await ask(['-v', 'hi'], { fetch: upstream.fetch })).stderr).toBe('')
    const { stderr } = await ask(['-vv', 'hi'], { fetch: upstream.fetch })
    expect(stderr).toContain('> POST http://up.example/v1/chat/completions\n')
    expect(stderr).toContain('> authorization: [redacted]\n')
    expect(stderr).toContain('< 200\n')
    expect(stderr).not.toContain('"content"')
    const { stdout, stderr: all } = await ask(['-vvv', 'hi'], { fetch: upstream.fetch })
    expect(stdout).toBe('ok')
    expect(all).toContain('{"role":"user","content":"hi"}')
    expect(all).toContain('"delta":{"role":"assistant","content":"ok"}')
  })
})

describe('how it is printed', () => {
  const markdown = '# Title\n\n- **one**\n- `two`\n'

  test('is Markdown on a terminal, and the text as it is in a pipe', async () => {
    const { fetch } = answering(() => saying(markdown))
    expect((await ask(['hi'], { fetch })).stdout).toBe(markdown)
    const env = { NO_COLOR: '1' }
    expect((await ask(['hi'], { fetch, isTTY: true, env })).stdout).toBe('# Title\n\n• one\n• `two`\n')
    for (const flag of [['--format', 'text'], ['-r']])
      expect((await ask([...flag, 'hi'], { fetch, isTTY: true })).stdout).toBe(markdown)
    expect((await ask(['--format', 'md', 'hi'], { fetch })).stdout).toBe('# Title\n\n• one\n• `two`\n')
    const styled =
      '\u001B[1m\u001B[4mTitle\u001B[22m\u001B[24m\n\n• \u001B[1mone\u001B[22m\n• \u001B[36mtwo\u001B[39m\n'
    expect((await ask(['--format', 'md', '--color', 'always', 'hi'], { fetch })).stdout).toBe(styled)
    expect((await ask(['--format', 'md', 'hi'], { fetch, env: { FORCE_COLOR: '1' } })).stdout).toBe(styled)
    expect((await ask(['--color', 'never', 'hi'], { fetch, isTTY: true })).stdout).not.toContain('\u001B')
    home.write('config/deltawire/config.json', '{"render": "text"}')
    expect((await ask(['hi'], { fetch, isTTY: true })).stdout).toBe(markdown)
  })

  test('is bytes as they came, where those are wanted', async () => {
    const bytes = new TextDecoder().decode(demoBytes('tour'))
    const fetch: typeof globalThis.fetch = async () => new Response(demoBytes('tour'))
    expect((await ask(['--format', 'sse', 'hi'], { fetch })).stdout).toBe(bytes)
    expect((await runCli(['-m', 'demo:tour', '--format', 'sse', 'hi'])).stdout).toBe(bytes)
  })

  test('has raw bytes for a terminal only when it is told so', async () => {
    const { fetch } = answering(() => saying('\u001B[31mred'))
    expect((await ask(['--raw-bytes', 'hi'], { fetch, isTTY: true })).stdout).toContain('\u001B[31mred')
    expect((await ask(['-r', 'hi'], { fetch, isTTY: true })).stdout).toBe('␛[31mred\n')
  })

  test('ends with a line end in a pipe only when it is told so', async () => {
    const { fetch } = answering(() => saying('a'))
    expect((await ask(['hi'], { fetch })).stdout).toBe('a')
    expect((await ask(['--newline', 'hi'], { fetch })).stdout).toBe('a\n')
    const whole = answering(() => saying('a\n'))
    expect((await ask(['--newline', 'hi'], { fetch: whole.fetch })).stdout).toBe('a\n')
  })

  test('is one choice after the other', async () => {
    const { fetch } = answering(() =>
      sse(choice({ content: 'A' }, null, 0), choice({ content: 'B' }, 'stop', 1), choice({}, 'stop', 0)),
    )
    expect(await ask(['-n', '2', 'hi'], { fetch })).toMatchObject({
      code: 0,
      stdout: '--- 1 of 2 ---\nA\n\n--- 2 of 2 ---\nB\n',
    })
    const json = await ask(['-n', '2', '--format', 'json', 'hi'], { fetch })
    expect(JSON.parse(json.stdout)).toMatchObject({ choices: [{ index: 0 }, { index: 1 }] })
  })

  test('is only a block of code', async () => {
    const { fetch } = answering(() => saying('Here:\n```js\nlet a\n```\nand\n```sh\nls\n```\n'))
    expect(await ask(['-x', 'hi'], { fetch })).toMatchObject({ code: 0, stdout: 'let a\n' })
    expect(await ask(['--extract=2', 'hi'], { fetch })).toMatchObject({ code: 0, stdout: 'ls\n' })
    expect(await ask(['--extract=sh', 'hi'], { fetch })).toMatchObject({ code: 0, stdout: 'ls\n' })
    expect(await ask(['--extract=py', 'hi'], { fetch })).toMatchObject({
      code: 8,
      stdout: '',
      stderr: 'error: there is no block of py in the answer\n',
    })
    const none = answering(() => saying('no code'))
    expect(await ask(['-x', 'hi'], { fetch: none.fetch })).toMatchObject({ code: 8, stdout: '' })
  })

  test('is a value that follows a schema, or exit code 8', async () => {
    const good = answering(() => saying('{"name":"Ada","age":36}'))
    const result = await ask(['--schema', 'name, age int', '--json', 'hi'], { fetch: good.fetch })
    expect(result.code).toBe(0)
    expect(JSON.parse(result.stdout)).toMatchObject({ value: { name: 'Ada', age: 36 } })
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
      additionalProperties: false,
    }
    expect(good.requests[0]?.body['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema, strict: true },
    })
    const bad = answering(() => saying('{"name":1,"extra":2}'))
    const invalid = await ask(['--schema', 'name, age int', 'hi'], { fetch: bad.fetch })
    expect(invalid).toMatchObject({ code: 8, stdout: '{"name":1,"extra":2}' })
    expect(invalid.stderr).toBe(
      'error: the answer does not follow the schema: name has to be string, not integer; age is missing; extra is not in the schema\n',
    )
    const prose = answering(() => saying('Ada'))
    expect((await ask(['--schema', 'name', 'hi'], { fetch: prose.fetch })).code).toBe(8)
    const file = home.write('schema.json', JSON.stringify(schema))
    expect((await sent(['--schema', file, 'hi'])).body['response_format']).toMatchObject({ json_schema: { schema } })
    expect((await failure(['--schema', 'name what', 'hi'])).stderr).toContain('"name what" is no field of a schema')
  })

  test('comes with tokens, times and cost', async () => {
    home.write('config/deltawire/config.json', '{"prices": {"m": {"in": 1, "cachedIn": 0.5, "out": 10}}}')
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 200,
      total_tokens: 1200,
      prompt_tokens_details: { cached_tokens: 400 },
    }
    const { fetch } = answering(() => sse(choice({ content: 'a' }, 'stop'), { choices: [], usage }))
    const result = await ask(['-u', '--json', 'hi'], { fetch })
    expect(result.stderr).toMatch(/^1000 in · 200 out · .* · \$0\.0028\n$/)
    expect(JSON.parse(result.stdout)).toMatchObject({ cost: 0.0028, usage })
    const guessed = answering(() => saying('a b c'))
    expect((await ask(['-u', 'hi'], { fetch: guessed.fetch })).stderr).toMatch(/^~\d+ in · ~\d+ out · .* · ~\$/)
  })

  test('is recorded, without the key', async () => {
    const { fetch } = answering(() => saying('ok'))
    const file = join(home.path, 'r.jsonl')
    const { stdout } = await ask([`--record=${file}`, '--json', 'hi'], { fetch })
    expect(JSON.parse(stdout)).toMatchObject({ recording: file })
    const recording = readFileSync(file, 'utf8')
    expect(recording).toContain('chat.recording')
    expect(recording).not.toContain(apiKey)
    expect((await runCli(['merge', '--text', file])).stdout).toBe('ok')
    await ask(['--record', 'hi'], { fetch })
    expect(statSync(join(home.path, 'data/deltawire/recordings')).isDirectory()).toBe(true)
  })
})

describe('tools', () => {
  const tool = `#!/bin/sh
if [ "$1" = --schema ]; then echo '{"name":"weather","description":"tells it","parameters":{"type":"object"}}'; exit; fi
printf 'sunny in '; cat
`
  const calling = (asked: Asked, count: number) =>
    count === 1
      ? sse(
          choice({
            tool_calls: [
              { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            ],
          }),
          choice({}, 'tool_calls'),
        )
      : saying(`It is ${JSON.stringify(asked.body['messages']).includes('sunny') ? 'sunny' : 'unknown'}.`)

  test.skipIf(process.platform === 'win32')('are run with the arguments of the model, and told to it', async () => {
    const path = home.write('weather', tool, 0o755)
    const upstream = answering(calling)
    const { code, stdout, stderr } = await ask(['--tool', path, '--yes', 'weather?'], { fetch: upstream.fetch })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'It is sunny.' })
    expect(stderr).toBe('note: the model called weather({"city":"Oslo"})\n')
    expect(upstream.requests[0]?.body['tools']).toEqual([
      { type: 'function', function: { name: 'weather', description: 'tells it', parameters: { type: 'object' } } },
    ])
    expect(upstream.requests[1]?.body['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'c1' }] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny in {"city":"Oslo"}' },
    ])
    const shown = await runCli(['history', 'show', '--json'], { env: home.env })
    expect(shown.stdout.trim().split('\n').length).toBe(4)
  })

  test.skipIf(process.platform === 'win32')('leave the recording of each answer where it is', async () => {
    const path = home.write('weather', tool, 0o755)
    const file = join(home.path, 'call.jsonl')
    await ask([`--record=${file}`, '--tool', path, '--yes', 'weather?'], { fetch: answering(calling).fetch })
    const textOf = async (name: string) => (await runCli(['merge', '--text', name], { env: home.env })).stdout
    const callsOf = async (name: string) =>
      (await runCli(['merge', '--tool-calls', '--compact', name], { env: home.env })).stdout
    expect(await callsOf(file)).toContain('"name":"weather"')
    expect(await textOf(join(home.path, 'call-2.jsonl'))).toBe('It is sunny.')
    const { stdout } = await runCli(['history', 'show', '--json'], { env: home.env })
    const [, called = ''] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id)
    expect(await callsOf(`@${called}`)).toContain('"name":"weather"')
    expect(await textOf('@')).toBe('It is sunny.')
  })

  test.skipIf(process.platform === 'win32')('are not run when nobody is there to ask, and not for ever', async () => {
    const path = home.write('weather', tool, 0o755)
    const refused = await ask(['--tool', path, 'weather?'], { fetch: answering(calling).fetch })
    expect(refused.stdout).toBe('It is unknown.')
    expect(refused.stderr).toContain('weather was not run: nobody is there to ask; --yes runs tools without asking')
    const endless = answering((asked) => calling(asked, 1))
    const stopped = await ask(['--tool', path, '--yes', '--max-steps', '3', 'weather?'], { fetch: endless.fetch })
    expect(endless.requests.length).toBe(3)
    expect(stopped.stderr).toContain('stopped after 3 steps')
  })

  test('have to say what they are', async () => {
    expect((await failure(['--tool', 'echo', 'hi'])).stderr).toContain('the tool "echo" prints no JSON with --schema')
    expect((await failure(['--tool', '/no/such/tool', 'hi'])).stderr).toContain('not found')
  })
})

describe('a conversation', () => {
  const talk = async (argv: readonly string[], respond = () => saying('answer'), options: CliOptions = {}) => {
    const upstream = answering(respond)
    const result = await ask(argv, { ...options, fetch: upstream.fetch })
    return { ...result, messages: upstream.requests[0]?.body['messages'] as { content: string }[] }
  }
  const contents = (all: readonly { content: string }[]) => all.map(({ content }) => content)

  test('goes on', async () => {
    await talk(['-s', 'S', 'one'])
    const { messages: next } = await talk(['-c', 'two'])
    expect(contents(next)).toEqual(['S', 'one', 'answer', 'two'])
    await talk(['--title', 'Other', 'three'])
    expect(contents((await talk(['--continue=one', 'four'])).messages)).toEqual([
      'S',
      'one',
      'answer',
      'two',
      'answer',
      'four',
    ])
    expect(contents((await talk(['--continue=Other', 'five'])).messages)).toEqual(['three', 'answer', 'five'])
    expect(contents((await talk(['--continue=Other', '--at-message', '2', 'six'])).messages)).toEqual([
      'three',
      'answer',
      'six',
    ])
    expect(await talk(['--continue=nothing', 'x'])).toMatchObject({
      code: 2,
      stderr: 'error: there is no conversation "nothing"\nhint: deltawire history ls lists them\n',
    })
  })

  test('goes on with its model, unless another is asked for', async () => {
    const models = async (argv: readonly string[]) =>
      (await sent(argv, { env: { DELTAWIRE_MODEL: 'usual' } })).body['model']
    await models(['-m', 'special', 'one'])
    expect(await models(['-c', 'two'])).toBe('special')
    expect(await models(['-c', '-m', 'other', 'three'])).toBe('other')
  })

  test('is copied, and the original stays', async () => {
    await talk(['one'])
    const { messages: next } = await talk(['--fork', 'two'])
    expect(contents(next)).toEqual(['one', 'answer', 'two'])
    const { stdout } = await runCli(['history', 'ls'], { env: home.env })
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(16).trim()),
    ).toEqual(['4  one (copy)', '2  one'])
  })

  test('is kept only where it is wanted', async () => {
    await talk(['--no-store', 'one'])
    await talk(['two'], undefined, { env: { DELTAWIRE_NO_STORE: '1' } })
    home.write('config/deltawire/config.json', '{"store": false}')
    await talk(['three'])
    expect((await runCli(['history'], { env: home.env })).stderr).toBe('note: the history is empty\n')
    home.write('config/deltawire/config.json', '{}')
    await talk(['--data-dir', join(home.path, 'own'), 'four'])
    expect((await runCli(['history', '--data-dir', join(home.path, 'own')], { env: home.env })).stdout).toContain(
      'four',
    )
  })

  test('keeps a partial answer, marked, and goes on with it', async () => {
    const interrupt = new AbortController()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) =>
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(choice({ content: 'Once upon' }))}\n\n`)),
    })
    const stopped = await talk(['tell'], () => new Response(body), {
      signal: interrupt.signal,
      onStdout: () => interrupt.abort(new Interrupted('SIGINT')),
    })
    expect(stopped).toMatchObject({ code: 130, stdout: 'Once upon' })
    const [, answer = ''] = (await runCli(['history', 'show', '--json'], { env: home.env })).stdout.split('\n')
    expect(JSON.parse(answer)).toMatchObject({
      message: { content: 'Once upon' },
      answer: { status: 'partial', reason: 'stopped by Ctrl-C' },
    })
    expect(contents((await talk(['-c', 'go on'])).messages)).toEqual(['tell', 'Once upon', 'go on'])
  })

  test('begins the next prompt where somebody had answered', async () => {
    await talk(['one'])
    expect((await talk(['-c', 'refused'], () => new Response('', { status: 400 }))).code).toBe(4)
    expect(contents((await talk(['-c', 'two'])).messages)).toEqual(['one', 'answer', 'two'])
  })

  test('does not send calls that nobody has answered', async () => {
    await talk(['one'], () =>
      sse(
        choice({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
        choice({}, 'tool_calls'),
      ),
    )
    const { messages: next } = await talk(['-c', 'two'])
    expect(next[1]).toEqual({ role: 'assistant', content: 'I would call f({}).' })
  })
})

describe('the exit code', () => {
  test('is softer or stricter where that is wanted', async () => {
    const cut = answering(() => sse(choice({ content: 'a' }, 'length')))
    const first = await ask(['hi'], { fetch: cut.fetch })
    expect(first.code).toBe(9)
    expect(first.stderr).toContain('continue with: deltawire -c "go on"')
    expect((await ask(['--allow-truncated', 'hi'], { fetch: cut.fetch })).code).toBe(0)
    const unended = answering(() => sse(choice({ content: 'a' })))
    expect((await ask(['hi'], { fetch: unended.fetch })).code).toBe(0)
    expect((await ask(['--strict', 'hi'], { fetch: unended.fetch })).code).toBe(7)
  })
})

describe('the ten cases that the ancestor gets wrong', () => {
  const half = `data: ${JSON.stringify(choice({ content: 'Once' }))}\n\n`

  test('1: all words are the prompt', async () =>
    expect(await messages(['hello', 'world'])).toEqual([user('hello world')]))
  test('2: standard input is read', async () =>
    expect(await messages([], { stdin: 'from a pipe' })).toEqual([user('from a pipe')]))
  test('3: an error inside of the stream is exit code 7, with what had arrived', async () =>
    expect(
      await ask(['hi'], { fetch: async () => new Response(`${half}data: {"error":{"message":"boom"}}\n\n`) }),
    ).toMatchObject({ code: 7, stdout: 'Once' }))
  test('4: an end without [DONE] is exit code 7, and the answer is kept', async () => {
    expect(await ask(['hi'], { fetch: async () => new Response(half) })).toMatchObject({ code: 7, stdout: 'Once' })
    expect((await runCli(['history', 'show'], { env: home.env })).stdout).toContain('partial')
  })
  test('5: a character that is cut in two arrives whole', async () => {
    const bytes = new TextEncoder().encode(
      `data: ${JSON.stringify(choice({ content: '日本語😀' }, 'stop'))}\n\ndata: [DONE]\n\n`,
    )
    const fetch: typeof globalThis.fetch = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
            controller.close()
          },
        }),
      )
    expect((await ask(['hi'], { fetch })).stdout).toBe('日本語😀')
  })
  test('6: two choices are not mixed', async () => {
    const { fetch } = answering(() =>
      sse(
        choice({ content: 'A1' }, null, 0),
        choice({ content: 'B1' }, null, 1),
        choice({ content: 'A2' }, 'stop', 0),
        choice({ content: 'B2' }, 'stop', 1),
      ),
    )
    expect((await ask(['-n', '2', 'hi'], { fetch })).stdout).toBe('--- 1 of 2 ---\nA1A2\n\n--- 2 of 2 ---\nB1B2\n')
  })
  test('7: the usage is that of the server', async () => {
    const usage = { prompt_tokens: 99, completion_tokens: 7, total_tokens: 106 }
    const { fetch } = answering(() => sse(choice({ content: 'a' }, 'stop'), { choices: [], usage }))
    expect((await ask(['-u', 'hi'], { fetch })).stderr).toMatch(/^99 in · 7 out/)
  })
  test('8: what is said besides the answer does not stand in it', async () => {
    const { fetch } = answering(() => saying('only this'))
    expect((await ask(['-vvv', '-u', 'hi'], { fetch })).stdout).toBe('only this')
  })
  test('9: every conversation is kept, whatever it is called and whatever the key is', async () => {
    const { fetch } = answering(() => saying('ok'))
    await ask(['--title', 'a.b', 'one'], { fetch })
    await ask(['two'], { fetch, env: { OPENAI_API_KEY: 'sk-other-0123456789' } })
    const { stdout } = await runCli(['history'], { env: home.env })
    expect(stdout).toContain('a.b')
    expect(stdout).toContain('two')
  })
  test('10: a time that is none is refused, in one sentence', async () => {
    const { code, stderr } = await failure(['--timeout', 'abc', 'hi'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'error: --timeout needs a time such as 500ms, 30s or 2m, or 0 for no limit, not "abc"\nhint: see deltawire ask --help\n',
    })
  })
})

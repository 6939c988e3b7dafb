import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ChatCompletion } from '@deltawire/core'
import { afterAll, describe, expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { demoBytes } from '../src/source/demo.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-merge-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('merge', () => {
  test('gives the texts or the calls of every choice as a list', async () => {
    const { stdout, stderr } = await runCli(['merge', 'demo:n2', '--text', '--all'])
    expect({ texts: JSON.parse(stdout) as unknown, stderr }).toEqual({
      texts: ['Waves come in order, one after the other.', 'Every wave brings a little of the sea.'],
      stderr: '',
    })
    const calls = JSON.parse((await runCli(['merge', 'demo:tools', '--tool-calls', '--all'])).stdout) as unknown
    expect(calls).toMatchObject([[{ name: 'get_weather' }, { name: 'get_weather' }]])
    for (const [flag, said] of [
      ['--usage', '--all and --usage cannot be used together'],
      ['--choice=1', '--all and --choice cannot be used together'],
      ['--stats', 'a completion has every choice'],
    ] as const) {
      const wrong = await runCli(['merge', 'demo:n2', '--all', flag])
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(said)])
    }
  })

  test('folds a stream into its completion and says nothing else', async () => {
    const { code, stdout, stderr } = await runCli(['merge', 'demo:text'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const completion = JSON.parse(stdout) as ChatCompletion
    expect(completion).toMatchObject({
      id: 'chatcmpl-demo-text',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
      usage: { total_tokens: 56 },
    })
    expect(completion.choices[0]?.message.content).toMatch(/^A chunk is .* itself a chunk\.$/)
    expect(stdout).toContain('\n  "id"')
  })

  test('reads standard input when no source is named, and when it is called -', async () => {
    const expected = await runCli(['merge', 'demo:tools'])
    const stdin = [demoBytes('tools')]
    expect(await runCli(['merge'], { stdin })).toEqual(expected)
    expect(await runCli(['merge', '-'], { stdin })).toEqual(expected)
  })

  test('finds out the format: events, lines of JSON, a completion on one line or many, all of it gzip or not', async () => {
    const { stdout: completion } = await runCli(['merge', 'demo:tour'])
    const { stdout: lines } = await runCli(['convert', 'demo:tour', '--to', 'jsonl'])
    const forms = {
      'a.sse': demoBytes('tour'),
      'a.jsonl': lines,
      'pretty.json': completion,
      'compact.json': JSON.stringify(JSON.parse(completion)),
      'a.sse.gz': gzipSync(demoBytes('tour')),
      'zipped-without-the-name': gzipSync(lines),
    }
    for (const [name, content] of Object.entries(forms)) {
      const { code, stdout } = await runCli(['merge', file(name, content)])
      expect({ name, code, completion: JSON.parse(stdout) }).toEqual({
        name,
        code: 0,
        completion: JSON.parse(completion),
      })
    }
  })

  test('gives what can be read of a gzip file that was cut', async () => {
    const zipped = gzipSync(demoBytes('text'))
    const { code, stdout } = await runCli(['merge', '--text', file('cut.gz', zipped.subarray(0, zipped.length - 60))])
    expect(code).toBe(7)
    expect(stdout).toMatch(/^A chunk is/)
  })

  test('gives one completion per line for several sources', async () => {
    const { code, stdout } = await runCli(['merge', 'demo:text', 'demo:n2', 'demo:refusal'])
    expect(code).toBe(0)
    const ids = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as ChatCompletion).id)
    expect(ids).toEqual(['chatcmpl-demo-text', 'chatcmpl-demo-n2', 'chatcmpl-demo-refusal'])
  })

  test('keeps a line for a source without an answer, names it, and fails for it', async () => {
    const empty = file('empty.sse', '')
    const { code, stdout, stderr } = await runCli(['merge', 'demo:text', empty, 'demo:text'])
    expect(code).toBe(7)
    expect(stdout.split('\n').map((line) => line.slice(0, 4))).toEqual(['{"id', 'null', '{"id', ''])
    expect(stderr).toContain(`error: ${empty}: `)
  })

  test('prints only what is asked for', async () => {
    expect((await runCli(['merge', 'demo:reasoning', '--text'])).stdout).toBe('9.8 is larger than 9.11.')
    expect(JSON.parse((await runCli(['merge', 'demo:tools', '--tool-calls'])).stdout)).toMatchObject([
      { id: 'call_demo_oslo', name: 'get_weather', arguments: { city: 'Oslo', unit: 'celsius' } },
      { id: 'call_demo_lima', name: 'get_weather', arguments: { city: 'Lima', unit: 'celsius' } },
    ])
    expect(JSON.parse((await runCli(['merge', 'demo:n2', '--usage'])).stdout)).toMatchObject({ total_tokens: 33 })
    const { stdout } = await runCli(['merge', 'demo:n2', '--choice', '1'])
    expect((JSON.parse(stdout) as ChatCompletion).choices.map(({ index }) => index)).toEqual([1])
    expect((await runCli(['merge', 'demo:n2', '--choice', '1', '--text'])).stdout).toBe(
      'Every wave brings a little of the sea.',
    )
  })

  test('shows what there is after every chunk', async () => {
    const lines = (await runCli(['merge', 'demo:reasoning', '--text', '--progressive'])).stdout.trimEnd().split('\n')
    const texts = lines.map((line) => JSON.parse(line) as string)
    expect(texts.at(-1)).toBe('9.8 is larger than 9.11.')
    for (const [at, text] of texts.entries()) expect(text.startsWith(texts[at - 1] ?? '')).toBe(true)
    const second = await runCli(['merge', 'demo:n2', '--choice', '1', '--text', '--progressive'])
    expect(second.stdout.split('\n').slice(0, 4)).toEqual(['null', '""', '""', '"Every"'])
    const cut = await runCli(['merge', 'demo:cut', '--progressive'])
    expect(cut.code).toBe(7)
    expect(JSON.parse(cut.stdout.trimEnd().split('\n').at(-1) ?? '')).toEqual(
      JSON.parse((await runCli(['merge', 'demo:cut'])).stdout),
    )
  })

  test('reads UTF-16 with a byte order mark, as PowerShell writes it', async () => {
    const text = new TextDecoder().decode(demoBytes('utf8'))
    const little = Buffer.from(`\uFEFF${text}`, 'utf16le')
    const big = Buffer.from(little).swap16()
    const expected = await runCli(['merge', 'demo:utf8'])
    for (const bytes of [little, big, gzipSync(little)]) {
      for (const size of [bytes.length, 1001]) {
        const stdin = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        )
        expect(await runCli(['merge'], { stdin })).toEqual(expected)
      }
    }
  })

  test('says that a file cannot be unzipped, and is not at a loss about it', async () => {
    const path = file('no.gz', Buffer.from([0x1f, 0x8b, ...Buffer.from('garbage')]))
    for (const command of [
      ['merge', path],
      ['lint', path],
      ['view', path],
      ['replay', path],
      ['diff', path, 'demo:text'],
    ]) {
      const { code, stdout, stderr } = await runCli(command)
      expect({ command, code, stdout }).toEqual({ command, code: 2, stdout: '' })
      expect(stderr).toMatch(/^error: this begins as gzip, and cannot be unzipped: .*\n$/)
    }
  })

  test('says that there are more choices than the one it prints', async () => {
    const { code, stdout, stderr } = await runCli(['merge', 'demo:n2', '--text'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Waves come in order, one after the other.' })
    expect(stderr).toBe('note: this is the first of 2 choices; --choice N takes another, --all every one\n')
    expect((await runCli(['merge', 'demo:n2', '--text', '-q'])).stderr).toBe('')
  })

  test('says which choices there are when the one asked for is missing', async () => {
    const { code, stdout, stderr } = await runCli(['merge', 'demo:n2', '--choice', '7'])
    expect({ code, stdout }).toEqual({ code: 8, stdout: '' })
    expect(stderr).toBe('error: there is no choice 7\nhint: the stream has choice 0, 1\n')
  })

  test('gives the partial answer and one line about the reason when the stream is broken', async () => {
    const cut = await runCli(['merge', 'demo:cut'])
    expect(cut.code).toBe(7)
    expect((JSON.parse(cut.stdout) as ChatCompletion).choices[0]).toMatchObject({
      message: { content: 'This answer was going to be longer, but the connection' },
      finish_reason: null,
    })
    expect(cut.stderr).toMatch(/^error: [^\n]+ \(incomplete_stream\)\n$/)
    const error = await runCli(['merge', 'demo:error', '--text'])
    expect(error).toMatchObject({ code: 7, stdout: 'This answer was going well until' })
    expect(error.stderr).toBe('error: The server is overloaded, try again later. (upstream_error)\n')
  })

  test('prints nothing when nothing came', async () => {
    for (const stdin of ['', '<!doctype html><h1>Bad gateway', 'hello\n\n', '{"answer":42}', 'data: [DONE]\n\n']) {
      const { code, stdout, stderr } = await runCli(['merge'], { stdin })
      expect({ stdin, code, stdout }).toEqual({ stdin, code: 7, stdout: '' })
      expect(stderr).toMatch(/^error: [^\n]+\n/)
    }
  })

  test('reports the error of an error body', async () => {
    const { code, stdout, stderr } = await runCli(['merge'], {
      stdin: '{"error":{"message":"You are out of quota","code":"quota"}}',
    })
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' })
    expect(stderr).toMatch(/^error: You are out of quota \(upstream_error\)\n/)
  })

  test('takes a stream with [DONE] and without finish reason as complete, unless it has to be strict', async () => {
    const stdin = new TextDecoder().decode(demoBytes('text')).replace('"finish_reason":"stop"', '"finish_reason":null')
    const lax = await runCli(['merge', '--text'], { stdin })
    expect(lax.code).toBe(0)
    expect(lax.stderr).toBe('note: choice 0 ended without a finish reason\n')
    const strict = await runCli(['merge', '--text', '--strict'], { stdin })
    expect(strict).toMatchObject({ code: 7, stdout: lax.stdout })
    expect((await runCli(['merge', '--strict', 'demo:text'])).code).toBe(0)
  })

  test('folds a stream whose chunks repeat the text when it is told so', async () => {
    const chunk = (content: string, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
    const stdin = `${chunk('Hel', null)}${chunk('Hello', null)}${chunk('Hello you', 'stop')}data: [DONE]\n\n`
    expect((await runCli(['merge', '--cumulative', '--text'], { stdin })).stdout).toBe('Hello you')
  })

  test('takes every chunk for the first choice when it is told that there is one', async () => {
    const { stdout } = await runCli(['merge', 'demo:n2', '-n', '1'])
    expect((JSON.parse(stdout) as ChatCompletion).choices.map(({ index }) => index)).toEqual([0])
    expect((JSON.parse((await runCli(['merge', 'demo:n2', '-n', '2'])).stdout) as ChatCompletion).choices.length).toBe(
      2,
    )
  })

  test('tells the figures of the stream on stderr', async () => {
    const { stdout, stderr } = await runCli(['merge', 'demo:reasoning', '--stats', '--text'])
    expect(stdout).toBe('9.8 is larger than 9.11.')
    expect(stderr).toMatch(
      /^\d+ chunks · [\d.]+ kB · first chunk [\d.]+ ms · total [\d.]+ ms · 19 tokens in · 43 out \(31 reasoning\)\n$/,
    )
  })

  test('writes to a file, which may be its own source', async () => {
    const path = file('own.json', demoBytes('text'))
    expect(await runCli(['merge', path, '-o', path])).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect((JSON.parse(readFileSync(path, 'utf8')) as ChatCompletion).id).toBe('chatcmpl-demo-text')
    expect((await runCli(['merge', path])).code).toBe(0)
  })

  test('says before it reads that the file cannot be written', async () => {
    const { code, stderr } = await runCli(['merge', 'demo:text', '-o', join(folder, 'nowhere', 'a.json')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: cannot write /)
  })

  test('keeps what had arrived when it is interrupted', async () => {
    const interrupt = new AbortController()
    const bytes = demoBytes('text')
    async function* endless() {
      yield bytes.subarray(0, bytes.length / 2)
      interrupt.abort(new Interrupted('SIGINT'))
      await new Promise(() => {})
    }
    const { run } = await import('../src/run.ts')
    let stdout = ''
    const silent = { isTTY: false, write: async () => {}, flush: async () => {} }
    const code = await run(['merge', '--text'], {
      stdin: { isTTY: false, [Symbol.asyncIterator]: endless },
      stdout: { ...silent, write: async (text) => void (stdout += text) },
      stderr: silent,
      env: {},
      cwd: '/',
      signal: interrupt.signal,
      clock: { now: () => 0, date: () => 0, sleep: async () => {} },
      fetch,
    })
    expect(code).toBe(130)
    expect(stdout).toMatch(/^A chunk is/)
  })

  // The other recordings are longer and hold nothing that these do not.
  const short = ['tools', 'n2', 'utf8', 'cut', 'error'] as const
  test.each(short)(
    'never throws and gives a beginning of the answer for %s cut at every byte',
    { timeout: 60_000 },
    async (name) => {
      const bytes = shortened(demoBytes(name))
      const whole = textsOf((await runCli(['merge'], { stdin: [bytes] })).stdout)
      const surprises: object[] = []
      for (let length = 0; length < bytes.length; length++) {
        const { code, stdout } = await runCli(['merge'], { stdin: [bytes.subarray(0, length)] })
        const strange = Object.entries(textsOf(stdout)).filter(([path, text]) => !whole[path]?.startsWith(text))
        if ((code !== 0 && code !== 7) || strange.length > 0) surprises.push({ length, code, strange })
      }
      expect(surprises).toEqual([])
    },
  )

  test('gives the same answer wherever the bytes are cut on their way', async () => {
    const bytes = demoBytes('utf8')
    const whole = await runCli(['merge'], { stdin: [bytes] })
    const oneByOne = Array.from(bytes, (byte) => Uint8Array.of(byte))
    expect(await runCli(['merge'], { stdin: oneByOne })).toEqual(whole)
  })
})

/** The same stream with less of what repeats, names and pieces of text: fewer places to cut, and as many different ones. */
function shortened(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder()
    .decode(bytes)
    .replaceAll(/"chatcmpl-demo-\w+"/g, '"a"')
    .replaceAll(/"demo:\w+"/g, '"m"')
    .replaceAll('"created":1785542400', '"created":1')
    .replaceAll('"system_fingerprint":"fp_demo",', '')
    .replaceAll('"logprobs":null,', '')
    .replaceAll(',"usage":null', '')
  const events = text.split(/(?<=\n\n)/)
  const shown = events.filter((event, at) => at < 4 || at >= events.length - 7 || event.includes('tool_calls'))
  return new TextEncoder().encode(shown.join(''))
}

/** Every text in a completion that grows, by where it stands. */
function textsOf(stdout: string): Record<string, string> {
  if (stdout === '') return {}
  const texts: Record<string, string> = {}
  for (const { index, message } of (JSON.parse(stdout) as ChatCompletion).choices) {
    const { content, refusal, reasoning_content, tool_calls = [] } = message
    Object.assign(texts, {
      [`${index}.content`]: content ?? '',
      [`${index}.refusal`]: refusal ?? '',
      [`${index}.reasoning`]: reasoning_content ?? '',
    })
    tool_calls.forEach((call, at) => {
      if (call.type === 'function') texts[`${index}.call.${at}`] = call.function.arguments
    })
  }
  return texts
}

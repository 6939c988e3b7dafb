import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChatCompletion, ChatCompletionChunk } from '@deltawire/core'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { createMockServer } from '../src/mock/create-mock-server.ts'
import { demoBytes } from '../src/source/demo.ts'
import { answer, chunkOf, closers, createSource, serveRelay, short } from './relaying.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()

function run(argv: readonly string[], options: CliOptions = {}) {
  const env = { ...home.env, DELTAWIRE_MODEL: 'demo:text', ...options.env }
  return runCli(argv, { ...options, env, cwd: home.path })
}

interface Result {
  readonly thread: string
  readonly text: string
  readonly recording?: string
}

async function ask(...argv: string[]): Promise<Result> {
  const { stdout } = await run(['ask', '--json', ...argv])
  return JSON.parse(stdout.split('\n')[0] ?? '') as Result
}

/** The ids of the messages of a conversation. */
async function idsIn(thread: string): Promise<string[]> {
  const { stdout } = await run(['history', 'show', thread, '--json'])
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id)
}

describe('an answer of the history as a source', () => {
  test('is named by its id, by its conversation, by the beginning of either, by a title, or as the last', async () => {
    const { thread, text } = await ask('--title', 'Chunks', 'What is a chunk?')
    const [prompt = '', id = ''] = await idsIn(thread)
    for (const name of [id, id.slice(0, 8), thread, thread.slice(0, 8), 'Chunks', 'chunk', '']) {
      const { code, stdout, stderr } = await run(['merge', '--text', `@${name}`])
      expect({ name, code, stdout, stderr }).toEqual({ name, code: 0, stdout: text, stderr: '' })
    }
    // What was asked is no answer.
    expect((await run(['merge', `@${prompt}`])).code).toBe(2)
  })

  test('is the last of a conversation, and each of them by its id', async () => {
    const { thread } = await ask('-m', 'demo:reasoning', 'Which is larger?')
    await run(['-c', '-m', 'demo:tools', 'And the weather?'])
    const [, first = ''] = await idsIn(thread)
    const last = JSON.parse((await run(['merge', `@${thread}`])).stdout) as ChatCompletion
    const original = JSON.parse((await run(['merge', 'demo:tools'])).stdout) as ChatCompletion
    expect(last).toMatchObject({ model: 'demo:tools', choices: original.choices, usage: original.usage })
    const thought = JSON.parse((await run(['merge', `@${first}`])).stdout) as ChatCompletion
    expect(thought.choices[0]?.message).toMatchObject({
      content: '9.8 is larger than 9.11.',
      reasoning: expect.stringContaining('9.80') as unknown,
    })
  })

  test('is in, or to, a message of a conversation by its number', async () => {
    await run(['--title', 'Sums', '-m', 'demo:reasoning', 'Which is larger?'])
    await run(['-c', '-m', 'demo:text', 'What is a chunk?'])
    const modelOf = async (name: string) => {
      const { code, stdout, stderr } = await run(['merge', name])
      return code === 0 ? (JSON.parse(stdout) as ChatCompletion).model : stderr
    }
    expect(await Promise.all(['@Sums/1', '@Sums/2', '@Sums/3', '@Sums/4', '@/2'].map(modelOf))).toEqual([
      'demo:reasoning',
      'demo:reasoning',
      'demo:text',
      'demo:text',
      'demo:reasoning',
    ])
    expect(await modelOf('@Sums/5')).toBe('error: there is no answer 5 in "Sums": it has 4 messages\n')
    expect(await modelOf('@Sums/0')).toContain('there is no answer 0')
    expect(await modelOf('@Nothing/1')).toContain('there is no answer "@Nothing" in the history')
    // A title may look like that.
    await run(['--title', 'Sums/1', '-m', 'demo:utf8', 'Hello'])
    expect(await modelOf('@Sums/1')).toBe('demo:utf8')
  })

  test('is its recording, byte for byte, where there is one', async () => {
    const server = await createMockServer({ onAnswer: undefined })
    closers.push(server.close)
    const env = { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'mock', DELTAWIRE_MODEL: 'demo:tour' }
    await run(['--record', 'Hello'], { env, clock: systemClock })
    const { stdout } = await run(['convert', '@', '--to', 'recording'])
    const [name = ''] = readdirSync(join(home.path, 'data', 'deltawire', 'recordings'))
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ request: { body: { model: 'demo:tour' } } })
    expect((await run(['view', '@', '--json'])).stdout).toMatch(/"at_ms":[\d.]+,/)

    const path = join(home.path, 'data', 'deltawire', 'recordings', name)
    renameSync(path, `${path}.away`)
    const { code, stdout: text, stderr } = await run(['merge', '@', '--text'])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^note: the recording of this answer is gone \(.*\): .* cut anew\n$/) as unknown,
    })
    expect(text).toContain('Bergen')
  })

  test('finds a recording that was made elsewhere', async () => {
    const server = await createMockServer({})
    closers.push(server.close)
    const env = { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'mock' }
    const given = join(home.path, 'calls.jsonl')
    await run([`--record=${given}`, 'Hello'], { env, clock: systemClock })
    writeFileSync(given, demoBytes('refusal'))
    expect((await run(['merge', '@'])).stdout).toContain("I'm sorry")
  })

  test('ends where it was cut', async () => {
    await run(['-m', 'demo:cut', 'Hello'])
    const { code, stdout, stderr } = await run(['merge', '--text', '@'])
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'This answer was going to be longer, but the connection' })
    expect(stderr).toContain('(incomplete_stream)')
  })

  test('is one for every command that takes a source', async () => {
    await ask('Hello')
    for (const argv of [
      ['merge'],
      ['split'],
      ['convert', '--to', 'jsonl'],
      ['replay', '--speed', '0'],
      ['lint'],
      ['view'],
      ['diff', 'demo:text'],
    ]) {
      const { code, stderr } = await run([...argv, '@'])
      expect({ argv, code, stderr }).toEqual({ argv, code: 0, stderr: '' })
    }
    // Nobody knows when its parts came.
    expect((await run(['bench', '@'])).stderr).toContain('no times were recorded in "@"')
  })

  test('is served by what was asked', async () => {
    await ask('What is a chunk?')
    const asking = (prompt: string) => `
      const messages = [{ role: 'user', content: ${JSON.stringify(prompt)} }]
      const init = { method: 'POST', headers: { authorization: 'Bearer mock', 'content-type': 'application/json' } }
      const url = process.env.OPENAI_BASE_URL + '/chat/completions'
      const response = await fetch(url, { ...init, body: JSON.stringify({ model: 'any', messages, stream: true }) })
      process.exitCode = response.ok && (await response.text()).includes('A') ? 0 : 9`
    const served = async (prompt: string) => {
      const command = [process.execPath, '--input-type=module', '-e', asking(prompt)]
      const mock = ['mock', '@', '--match', 'last-user', '--strict', '--', ...command]
      return (await run(mock, { clock: systemClock })).code
    }
    expect([await served('What is a chunk?'), await served('What is a wave?')]).toEqual([0, 9])
    const isModel = `process.exitCode = process.env.DELTAWIRE_MODEL === '@/2' ? 0 : 9`
    expect((await run(['mock', '@/2', '--', process.execPath, '-e', isModel], { clock: systemClock })).code).toBe(0)
  })

  test('is missed with a sentence', async () => {
    expect(await run(['merge', '@'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/it is empty/) as unknown,
    })
    await run(['--title', 'Waves of one', 'Hello'])
    await run(['--title', 'Waves of two', 'Hello'])
    const wrong = async (name: string) => {
      const { code, stderr } = await run(['merge', name])
      expect(code).toBe(2)
      return stderr
    }
    expect(await wrong('@nothing')).toBe(
      'error: there is no answer "@nothing" in the history\nhint: deltawire history ls lists the conversations; a file of that name is ./@nothing\n',
    )
    expect(await wrong('@Waves')).toMatch(
      /^error: more than one answer fits "@Waves"\nhint: @\w{8} Waves of two · @\w{8} Waves of one\n$/,
    )
    const { stderr, code } = await runCli(['merge', '@'], { env: {} })
    expect([code, stderr]).toEqual([3, expect.stringContaining('there is no history')])
  })

  test('is not found when its conversation was forgotten', async () => {
    const { thread } = await ask('Hello')
    const [, id = ''] = await idsIn(thread)
    await run(['history', 'rm', '--yes', thread])
    expect((await run(['merge', `@${id}`])).code).toBe(2)
  })
})

describe('a file whose name begins as the name of an answer does', () => {
  test('is found by its path, and in a folder', async () => {
    home.write('@calls/a.sse', demoBytes('text'))
    const before = process.cwd()
    process.chdir(home.path)
    try {
      expect((await run(['lint', './@calls'])).code).toBe(0)
      expect((await run(['merge', '--text', './@calls/a.sse'])).stdout).toMatch(/^A chunk/)
      expect((await run(['lint', '@calls'])).stderr).toContain('a file of that name is ./@calls')
    } finally {
      process.chdir(before)
    }
  })
})

describe('a stream of a relay as a source', () => {
  const contentsOf = (lines: string) =>
    lines
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as ChatCompletionChunk).choices[0]?.delta.content)

  test('is named by its id behind the address', async () => {
    const relay = await serveRelay(short)
    const id = await relay.start()
    const { code, stdout, stderr } = await run(['merge', '--text', `${relay.origin}/${id}`])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Hello, world', stderr: '' })
    expect((await run(['merge', '--text', `${relay.url}/${id}`])).stdout).toBe('Hello, world')
  })

  test('is the next of a topic, and comes as it comes', async () => {
    const source = createSource()
    const relay = await serveRelay(() => source.read())
    await relay.start({ topic: 'the room' })
    source.give(chunkOf('Hello, '))
    let ended: ReturnType<typeof run> | undefined
    await new Promise<void>((resolve) => {
      ended = run(['convert', '--to', 'jsonl', `${relay.origin}/the%20room`], { onStdout: () => resolve() })
    })
    source.give(chunkOf('world', 'stop'))
    source.end()
    const { code, stdout = '' } = (await ended) ?? {}
    expect({ code, contents: contentsOf(stdout) }).toEqual({ code: 0, contents: ['Hello, ', 'world'] })
  })

  test('tells a person that it is waited for', async () => {
    const relay = await serveRelay(short)
    let ended: ReturnType<typeof run> | undefined
    await new Promise<void>((resolve) => {
      const onStderr = (text: string) => void (text.includes('waiting for a stream of room') && resolve())
      ended = run(['merge', '--text', `${relay.origin}/room`], { isTTY: true, onStderr })
    })
    await relay.start({ topic: 'room' })
    expect(await ended).toMatchObject({ code: 0, stdout: 'Hello, world\n' })
  })

  test('is recorded with the times at which it came', async () => {
    const relay = await serveRelay(short)
    const id = await relay.start()
    const { stdout } = await run(['convert', '--to', 'recording', `${relay.origin}/${id}`])
    const [head = '', first = ''] = stdout.split('\n')
    expect(JSON.parse(head)).not.toHaveProperty('timed')
    expect(JSON.parse(first)).toMatchObject([expect.any(Number), 'r', expect.stringContaining('Hello')])
    expect((await run(['bench', `${relay.origin}/${id}`])).stdout).toMatch(/^1 answer · 1 at a time/)
  })

  test('holds the error of its model, and has no end when it was cut', async () => {
    const source = createSource()
    const relay = await serveRelay(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('half'))
    source.end(new Error('the model is gone'))
    const failed = await run(['merge', '--text', `${relay.origin}/${id}`])
    expect([failed.code, failed.stdout]).toEqual([7, 'half'])
    expect(failed.stderr).toContain('(upstream_error)')

    const other = createSource()
    const second = await serveRelay(() => other.read())
    const cut = await second.start()
    other.give(chunkOf('half'))
    await second.cancel(cut)
    const { code, stderr } = await run(['merge', '--text', `${second.origin}/${cut}`])
    expect(code).toBe(7)
    expect(stderr).toContain('note: the stream was cancelled')
  })

  test('keeps what had come when Ctrl-C ends it, also before anything has', async () => {
    const source = createSource()
    const relay = await serveRelay(() => source.read())
    const id = await relay.start({ topic: 'room' })
    source.give(chunkOf('half'))
    const stop = new AbortController()
    const argv = ['replay', '--speed', '0', '--format', 'text', `${relay.origin}/${id}`]
    const stopping = { signal: stop.signal, onStdout: () => stop.abort(new Interrupted('SIGINT')) }
    expect(await run(argv, stopping)).toMatchObject({ code: 130, stdout: 'half' })

    const waiting = new AbortController()
    const onStderr = (text: string) => void (text.includes('waiting') && waiting.abort(new Interrupted('SIGINT')))
    const none = await run(['merge', `${relay.origin}/hall`], { signal: waiting.signal, isTTY: true, onStderr })
    expect(none).toMatchObject({ code: 130, stdout: '' })
  })

  test('is refused with the exit code of tail', async () => {
    const relay = await serveRelay(() => answer())
    const code = async (name: string) => (await run(['merge', name])).code
    expect(await code(`${relay.origin}/st_unknown`)).toBe(4)
    expect(await code('ws://127.0.0.1:1/room')).toBe(6)
    expect(await code('ws://127.0.0.1:1')).toBe(2)
    expect(await code('ws://127.0.0.1:1/v1/socket')).toBe(2)
    expect(await code('ws://127.0.0.1:1/room?token=secret')).toBe(2)
    const { stderr } = await run(['merge', 'ws://127.0.0.1:1/'])
    expect(stderr).toContain('names no topic and no stream')
  })
})

describe('a URL that is none', () => {
  test.each([
    ['merge', ['merge']],
    ['view', ['view']],
    ['lint', ['lint']],
    ['mock', ['mock', '--port', '0']],
    ['bench', ['bench', '-n', '1']],
    ['record --from-har', ['record', '--from-har']],
    ['ask -f', ['ask', 'hi', '-f']],
    ['ask -a', ['ask', 'hi', '-a']],
  ])('is a mistake of who calls %s', async (_, argv) => {
    for (const url of ['http://', 'https://[::1', 'http://a b/c.sse']) {
      const { code, stderr } = await run([...argv, url])
      expect({ argv, url, code, stderr: stderr.split('\n')[0] }).toEqual({
        argv,
        url,
        code: 2,
        stderr: `error: ${JSON.stringify(url)} is no URL`,
      })
    }
  })
})

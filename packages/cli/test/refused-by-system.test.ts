import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { usageError } from '../src/arguments/usage-error.ts'
import type { CliError } from '../src/cli-error.ts'
import { createProber } from '../src/doctor/create-prober.ts'
import { OutputClosed, type Io, type Output } from '../src/io.ts'
import { createRecordingProxy } from '../src/recording/create-recording-proxy.ts'
import { linesInto } from '../src/recording/recording-file.ts'
import { createRedaction } from '../src/recording/redaction.ts'
import { run } from '../src/run.ts'
import { openHistory } from '../src/store/history.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying } from './upstream.ts'

const home = tempHome()
const log = () => join(home.path, 'data/deltawire/history.jsonl')
const asked = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k', DELTAWIRE_MODEL: 'm' }

/** A file that takes nothing, as on a full disk. */
function fill(path: string) {
  rmSync(path, { force: true })
  symlinkSync('/dev/full', path)
}

/** A recording on such a disk. */
const full = async () => linesInto('a.jsonl', await open('/dev/full', 'a'))

const ioOf = (output?: Output, onStderr: (text: string) => void = () => {}): Io => ({
  stdin: { isTTY: true, async *[Symbol.asyncIterator]() {} },
  stdout: output ?? { isTTY: false, write: async () => {}, flush: async () => {} },
  stderr: { isTTY: false, write: async (text) => onStderr(String(text)), flush: async () => {} },
  env: {},
  cwd: home.path,
  signal: new AbortController().signal,
  clock: systemClock,
  fetch,
})

describe.runIf(existsSync('/dev/full'))('on a full disk', () => {
  test('nobody is asked whose answer could not be kept, and what helps is said', async () => {
    home.write('data/deltawire/templates', '')
    fill(log())
    const { requests, fetch } = answering(() => saying('hello'))
    const options = { env: { ...home.env, ...asked }, fetch }
    expect(await runCli(['ask', 'hi'], options)).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'error: cannot keep this in the history: ENOSPC: no space left on device, write\n' +
        'hint: elsewhere: --data-dir FOLDER; nowhere: --no-store\n',
    })
    expect(requests).toEqual([])
    expect(await runCli(['ask', '--no-store', 'hi'], options)).toMatchObject({ code: 0, stdout: 'hello', stderr: '' })
  })

  test('a model is asked once whose answer cannot be recorded, and that is said', async () => {
    const { requests, fetch } = answering(() => saying('hello'))
    const argv = ['ask', '--no-store', '--record=/dev/full', 'hi']
    expect(await runCli(argv, { env: { ...home.env, ...asked }, fetch })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'error: cannot write "/dev/full": ENOSPC: no space left on device, write\n',
    })
    expect(requests).toHaveLength(1)
  })

  test.each([
    ['-o', ['hi', '-m', 'm', '-o', '/dev/full'], ''],
    ['--from-curl', ['--from-curl', '-', '-o', '/dev/full'], 'curl http://upstream.example/v1/chat/completions -d {}'],
  ])('a recording by %s says so, and blames no server', async (_, argv, stdin) => {
    const { requests, fetch } = answering(() => saying('hello'))
    expect(await runCli(['record', ...argv], { env: { ...home.env, ...asked }, fetch, stdin })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'error: cannot write "/dev/full": ENOSPC: no space left on device, write\n',
    })
    expect(requests).toHaveLength(1)
  })

  test('a recording proxy says so to its caller and to who started it, and leaves no file', async () => {
    const { fetch: answer } = answering(() => saying('hello'))
    const failures: CliError[] = []
    const proxy = await createRecordingProxy({
      upstream: 'http://upstream.example/v1',
      headers: {},
      fetch: answer,
      host: '127.0.0.1',
      port: 0,
      signal: new AbortController().signal,
      open: full,
      recorder: (write) => ({ clock: systemClock, redaction: createRedaction({ secrets: [], names: [] }), write }),
      onCall: undefined,
      onFailure: (error) => failures.push(error),
    })
    const message = 'cannot write "a.jsonl": ENOSPC: no space left on device, write'
    const response = await fetch(`${proxy.baseURL}/chat/completions`, { method: 'POST', body: '{}' })
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 502,
      body: { error: { message } },
    })
    await proxy.close()
    expect(failures.map((error) => error.message)).toEqual([message])
  })

  test('a recording leaves a server that goes on and on', async () => {
    let isLeft = false
    const endless = new ReadableStream({ cancel: () => void (isLeft = true) })
    const fetch: typeof globalThis.fetch = async (_, init) => {
      init?.signal?.addEventListener('abort', () => void endless.cancel())
      return new Response(endless)
    }
    const argv = ['record', '-m', 'm', '-o', '/dev/full', 'hi']
    expect((await runCli(argv, { env: { ...home.env, ...asked }, fetch })).code).toBe(2)
    expect(isLeft).toBe(true)
  })

  test('an endpoint is not at fault when the evidence of a check cannot be kept', async () => {
    const prober = createProber({
      endpoint: {
        baseURL: 'http://upstream.example/v1',
        apiKey: '',
        headers: {},
        secrets: [],
        keySource: '',
        way: { insecure: false },
        fetch: answering(() => saying('hello')).fetch,
      },
      model: 'm',
      config: {
        paths: undefined,
        user: { path: '', value: {}, document: undefined, problems: [] },
        project: undefined,
      },
      io: ioOf(),
      redaction: createRedaction({ secrets: [], names: [] }),
      timeoutMs: 60_000,
      open: full,
    })
    await expect(prober.ask({})).rejects.toThrow('cannot write "a.jsonl": ENOSPC')
  })

  test('an answer is printed that cannot be kept any more', async () => {
    const { fetch } = answering(() => {
      fill(log())
      return saying('hello')
    })
    const { code, stdout, stderr } = await runCli(['ask', '--json', 'hi'], { env: { ...home.env, ...asked }, fetch })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ text: 'hello', partial: false })
    expect(stderr).toBe('note: cannot keep this in the history: ENOSPC: no space left on device, write\n')
  })

  test('a chat forgets the prompt that it could not keep', async () => {
    const { requests, fetch } = answering((_, count) => {
      if (count === 1) fill(log())
      return saying('hello')
    })
    const onStderr = (text: string) => {
      if (text.startsWith('error: cannot keep')) rmSync(log())
    }
    await runCli(['chat'], { env: { ...home.env, ...asked }, fetch, stdin: 'one\ntwo\nthree\n', onStderr })
    expect(requests.map(({ body }) => body['messages'])).toEqual([
      [{ role: 'user', content: 'one' }],
      [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'hello' },
        { role: 'user', content: 'three' },
      ],
    ])
  })

  test('the history is read, and an answer of a killed run waits for better times', () => {
    const id = 'a'.repeat(12)
    const at = '2026-08-22T09:00:00.000Z'
    const answer = { model: 'm', status: 'partial', finish_reason: null }
    const draft = { type: 'message', id, thread: 't', parent: null, at, message: { role: 'assistant' }, answer }
    // No process has this number.
    const name = `${id}.4194305.jsonl`
    home.write(`data/deltawire/drafts/${name}`, `${JSON.stringify(draft)}\n"Once"\n`)
    fill(log())
    const history = openHistory(join(home.path, 'data/deltawire'))
    expect(history.threads()).toEqual([])
    expect(readdirSync(join(home.path, 'data/deltawire/drafts'))).toEqual([name])
    rmSync(log())
    history.reload()
    expect(history.messages('t')).toMatchObject([{ message: { content: 'Once' } }])
    expect(readdirSync(join(home.path, 'data/deltawire/drafts'))).toEqual([])
  })
})

describe('a recording that has no place', () => {
  test('is no fault of a server: nobody is asked, once', async () => {
    const { requests, fetch } = answering(() => saying('hello'))
    const path = join(home.path, 'none', 'a.jsonl')
    const argv = ['ask', '--no-store', `--record=${path}`, 'hi']
    expect(await runCli(argv, { env: { ...home.env, ...asked }, fetch })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `error: cannot write "${path}": ENOENT: no such file or directory, open '${path}'\n`,
    })
    expect(requests).toEqual([])
  })
})

describe('a result that cannot be written', () => {
  const env = () => ({ ...home.env, ...asked })

  test('is told of with the name of the file', async () => {
    const file = join(home.path, 'full')
    const is = { code: 2, stderr: expect.stringMatching(/^error: cannot write ".*full": ENOSPC: .*\n$/) as unknown }
    if (!existsSync('/dev/full')) return
    fill(file)
    expect(await runCli(['merge', 'demo:text', '-o', file])).toMatchObject(is)
    const { fetch } = answering(() => saying('hello'))
    const { stdout, ...measured } = await runCli(['bench', '-n', '1', '-o', file], { env: env(), fetch })
    expect(measured).toMatchObject(is)
    // What was measured is not lost.
    expect(stdout).toMatch(/^1 answer/)
  })

  test('is found out before anything is measured', async () => {
    const { requests, fetch } = answering(() => saying('hello'))
    const path = join(home.path, 'none', 'a.json')
    expect(await runCli(['bench', '-n', '1', '-o', path], { env: env(), fetch })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`error: cannot write "${path}": ENOENT`) as unknown,
    })
    expect(requests).toEqual([])
  })

  test('leaves the configuration that there was, and says which', async () => {
    const before = '// mine\n{ "model": "a" }\n'
    const path = home.write('config/deltawire/config.json', before)
    // Nothing can be written beside it.
    mkdirSync(`${path}.${process.pid}`)
    const { code, stderr } = await runCli(['config', 'set', 'model', 'b'], { env: home.env })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(`^error: cannot write "${path}": EISDIR: .*\n$`) as unknown,
    })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test.skipIf(process.platform === 'win32')('goes where a link leads, which stays one', async () => {
    const file = home.write('dotfiles/deltawire.jsonc', '{}\n', 0o640)
    const path = join(home.path, 'config/deltawire/config.json')
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(file, path)
    expect(await runCli(['config', 'set', 'model', 'b'], { env: home.env })).toMatchObject({ code: 0, stderr: '' })
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ model: 'b' })
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })
})

describe('a folder that is none', () => {
  test('is told of as it is, and not as a fault of ours', async () => {
    const file = home.write('file', '')
    for (const argv of [
      ['history', 'ls'],
      ['ask', '-m', 'demo:text', 'hi'],
    ]) {
      const { code, stderr } = await runCli(argv, { env: { ...home.env, XDG_DATA_HOME: join(file, 'x') } })
      expect({ argv, code }).toEqual({ argv, code: 2 })
      expect(stderr).toMatch(/^error: .*ENOTDIR: not a directory/)
      expect(stderr).not.toContain('fault of deltawire')
    }
  })

  test.runIf(existsSync('/proc/self'))('ends a run at once where it cannot be made, as below /proc', async () => {
    const { code, stderr } = await runCli(['ask', '-m', 'demo:text', 'hi'], { env: { HOME: '/proc/none' } })
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: cannot keep this in the history: ENOENT: /) as unknown,
    })
  })
})

describe('an output that takes nothing', () => {
  /** A run whose output fails when what was printed last leaves it. */
  async function into(failure: Error) {
    let stderr = ''
    const output = { isTTY: false, write: async () => {}, flush: () => Promise.reject(failure) }
    const io = ioOf(output, (text) => (stderr += text))
    const code = await run(['merge', 'demo:text', '--text'], io)
    return { code, stderr }
  }

  test('is an error, also for the last that is written', async () => {
    expect(await into(usageError('cannot write the output: ENOSPC'))).toEqual({
      code: 2,
      stderr: 'error: cannot write the output: ENOSPC\n',
    })
  })

  test('ends a chat: nobody is asked for what cannot be shown', async () => {
    const failure = usageError('cannot write the output: ENOSPC')
    const fail = () => Promise.reject(failure)
    const { requests, fetch } = answering(() => saying('hello'))
    let stderr = ''
    const io: Io = {
      ...ioOf({ isTTY: false, write: fail, flush: fail }, (text) => (stderr += text)),
      env: { ...home.env, ...asked },
      fetch,
      stdin: {
        isTTY: false,
        async *[Symbol.asyncIterator]() {
          yield new TextEncoder().encode('one\ntwo\nthree\n')
        },
      },
    }
    expect(await run(['chat', '--no-store'], io)).toBe(2)
    expect(stderr).toBe('error: cannot write the output: ENOSPC\n')
    expect(requests).toHaveLength(1)
  })

  test('is none when its reader has left', async () => {
    expect(await into(new OutputClosed('closed'))).toEqual({ code: 0, stderr: '' })
  })
})

describe('a sleep', () => {
  afterEach(() => void vi.useRealTimers())

  test('is as long as it is asked for, also when no timer of Node.js is', async () => {
    vi.useFakeTimers()
    const month = 30 * 24 * 3_600_000
    let isOver = false
    const stop = new AbortController()
    void systemClock.sleep(month, stop.signal).then(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(month - 1)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(isOver).toBe(true)
    void systemClock.sleep(month, stop.signal)
    await vi.advanceTimersByTimeAsync(month - 1)
    stop.abort()
    expect(vi.getTimerCount()).toBe(0)
  })
})

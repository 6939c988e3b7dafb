import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RelayOptions } from '@deltawire/websocket-bridge'
import { afterAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock, type Clock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { runCommand } from '../src/run-command.ts'
import { readRelayAddress } from '../src/tail/relay-address.ts'
import { demoBytes } from '../src/source/demo.ts'
import { clockWith } from './fake-clock.ts'
import { answer, chunkOf, closers, createSource, serveRelay as serve, short } from './relaying.ts'
import { type CliOptions, runCli } from './run-cli.ts'

/** Runs it, and resolves `shown` when standard output holds a text. */
function follow(args: readonly string[], options: CliOptions = {}) {
  let stdout = ''
  let stderr = ''
  const waiting: { readonly has: () => boolean; readonly resolve: () => void }[] = []
  const look = () => {
    for (const { has, resolve } of waiting) if (has()) resolve()
  }
  const until = (has: () => boolean) =>
    new Promise<void>((resolve) => {
      waiting.push({ has, resolve })
      look()
    })
  const ended = runCli(['tail', ...args], {
    ...options,
    onStdout: (text) => {
      stdout += text
      look()
    },
    onStderr: (text) => {
      stderr += text
      look()
    },
  })
  return {
    ended,
    shown: (text: string) => until(() => stdout.includes(text)),
    noted: (text: string) => until(() => stderr.includes(text)),
  }
}

describe('deltawire tail', () => {
  it('prints what there is, and then what comes', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('Hello, '), chunkOf('wor'))
    const run = follow([relay.url, id])
    await run.shown('Hello, wor')
    source.give(chunkOf('ld', 'stop'))
    source.end()
    expect(await run.ended).toMatchObject({ code: 0, stdout: 'Hello, world', stderr: '' })
  })

  it('finds the relay in the environment, and takes the address of its host', async () => {
    const relay = await serve(short)
    const id = await relay.start()
    const env = { DELTAWIRE_RELAY_URL: relay.url.replace('/v1/socket', '') }
    expect(await runCli(['tail', id], { env })).toMatchObject({ code: 0, stdout: 'Hello, world' })
  })

  it('writes chunks as lines of JSON, or as events, the sum first', async () => {
    const relay = await serve(short)
    const id = await relay.start()
    await follow([relay.url, id]).ended
    const lines = await runCli(['tail', relay.url, id, '--format', 'jsonl'])
    const sum = { model: 'm', choices: [{ delta: { content: 'Hello, world' }, finish_reason: 'stop' }] }
    expect(JSON.parse(lines.stdout)).toMatchObject(sum)
    const events = await runCli(['tail', relay.url, id, '--format', 'sse'])
    expect(events.stdout).toMatch(/^data: \{.*Hello, world.*\}\n\ndata: \[DONE\]\n\n$/)
  })

  it('comes back when the connection is lost, says so, and prints nothing twice', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('one '))
    const run = follow([relay.url, id])
    await run.shown('one ')
    relay.cut()
    source.give(chunkOf('two '))
    await run.noted('connected again')
    source.give(chunkOf('three', 'stop'))
    source.end()
    expect(await run.ended).toMatchObject({
      code: 0,
      stdout: 'one two three',
      stderr: 'note: the connection was lost; connecting again\nnote: connected again\n',
    })
  })

  it('keeps the partial answer of a stream that failed, and ends with 7', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('half an ans'))
    const run = follow([relay.url, id, '--format', 'sse'])
    await run.shown('half an ans')
    source.end(new Error('the model is gone'))
    const { code, stdout, stderr } = await run.ended
    expect(code).toBe(7)
    expect(stdout).toContain('half an ans')
    expect(stdout).not.toContain('[DONE]')
    expect(stderr).toMatch(/^error: .*\(failed\)\n$/)
  })

  it('calls a stream that was cancelled partial', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('half'))
    const run = follow([relay.url, id])
    await run.shown('half')
    await relay.cancel(id)
    expect(await run.ended).toMatchObject({ code: 7, stdout: 'half', stderr: expect.stringMatching(/cancelled/) })
  })

  it('says with its exit code that an answer was truncated', async () => {
    const relay = await serve(() => answer(chunkOf('too lo', 'length')))
    const id = await relay.start()
    expect(await runCli(['tail', relay.url, id])).toMatchObject({ code: 9, stdout: 'too lo' })
  })

  it('keeps what had come when Ctrl-C ends it', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('half'))
    const stop = new AbortController()
    const run = follow([relay.url, id], { signal: stop.signal })
    await run.shown('half')
    stop.abort(new Interrupted('SIGINT'))
    expect(await run.ended).toMatchObject({
      code: 130,
      stdout: 'half',
      stderr: expect.stringMatching(/the answer is partial/),
    })
  })

  it('ends quietly when the reader of its output has left', async () => {
    const relay = await serve(short)
    const id = await relay.start()
    expect(await runCli(['tail', relay.url, id], { closesAfter: 0 })).toMatchObject({ code: 0, stderr: '' })
  })

  it('prints the streams of a topic one after the other, each on a line of its own', async () => {
    const [first, second] = [createSource(), createSource()]
    const sources = [first, second]
    const relay = await serve(() => sources.shift()?.read() ?? answer())
    await relay.start({ topic: 'room' })
    first.give(chunkOf('first'))
    const stop = new AbortController()
    const run = follow([relay.url, '--topic', 'room'], { signal: stop.signal })
    await run.shown('first')
    await relay.start({ topic: 'room' })
    second.give(chunkOf('second'))
    first.give(chunkOf(' answer', 'stop'))
    first.end()
    await run.shown('first answer\nsecond')
    second.give(chunkOf('', 'stop'))
    second.end()
    await run.shown('second\n')
    stop.abort(new Interrupted('SIGINT'))
    expect(await run.ended).toMatchObject({ code: 130, stdout: 'first answer\nsecond\n' })
  })

  it('ends with the first stream of a topic when that is wanted', async () => {
    const relay = await serve(short)
    const run = follow([relay.url, '--topic', 'room', '--until-done'])
    // Nobody says when it is told of; a stream that is live then or begins later is as good.
    const again = setInterval(() => void relay.start({ topic: 'room' }), 50)
    const result = await run.ended
    clearInterval(again)
    expect(result).toMatchObject({ code: 0, stdout: 'Hello, world' })
  })
})

/** A way to a relay on which one word is damaged, once. */
async function damage(url: string, word: string, other: string) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let isDone = false
  server.on('connection', (near) => {
    const far = new WebSocket(url, 'deltawire.v1')
    const early: string[] = []
    near.on('message', (data: Buffer) => {
      if (far.readyState === WebSocket.OPEN) far.send(data.toString())
      else early.push(data.toString())
    })
    far.on('open', () => early.forEach((text) => far.send(text)))
    far.on('message', (data: Buffer) => {
      const text = data.toString()
      near.send(isDone ? text : text.replace(word, other))
      isDone ||= text.includes(word)
    })
    near.on('close', () => far.terminate())
    far.on('close', () => near.terminate())
    far.on('error', () => {})
  })
  await new Promise((resolve) => server.once('listening', resolve))
  closers.push(async () => {
    for (const socket of server.clients) socket.terminate()
    await new Promise((resolve) => server.close(resolve))
  })
  // A server that listens on a port has one.
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('deltawire tail of what was not as the relay has it', () => {
  /** Its first word was printed before the checksum at the end tells. */
  async function damaged(format: string) {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('Hello'))
    const run = follow([await damage(relay.url, 'Hello', 'Hallo'), id, '--format', format])
    await run.shown('Hallo')
    source.give(chunkOf(', world', 'stop'))
    source.end()
    return run.ended
  }

  it('prints the whole again as a text, below a note', async () => {
    const { code, stdout, stderr } = await damaged('text')
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'note: the relay has lost a part of this stream; what there is begins again\n',
    })
    // The rest of it may have come before that, or not.
    expect(stdout).toMatch(/^Hallo(?:, world)?\nHello, world$/)
  })

  it.each(['jsonl', 'sse'])('ends with 7 as %s: a program cannot forget', async (format) => {
    const { code, stdout, stderr } = await damaged(format)
    expect({ code, stderr }).toEqual({
      code: 7,
      stderr: expect.stringContaining('error: the relay has lost a part that was printed already\n') as unknown,
    })
    expect(stdout).toContain('Hallo')
    expect(stdout).not.toContain('[DONE]')
  })

  it('prints an answer that was asked for again as the stream that it is', async () => {
    const source = createSource()
    let count = 0
    const relay = await serve(() => (count++ === 0 ? source.read() : short()))
    const first = await relay.start({ topic: 'room' })
    const stop = new AbortController()
    const run = follow([relay.url, '--topic', 'room'], { signal: stop.signal })
    source.give(chunkOf('Not this'))
    await run.shown('Not this')
    await relay.cancel(first)
    await run.noted('cancelled')
    await relay.start({ topic: 'room' })
    await run.shown('Hello, world')
    stop.abort(new Interrupted('SIGINT'))
    expect(await run.ended).toMatchObject({ code: 130, stdout: 'Not this\nHello, world\n' })
  })
})

describe('deltawire tail of topics', () => {
  it('says above each stream of which topic it is, when there are several', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const stop = new AbortController()
    const run = follow([relay.url, '--topic', 'room', '--topic', 'hall'], { signal: stop.signal })
    await relay.start({ topic: 'hall' })
    source.give(chunkOf('Hello', 'stop'))
    await run.shown('==> hall <==\nHello')
    source.end()
    await relay.start({ topic: 'room' })
    await run.shown('==> room <==')
    stop.abort(new Interrupted('SIGINT'))
    expect((await run.ended).code).toBe(130)
  })

  it.each(['jsonl', 'sse'])('has no way to say so as %s', async (format) => {
    const { code, stderr } = await runCli([
      'tail',
      'ws://127.0.0.1:1',
      '--topic',
      'a',
      '--topic',
      'b',
      '--format',
      format,
    ])
    expect([code, stderr]).toEqual([2, expect.stringContaining('several topics are printed as text only')])
  })

  it('tells a person that it is there', async () => {
    const relay = await serve(short)
    const stop = new AbortController()
    const run = follow([relay.url, '--topic', 'room'], { signal: stop.signal, isTTY: true })
    await run.noted('following room')
    stop.abort(new Interrupted('SIGINT'))
    expect((await run.ended).code).toBe(130)
  })
})

describe('deltawire tail with a command', () => {
  const ask = (url: string) =>
    `const base = process.env.OPENAI_BASE_URL; if (process.env.DELTAWIRE_RELAY_URL !== ${JSON.stringify(url)}) process.exit(9);
     const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
     const ask = () => fetch(base + '/chat/completions', { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-topic': 'room' } });
     for (let n = 0; n < 2; n++) await (await ask()).text()`

  it('prints the streams of the command, and ends after it', async () => {
    const relay = await serve(short)
    const command = [process.execPath, '--input-type=module', '-e', ask(relay.url)]
    const result = await runCli(['tail', relay.url, '--topic', 'room', '--', ...command], { clock: systemClock })
    expect(result).toMatchObject({ code: 0, stdout: 'Hello, world\nHello, world\n', stderr: '' })
  })

  it('ends with its exit code, also when it has asked nothing', async () => {
    const relay = await serve(short)
    const command = [process.execPath, '-e', 'process.exitCode = 42']
    const result = await runCli(['tail', relay.url, '--topic', 'room', '--', ...command], { clock: systemClock })
    expect(result).toMatchObject({ code: 42, stdout: '' })
    const missing = await runCli(['tail', relay.url, '--topic', 'room', '--', 'no-such-command'], {
      clock: systemClock,
    })
    expect(missing).toMatchObject({ code: 127, stderr: 'error: cannot run "no-such-command": not found\n' })
  })

  it('does not run it where there is no relay, or nothing of it is followed', async () => {
    const command = ['--', 'no-such-command']
    expect((await runCli(['tail', 'ws://127.0.0.1:1', '--topic', 'room', ...command])).code).toBe(6)
    expect((await runCli(['tail', 'ws://127.0.0.1:1', 'st_x', ...command])).code).toBe(2)
  })
})

describe('deltawire tail of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltawire-tail-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(['text', 'jsonl', 'sse'])('prints it as %s while it grows, to its end', async (format) => {
    const path = join(folder, `${format}.sse`)
    const whole = Buffer.from(demoBytes('text'))
    writeFileSync(path, '')
    let written = 0
    /** Something is written each time that nothing was there. */
    const clock = clockWith(async () => {
      appendFileSync(path, whole.subarray(written, (written += 700)))
    })
    const result = await runCli(['tail', path, '--format', format], { clock })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toBe((await runCli(['convert', 'demo:text', '--to', format])).stdout)
    expect(result.writes).toBeGreaterThan(10)
  })

  it('ends where a recording ends', async () => {
    const path = join(folder, 'cut.jsonl')
    writeFileSync(path, (await runCli(['convert', 'demo:cut', '--to', 'recording'])).stdout)
    const { code, stdout, stderr } = await runCli(['tail', path])
    expect([code, stderr]).toEqual([7, expect.stringContaining('(incomplete_stream)')])
    expect(stdout).toMatch(/^This answer was/)
  })

  it('keeps what there is when it is interrupted', async () => {
    const path = join(folder, 'half.sse')
    writeFileSync(path, demoBytes('text').subarray(0, 2000))
    const stop = new AbortController()
    const clock = clockWith(async () => stop.abort(new Interrupted('SIGINT')))
    const result = await runCli(['tail', path], { clock, signal: stop.signal })
    expect(result).toMatchObject({ code: 130, stdout: expect.stringMatching(/^A chunk/) as unknown })
  })

  it('says that it is not there', async () => {
    const { code, stderr } = await runCli(['tail', './no-such-file'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('no such file')])
    expect((await runCli(['tail', './no-such-file', '--until-done'])).code).toBe(2)
  })
})

describe('the token of a relay', () => {
  const token = 'secret-0123456789'
  const authenticate: RelayOptions['authenticate'] = ({ token: given }) => (given === token ? { id: 'ada' } : undefined)

  it('comes from the environment or from a command', async () => {
    const relay = await serve(short, { authenticate })
    const id = await relay.start({ token })
    const env = { DELTAWIRE_RELAY_TOKEN: token }
    expect(await runCli(['tail', relay.url, id], { env })).toMatchObject({ code: 0, stdout: 'Hello, world' })
    const command = `${JSON.stringify(process.execPath)} -p "'${token}'"`
    expect(await runCli(['tail', relay.url, id, '--token-cmd', command])).toMatchObject({ code: 0, stderr: '' })
  })

  it('is asked for where it is wrong, and shown nowhere', async () => {
    const relay = await serve(short, { authenticate })
    const id = await relay.start({ token })
    const { code, stderr } = await runCli(['tail', relay.url, id], { env: { DELTAWIRE_RELAY_TOKEN: 'not-this-one' } })
    expect([code, stderr]).toEqual([4, expect.stringContaining('hint: put the token into $DELTAWIRE_RELAY_TOKEN')])
    expect(stderr).not.toContain('not-this-one')
  })

  it.each(['exit 3', 'true'])('is missed where its command does this: %s', async (command) => {
    const relay = await serve(short, { authenticate })
    const result = await runCli(['tail', relay.url, 'st_x', '--token-cmd', command])
    expect([result.code, result.stderr]).toEqual([3, expect.stringMatching(/^error: /)])
  })

  it.each(['ws://ada:secret-1@127.0.0.1/', 'ws://127.0.0.1/?token=secret-1'])(
    'does not stand in the address: %s',
    async (url) => {
      const { code, stderr } = await runCli(['tail', url, 'st_x'])
      expect([code, stderr]).toEqual([2, expect.stringContaining('addresses are logged')])
      expect(stderr).not.toContain('secret-1')
    },
  )
})

describe('deltawire tail where there is nothing to follow', () => {
  it('ends with 4 where the relay knows no such stream', async () => {
    const relay = await serve(short)
    expect(await runCli(['tail', relay.url, 'st_unknown'])).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringMatching(/not_found/),
    })
  })

  it('ends with 6 where nobody listens, at once', async () => {
    expect(await runCli(['tail', 'ws://127.0.0.1:1', 'st_x'])).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/^error: cannot connect to ws:\/\/127\.0\.0\.1:1\/v1\/socket: .*ECONNREFUSED/),
    })
  })

  it('ends with 4 where the server is no relay', async () => {
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(async () => void server.close())
    const { port } = server.address() as AddressInfo
    const { code, stderr } = await runCli(['tail', `http://127.0.0.1:${port}`, 'st_x'])
    expect([code, stderr]).toEqual([4, expect.stringContaining('the server answered 404')])
  })

  it.each([
    [['st_x'], 'no relay is named'],
    [['ws://127.0.0.1:1'], 'a STREAM or a --topic NAME'],
    [['ws://127.0.0.1:1', 'st_x', '--topic', 'room'], 'a STREAM or a --topic NAME'],
    [['ws://127.0.0.1:1', 'st_x', '--until-done'], '--until-done belongs to a topic'],
    [['ftp://127.0.0.1', 'st_x'], 'no relay is named'],
  ])('says what is wrong with %j', async (words, said) => {
    const { code, stderr } = await runCli(['tail', ...words])
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })
})

describe('the address of a relay', () => {
  it.each([
    ['http://127.0.0.1:8790', 'ws://127.0.0.1:8790/v1/socket', 'http://127.0.0.1:8790/v1'],
    ['wss://example.org/relay/v1/socket', 'wss://example.org/relay/v1/socket', 'https://example.org/relay/v1'],
    ['ws://[::1]:1/?ticket=once', 'ws://[::1]:1/v1/socket?ticket=once', 'http://[::1]:1/v1'],
  ])('%s has its two doors', (text, socketURL, baseURL) => {
    expect(readRelayAddress(text)).toEqual({ socketURL, baseURL })
  })
})

describe('deltawire tail of a part', () => {
  it('goes on at a position, which it tells when it is interrupted', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('one '))
    const stop = new AbortController()
    const run = follow([relay.url, id], { signal: stop.signal })
    await run.shown('one ')
    stop.abort(new Interrupted('SIGINT'))
    const { stderr } = await run.ended
    const [, position = ''] = /what follows can be had with --from (\S+)\n$/.exec(stderr) ?? []
    expect(position).toMatch(/^\w+\.1$/)

    source.give(chunkOf('two', 'stop'))
    source.end()
    const rest = await runCli(['tail', relay.url, id, '--from', position])
    expect(rest).toMatchObject({ code: 0, stdout: 'two', stderr: '' })
    const lines = await runCli(['tail', relay.url, id, '--from', position, '--format', 'jsonl'])
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ choices: [{ delta: { content: 'two' } }] }])
  })

  it('prints what comes from now on', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('past '))
    await follow([relay.url, id], {}).shown('past ')
    const run = follow([relay.url, id, '--from', 'now'])
    // It is known to be there when the relay has answered where the stream is.
    const again = setInterval(() => source.give(chunkOf('new ')), 20)
    await run.shown('new ')
    clearInterval(again)
    source.give(chunkOf('', 'stop'))
    source.end()
    expect(await run.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(?:new )+$/) as unknown })
    // Nothing follows the end.
    expect(await runCli(['tail', relay.url, id, '--from', 'now'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })

  it('says that there is nothing to go on with', async () => {
    const relay = await serve(short)
    expect(await runCli(['tail', relay.url, 'st_unknown', '--from', 'now'])).toMatchObject({
      code: 4,
      stderr: 'error: the relay does not tell where st_unknown is: it answered 404\n',
    })
    expect((await runCli(['tail', 'ws://127.0.0.1:1', 'st_x', '--from', 'now'])).code).toBe(6)
  })

  it.each([
    [['ws://127.0.0.1:1/room', '--from', 'now'], 'each stream of a topic is printed whole'],
    [['./file.sse', '--from', 'now'], 'a file is printed from its beginning'],
    [['ws://127.0.0.1:1', 'st_x', '--from', 'here'], '--from needs start or now or a position'],
    [['ws://127.0.0.1:1/st_x', '--until-done'], 'a stream ends by itself'],
    [['ws://127.0.0.1:1/st_x', '--all', '--format', 'jsonl'], '--all belongs to --format text'],
    [['ws://127.0.0.1:1/v1/socket'], 'a STREAM or a --topic NAME'],
  ])('says what is wrong with %j', async (words, said) => {
    const { code, stderr } = await runCli(['tail', ...words])
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })
})

describe('deltawire tail of an address with a name', () => {
  it('follows the stream of that id, or the topic of that name', async () => {
    const relay = await serve(short)
    const id = await relay.start()
    expect(await runCli(['tail', `${relay.origin}/${id}`])).toMatchObject({ code: 0, stdout: 'Hello, world' })
    const run = follow([`${relay.origin}/room`, '--until-done'], { isTTY: true })
    await run.noted('following room')
    await relay.start({ topic: 'room' })
    expect(await run.ended).toMatchObject({ code: 0, stdout: 'Hello, world\n' })
  })
})

describe('deltawire tail of every choice', () => {
  const two = (first: string, second: string, finish_reason: string | null = null): ReturnType<typeof chunkOf> => ({
    ...chunkOf(''),
    choices: [
      { index: 0, delta: { content: first }, finish_reason },
      { index: 1, delta: { content: second }, finish_reason },
    ],
  })

  it('prints the others below the first', async () => {
    const relay = await serve(() => answer(two('one, ', 'a, '), two('two', 'b', 'stop')))
    const id = await relay.start({ topic: 'room' })
    expect(await runCli(['tail', relay.url, id])).toMatchObject({ code: 0, stdout: 'one, two' })
    expect(await runCli(['tail', relay.url, id, '--all'])).toMatchObject({
      code: 0,
      stdout: 'one, two\n--- choice 1 ---\na, b',
    })
    const onTerminal = await runCli(['tail', relay.url, id, '--all'], { isTTY: true })
    expect(onTerminal.stdout).toBe('one, two\n--- choice 1 ---\na, b\n')
  })

  it('also those of a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deltawire-all-'))
    const path = join(folder, 'n2.sse')
    writeFileSync(path, demoBytes('n2'))
    const { stdout } = await runCli(['tail', path, '--all'])
    rmSync(folder, { recursive: true })
    expect(stdout).toBe(
      'Waves come in order, one after the other.\n--- choice 1 ---\nEvery wave brings a little of the sea.',
    )
  })
})

describe('deltawire tail that ends after a time', () => {
  /** A clock whose time is the test's: it goes on when that says so, and wakes whoever has slept long enough. */
  function createAlarm() {
    let now = 0
    const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
    const clock: Clock = {
      now: () => now,
      date: () => now,
      sleep: (ms, signal) =>
        ms < 1000
          ? systemClock.sleep(ms, signal)
          : new Promise((resolve) => {
              sleepers.add({ until: now + ms, wake: resolve })
              signal.addEventListener('abort', () => resolve())
            }),
    }
    return {
      clock,
      pass(ms: number) {
        now += ms
        for (const { until, wake } of sleepers) if (until <= now) wake()
      },
    }
  }

  it('ends with 10, and keeps what had come', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    source.give(chunkOf('half'))
    const { clock, pass } = createAlarm()
    const run = follow([relay.url, id, '--timeout', '2s'], { clock })
    await run.shown('half')
    pass(2000)
    expect(await run.ended).toMatchObject({
      code: 10,
      stdout: 'half',
      stderr: expect.stringMatching(
        /^error: there was no end within 2 s \(--timeout\)\nnote: what follows can be had with --from \w+\.1\n$/,
      ) as unknown,
    })
  })

  it('also where nothing comes: of a topic, and of a file', async () => {
    const relay = await serve(short)
    const { clock, pass } = createAlarm()
    const run = follow([`${relay.origin}/room`, '--timeout', '2s'], { clock, isTTY: true })
    await run.noted('following room')
    pass(2000)
    expect((await run.ended).code).toBe(10)

    const folder = mkdtempSync(join(tmpdir(), 'deltawire-late-'))
    const path = join(folder, 'half.sse')
    writeFileSync(path, demoBytes('text').subarray(0, 2000))
    const late = createAlarm()
    const file = follow([path, '--timeout', '2s'], { clock: late.clock })
    await file.shown('A chunk')
    late.pass(2000)
    const { code, stderr } = await file.ended
    rmSync(folder, { recursive: true })
    expect([code, stderr]).toEqual([10, 'error: there was no end within 2 s (--timeout)\n'])
  })

  it('ends with 7 when nothing has come for some time, and not before', async () => {
    const source = createSource()
    const relay = await serve(() => source.read())
    const id = await relay.start()
    const { clock, pass } = createAlarm()
    const run = follow([relay.url, id, '--idle-timeout', '2s'], { clock })
    source.give(chunkOf('one '))
    await run.shown('one ')
    pass(1500)
    source.give(chunkOf('two '))
    await run.shown('two ')
    pass(1500)
    source.give(chunkOf('three'))
    await run.shown('three')
    pass(2000)
    expect(await run.ended).toMatchObject({
      code: 7,
      stdout: 'one two three',
      stderr: expect.stringMatching(
        /^error: nothing has come for 2 s \(--idle-timeout\)\nnote: what follows/,
      ) as unknown,
    })
  })

  it('does not wait when all has come', async () => {
    const relay = await serve(short)
    const id = await relay.start()
    const result = await runCli(['tail', relay.url, id, '--timeout', '1h'], { clock: systemClock })
    expect(result).toMatchObject({ code: 0, stderr: '' })
  })

  it('ends its command, too', async () => {
    const relay = await serve(short)
    const { clock, pass } = createAlarm()
    const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)']
    const run = follow([`${relay.origin}/room`, '--timeout', '2s', '--', ...command], { clock, isTTY: true })
    await run.noted('following room')
    pass(2000)
    expect((await run.ended).code).toBe(10)
  })

  it('begins no command when it was stopped before', async () => {
    const relay = await serve(short)
    const command = [process.execPath, '-e', 'console.log("begun")']
    const signal = AbortSignal.abort(new Interrupted('SIGTERM'))
    const result = await runCli(['tail', `${relay.origin}/room`, '--', ...command], { clock: systemClock, signal })
    expect(result).toMatchObject({ code: 143, stdout: '', stderr: '' })
  })

  it('has no limit with 0', async () => {
    const relay = await serve(short)
    const command = [process.execPath, '-e', '']
    const limits = ['--timeout', '0', '--idle-timeout', '0s']
    const result = await runCli(['tail', `${relay.origin}/room`, ...limits, '--', ...command], { clock: systemClock })
    expect(result).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('a command that is run', () => {
  it('is ended when it begins after the signal that should end it', async () => {
    const endless = [process.execPath, '-e', 'setInterval(() => {}, 1000)']
    const signal = AbortSignal.abort(new Interrupted('SIGTERM'))
    expect(await runCommand(endless, process.env, signal)).toBe(143)
  })
})

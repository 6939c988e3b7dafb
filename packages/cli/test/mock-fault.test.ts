import type { ChatCompletion } from '@deltawire/core'
import { accumulate, textOf } from '@deltawire/core'
import { readChunks, streamChatCompletion } from '@deltawire/node'
import { afterEach, describe, expect, test } from 'vitest'
import { createMockServer, type MockServer, type MockServerOptions } from '../src/mock/create-mock-server.ts'
import { faultKinds, parseFault, type Fault } from '../src/mock/fault.ts'
import { toRecording } from '../src/mock/recording.ts'
import { splitEvents } from '../src/mock/split-events.ts'
import { stepsOf } from '../src/mock/steps.ts'
import { demoBytes } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const servers: MockServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: MockServerOptions = {}) {
  const server = await createMockServer({ clock: createFakeClock(), ...options })
  servers.push(server)
  return server
}

function fault(text: string): Fault {
  const parsed = parseFault(text)
  if (parsed === undefined) throw new Error(`no fault: ${text}`)
  return parsed
}

async function answer(text: string, model = 'demo:text'): Promise<Uint8Array> {
  const server = await serve({ faults: [fault(text)] })
  const response = await ask(server, model)
  return new Uint8Array(await response.arrayBuffer())
}

function ask(server: MockServer, model = 'demo:text', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.baseURL}/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages: [], stream: true, stream_options: { include_usage: true } }),
  })
}

const whole = demoBytes('text')
const events = splitEvents(whole).map((bytes) => new TextDecoder().decode(bytes))

async function eventsWith(text: string): Promise<string[]> {
  return splitEvents(await answer(text)).map((bytes) => new TextDecoder().decode(bytes))
}

describe('a fault', () => {
  test.each([
    ['cut@1200b', { kind: 'cut', at: { bytes: 1200 } }],
    ['cut@chunk:7', { kind: 'cut', at: { chunk: 7 } }],
    ['close-rst', { kind: 'close-rst', at: undefined }],
    ['close-rst@chunk:3', { kind: 'close-rst', at: { chunk: 3 } }],
    ['split@char', { kind: 'split', at: 'character' }],
    ['split@10b', { kind: 'split', at: { bytes: 10 } }],
    ['stall@chunk:3:5s', { kind: 'stall', at: { chunk: 3 }, value: '5s' }],
    ['error@chunk:5:overloaded_error', { kind: 'error', at: { chunk: 5 }, value: 'overloaded_error' }],
    ['status:429:retry-after=2', { kind: 'status', value: '429', headers: { 'retry-after': '2' } }],
    ['status:503:times=2', { kind: 'status', value: '503', times: 2 }],
    ['no-done:times=1', { kind: 'no-done', times: 1 }],
  ])('is read from %s', (text, expected) => {
    expect(parseFault(text)).toMatchObject(expected)
  })

  test.each([
    'cut',
    'cut@7',
    'cut@char',
    'cut@chunk:x',
    'dup@100b',
    'split@chunk:1',
    'split',
    'status',
    'status:200',
    'status:429:x:y',
    'stall@chunk:1:soon',
    'no-done@chunk:1',
    'crlf:5',
    'no-done:times=0',
    'meteor',
    '',
    'constructor',
  ])('is not read from "%s"', (text) => {
    expect(parseFault(text)).toBeUndefined()
  })

  test('has an example in its own words that can be read', () => {
    for (const [kind, { about }] of Object.entries(faultKinds)) {
      const [, examples = ''] = /^([^:]*(?::\S+)*): /.exec(about) ?? []
      for (const example of examples.split(', ')) {
        expect({ example, kind: parseFault(example)?.kind }).toEqual({ example, kind })
      }
    }
  })

  test('cuts behind so many bytes, wherever that is', async () => {
    for (const length of [0, 1, 100, 1200, whole.length - 1]) {
      const sent = stepsOf((await toRecording('t', whole)).events, false, [fault(`cut@${length}b`)])
      const bytes = sent.flatMap((step) => (step.do === 'send' ? [...step.event.bytes] : []))
      expect(bytes).toEqual([...whole.subarray(0, length)])
      expect(sent.at(-1)).toEqual({ do: 'break', how: 'cut' })
    }
    await expect(answer('cut@1200b')).rejects.toThrow(/terminated|other side closed/)
    await expect(answer('cut@chunk:3')).rejects.toThrow(/terminated|other side closed/)
  })

  test('behind a cut leaves what came before it', async () => {
    const server = await serve({ faults: [fault('cut@chunk:3')] })
    const { completion, error } = await accumulate(readChunks(await ask(server)))
    expect(error).toMatchObject({ code: 'connection_lost' })
    expect(completion === null ? '' : textOf(completion)).toBe('A chunk')
  })

  test('resets the connection before there is an answer, or behind a chunk', async () => {
    await expect(answer('close-rst')).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/ECONNRESET|SOCKET/) as unknown },
    })
    await expect(answer('close-rst@chunk:2')).rejects.toThrow(/terminated/)
  })

  test('changes what is sent where it says', async () => {
    expect(await eventsWith('dup@chunk:4')).toEqual(events.toSpliced(4, 0, events[3] ?? ''))
    expect(await eventsWith('reorder@chunk:4')).toEqual(events.toSpliced(3, 2, events[4] ?? '', events[3] ?? ''))
    const failed = await eventsWith('error@chunk:3:overloaded_error')
    expect(failed.slice(0, 2)).toEqual(events.slice(0, 2))
    expect(failed[2]).toContain('"type":"overloaded_error"')
    expect(failed.length).toBe(3)
    expect(await eventsWith('no-done')).toEqual(events.slice(0, -1))
    expect((await eventsWith('no-finish')).join('')).not.toMatch(/"finish_reason":"/)
    expect((await eventsWith('no-usage')).join('')).not.toMatch(/"usage":\{/)
    expect(new TextDecoder().decode(await answer('crlf'))).toBe(events.join('').replaceAll('\n', '\r\n'))
    const marked = await answer('bom')
    expect([...marked.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    expect(marked.subarray(3)).toEqual(whole)
  })

  test('splits writes inside of characters, and changes no byte', async () => {
    const { events: recorded } = await toRecording('u', demoBytes('utf8'))
    for (const text of ['split@char', 'split@1b', 'split@10b']) {
      const steps = stepsOf(recorded, false, [fault(text)])
      const pieces = steps.flatMap((step) => (step.do === 'send' ? [step.event.bytes] : []))
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(demoBytes('utf8')))
      expect(pieces.length).toBeGreaterThan(recorded.length)
    }
    const { completion } = await accumulate(readChunks([await answer('split@char', 'demo:utf8')]))
    expect(completion).toEqual((await accumulate(readChunks([demoBytes('utf8')]))).completion)
  })

  test('may be joined with others, in any order', async () => {
    const { events: recorded } = await toRecording('u', demoBytes('utf8'))
    const text = new TextDecoder().decode(demoBytes('utf8'))
    for (const texts of [
      ['split@char', 'crlf'],
      ['crlf', 'split@char'],
      ['split@3b', 'bom', 'crlf'],
    ]) {
      const steps = stepsOf(recorded, false, texts.map(fault))
      const bytes = Buffer.concat(steps.flatMap((step) => (step.do === 'send' ? [step.event.bytes] : [])))
      expect(bytes.toString('utf8').replace('\uFEFF', '')).toBe(text.replaceAll('\n', '\r\n'))
    }
  })

  test('stalls before a chunk for a time, or until the client leaves', async () => {
    const clock = createFakeClock()
    const server = await serve({ clock, faults: [fault('stall@chunk:3:5s')] })
    expect(await (await ask(server)).text()).toBe(events.join(''))
    expect(clock.sleeps).toEqual([5000])
    const silent = await serve({
      clock: {
        ...clock,
        sleep: (_, gone) => new Promise((resolve) => gone.addEventListener('abort', () => resolve())),
      },
      faults: [fault('stall@chunk:3')],
    })
    const stream = streamChatCompletion(
      { model: 'demo:text', messages: [] },
      { baseURL: silent.baseURL, apiKey: '', idleTimeoutMs: 50 },
    )
    expect(await stream.result()).toMatchObject({ error: { code: 'timeout', details: { phase: 'idle' } } })
  })

  test('zips, and still gives every chunk at once', async () => {
    const server = await serve({
      faults: [fault('gzip'), fault('stall@chunk:3')],
      clock: { ...createFakeClock(), sleep: () => new Promise(() => {}) },
    })
    const response = await ask(server)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const { value } = (await response.body?.getReader().read()) ?? {}
    expect(new TextDecoder().decode(value)).toContain('"delta"')
    expect(await answer('gzip')).toEqual(whole)
  })

  test('answers with a status and headers, for as many requests as it says', async () => {
    const server = await serve({ faults: [fault('status:429:retry-after=2:times=2')] })
    for (const expected of [429, 429, 200]) {
      const response = await ask(server)
      expect(response.status).toBe(expected)
      expect(response.headers.get('retry-after')).toBe(expected === 429 ? '2' : null)
      await response.body?.cancel()
    }
  })

  test('comes with a request', async () => {
    const server = await serve()
    const response = await ask(server, 'demo:text', { 'x-mock-fault': 'no-done, crlf' })
    expect(await response.text()).toBe(events.slice(0, -1).join('').replaceAll('\n', '\r\n'))
    const refused = await ask(server, 'demo:text', { 'x-mock-fault': 'meteor' })
    expect({ status: refused.status, body: await refused.json() }).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_fault', message: "There is no fault 'meteor'." } },
    })
  })

  test('breaks an answer in one piece, too', async () => {
    const server = await serve({ faults: [fault('cut@chunk:1')] })
    const response = await fetch(`${server.baseURL}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo:text', messages: [] }),
    })
    await expect(response.json()).rejects.toThrow(/terminated|JSON/)
    const inOnePiece = await fetch(`${(await serve({ faults: [fault('no-usage')] })).baseURL}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo:text', messages: [] }),
    })
    expect((await inOnePiece.json()) as ChatCompletion).not.toHaveProperty('usage')
  })

  test('that is none is explained', async () => {
    expect(await runCli(['mock', '--fault', 'cut'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: there is no fault "cut"\nhint: cut@1200b, cut@chunk:7: /) as unknown,
    })
    expect((await runCli(['mock', '--fault', 'meteor'])).stderr).toContain('hint: the faults are cut, close-rst, ')
  })
})

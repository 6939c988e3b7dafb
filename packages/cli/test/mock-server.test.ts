import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { ChatCompletion } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createMockServer,
  type MockAnswer,
  type MockServer,
  type MockServerOptions,
} from '../src/mock/create-mock-server.ts'
import { captureToRecording, toRecording } from '../src/mock/recording.ts'
import { sendRecording } from '../src/mock/send-recording.ts'
import { splitEvents } from '../src/mock/split-events.ts'
import { demoBytes, demoNames } from '../src/source/demo.ts'
import { clockWith, createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const servers: MockServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: MockServerOptions = {}) {
  const server = await createMockServer(options)
  servers.push(server)
  return server
}

const messages = [{ role: 'user', content: 'Hello' }]

function post(server: MockServer, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${server.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

describe('the mock server', () => {
  test.each(demoNames.filter((name) => name !== 'cut'))('sends %s byte for byte', async (name) => {
    const response = await post(await serve(), {
      model: `demo:${name}`,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('access-control-allow-origin')).toBe(null)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(demoBytes(name))
  })

  test('breaks the connection where the recording was cut', async () => {
    const server = await serve()
    const response = await post(server, { model: 'cut', messages, stream: true })
    let text = ''
    const decoder = new TextDecoder()
    await expect(async () => {
      for await (const piece of response.body ?? []) text += decoder.decode(piece as Uint8Array, { stream: true })
    }).rejects.toThrow(/terminated|aborted|failed/)
    expect(text).toBe(new TextDecoder().decode(demoBytes('cut')))
    await expect((await post(server, { model: 'cut', messages })).json()).rejects.toThrow(/terminated|aborted|failed/)
  })

  test('sends the usage only to those who ask for it', async () => {
    const server = await serve()
    for (const stream_options of [undefined, null, {}, { include_usage: false }]) {
      const text = await (await post(server, { model: 'demo:text', messages, stream: true, stream_options })).text()
      expect(text).not.toContain('"choices":[]')
      expect(text).toMatch(/data: \[DONE\]\n\n$/)
    }
  })

  test('answers without a stream what merge makes of it', async () => {
    const server = await serve()
    const response = await post(server, { model: 'demo:tools', messages })
    expect(await response.json()).toEqual(JSON.parse((await runCli(['merge', 'demo:tools'])).stdout))
  })

  test('answers a failure without a stream with its status', async () => {
    const response = await post(await serve(), { model: 'demo:error', messages })
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({
      error: {
        message: 'The server is overloaded, try again later.',
        type: 'server_error',
        param: null,
        code: 'overloaded',
      },
    })
  })

  test('lists the models it knows', async () => {
    const recordings = [await toRecording('mine/one', demoBytes('text'))]
    const server = await serve({ recordings })
    const { data } = (await (await fetch(`${server.baseURL}/models`)).json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(['mine/one', ...demoNames.map((name) => `demo:${name}`)])
    expect(await (await fetch(`${server.baseURL}/models/demo:text`)).json()).toMatchObject({
      id: 'demo:text',
      object: 'model',
    })
    expect((await fetch(`${server.baseURL}/models/mine%2Fone`)).status).toBe(200)
    expect((await fetch(`${server.baseURL}/models/%E0%A4%A`)).status).toBe(404)
    expect((await fetch(new URL('/healthz', server.baseURL))).status).toBe(200)
  })

  test('lets the model choose, and takes its recordings in turn for any other', async () => {
    const recordings = [await toRecording('a', demoBytes('text')), await toRecording('b', demoBytes('reasoning'))]
    const server = await serve({ recordings })
    const idOf = async (model: string) =>
      ((await (await post(server, { model, messages })).json()) as ChatCompletion).id
    expect(await idOf('b')).toBe('chatcmpl-demo-reasoning')
    expect(await idOf('tools')).toBe('chatcmpl-demo-tools')
    expect(await idOf('demo:n2')).toBe('chatcmpl-demo-n2')
    expect([await idOf('gpt'), await idOf('gpt'), await idOf('gpt')]).toEqual([
      'chatcmpl-demo-text',
      'chatcmpl-demo-reasoning',
      'chatcmpl-demo-text',
    ])
    const bare = await serve()
    expect(((await (await post(bare, { model: 'gpt', messages })).json()) as ChatCompletion).id).toBe(
      'chatcmpl-demo-text',
    )
  })

  const key = { authorization: 'Bearer sk-right' }
  test.each<[number, string, string, (server: MockServer) => Promise<Response>]>([
    [400, 'invalid_json', 'no JSON', (server) => post(server, '{"model":', key)],
    [400, 'invalid_body', 'JSON that is no object', (server) => post(server, '[]', key)],
    [400, 'missing_parameter', 'no model', (server) => post(server, { messages }, key)],
    [400, 'missing_parameter', 'no messages', (server) => post(server, { model: 'm' }, key)],
    [401, 'invalid_api_key', 'no key', (server) => post(server, { model: 'm', messages })],
    [
      401,
      'invalid_api_key',
      'a wrong key',
      (server) => post(server, { model: 'm', messages }, { authorization: 'Bearer sk-wrong' }),
    ],
    [401, 'invalid_api_key', 'no key for the models', (server) => fetch(`${server.baseURL}/models`)],
    [404, 'unknown_url', 'a wrong path', (server) => fetch(`${server.baseURL}/completions`)],
    [404, 'unknown_url', 'the name of a property', (server) => fetch(new URL('/__proto__', server.baseURL))],
    [
      404,
      'model_not_found',
      'a model it does not know',
      (server) => fetch(`${server.baseURL}/models/gpt`, { headers: key }),
    ],
    [405, 'method_not_allowed', 'a wrong method', (server) => fetch(`${server.baseURL}/chat/completions`)],
    [
      413,
      'body_too_large',
      'a large body',
      (server) => post(server, { model: 'm', messages, x: 'x'.repeat(1_000_000) }, key),
    ],
  ])('answers %i %s to %s', async (status, code, _, call) => {
    const response = await call(await serve({ apiKey: 'sk-right', maxBodyBytes: 100_000 }))
    const text = await response.text()
    const { error } = JSON.parse(text) as { error: Record<string, unknown> }
    expect({ status: response.status, code: error['code'] }).toEqual({ status, code })
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code'])
    expect(text).not.toMatch(/sk-/)
  })

  test('lets pages of other origins ask only when it is told so', async () => {
    const closed = await fetch(`${(await serve()).baseURL}/chat/completions`, { method: 'OPTIONS' })
    expect(closed.status).toBe(405)
    expect(closed.headers.get('access-control-allow-origin')).toBe(null)
    const open = await serve({ allowsCors: true })
    const preflight = await fetch(`${open.baseURL}/chat/completions`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    expect((await post(open, { model: 'm', messages })).headers.get('access-control-allow-origin')).toBe('*')
  })

  test('keeps the pace it is given', async () => {
    const clock = createFakeClock()
    const server = await serve({ pace: { firstChunkMs: 300, chunkMs: 20 }, clock })
    await (await post(server, { model: 'demo:reasoning', messages, stream: true })).text()
    expect(clock.sleeps[0]).toBe(300)
    expect(new Set(clock.sleeps.slice(1))).toEqual(new Set([20]))
    // Every token but the first. What opens the answer comes with it, and what closes the answer with the last.
    const closing = ['finish reason', 'usage', '[DONE]']
    expect(clock.sleeps.length).toBe(splitEvents(demoBytes('reasoning')).length - 1 - closing.length)
  })

  test('keeps the pace of a recording where that is wanted, and shakes a pace of its own the same way every time', async () => {
    const times = [120, 120, 150, 400]
    const events = splitEvents(demoBytes('text')).slice(0, 4)
    async function* reads() {
      for (const [at, bytes] of events.entries()) yield { atMs: times[at], bytes }
    }
    const recording = await captureToRecording('r', { head: undefined, reads: reads() })
    const sleepsWith = async (pace: MockServerOptions['pace']) => {
      const clock = createFakeClock()
      const server = await serve({ recordings: [recording], pace, clock })
      await (await post(server, { model: 'r', messages, stream: true })).text().catch(() => {})
      return clock.sleeps
    }
    expect(await sleepsWith({ recordedSpeed: 1 })).toEqual([120, 30, 250])
    expect(await sleepsWith({ recordedSpeed: 10 })).toEqual([12, 3, 25])
    expect(await sleepsWith({ recordedSpeed: 0 })).toEqual([])
    const shaken = await sleepsWith({ firstChunkMs: 100, chunkMs: 10, jitter: 0.2 })
    expect(shaken).toEqual(await sleepsWith({ firstChunkMs: 100, chunkMs: 10, jitter: 0.2 }))
    expect(new Set(shaken).size).toBe(shaken.length)
    for (const [at, ms] of shaken.entries()) expect(Math.abs(ms / (at === 0 ? 100 : 10) - 1)).toBeLessThanOrEqual(0.2)
  })

  test('stops sending when the client has left', async () => {
    const client = new AbortController()
    const begun = deferred<void>()
    const answered = deferred<MockAnswer>()
    let pauses = 0
    const server = await serve({
      pace: { chunkMs: 1 },
      onAnswer: answered.resolve,
      clock: clockWith(async (_, gone) => {
        pauses += 1
        if (pauses < 3) return
        void begun.promise.then(() => client.abort())
        // The pause ends because the client is gone.
        await new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve()))
      }),
    })
    const response = await fetch(`${server.baseURL}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo:text', messages, stream: true }),
      signal: client.signal,
    })
    begun.resolve()
    await expect(response.text()).rejects.toThrow(/terminated|aborted|failed/)
    expect(await answered.promise).toMatchObject({ status: 200, events: 4, isAborted: true, recording: 'demo:text' })
    expect(pauses).toBe(3)
  })

  test('waits for a client that reads slowly, and for one that has stopped reading until it leaves', async () => {
    const recording = await toRecording('text', demoBytes('text'))
    const asked = { model: 'text', isStreamed: true, includesUsage: true, messages: [] }
    const pace = { firstChunkMs: 0, chunkMs: 0, jitter: 0 }
    for (const isPatient of [true, false]) {
      let written = 0
      const response = Object.assign(new EventEmitter(), {
        writeHead: () => {},
        flushHeaders: () => {},
        end: () => {},
        // Takes one event at a time, and not one more before the last one is gone.
        write() {
          written += 1
          const before = written
          setImmediate(() => {
            expect(written).toBe(before)
            response.emit(isPatient || written < 3 ? 'drain' : 'close')
          })
          return false
        },
      })
      const sent = await sendRecording(response as unknown as ServerResponse, recording, asked, {
        pace,
        clock: createFakeClock(),
        faults: [],
      })
      expect(sent).toEqual({ status: 200, events: isPatient ? recording.events.length : 3, isAborted: !isPatient })
    }
  })

  test('closes at once, also while it answers', async () => {
    const started = deferred<void>()
    const server = await createMockServer({
      pace: { chunkMs: 1 },
      clock: clockWith((_, gone) => {
        started.resolve()
        return new Promise((resolve) => gone.addEventListener('abort', () => resolve()))
      }),
    })
    const response = post(server, { model: 'demo:text', messages, stream: true }).then((answer) => answer.text())
    response.catch(() => {})
    await started.promise
    await server.close()
    await expect(response).rejects.toThrow(/terminated|aborted|failed/)
  })

  test('survives a client that breaks off in the middle of its request', async () => {
    const answered = deferred<MockAnswer>()
    const server = await serve({ onAnswer: answered.resolve })
    const socket = connect(server.port, '127.0.0.1')
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model":', () =>
      socket.destroy(),
    )
    expect(await answered.promise).toMatchObject({ isAborted: true })
    expect((await post(server, { model: 'm', messages })).status).toBe(200)
  })
})

describe('a recording', () => {
  test('keeps every byte of a stream, wherever its lines end', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = `: hello${end}${end}data: a${end}data: b${end}${end}${end}event: x${end}data: c${end}${end}data: cut`
      const bytes = new TextEncoder().encode(text)
      const events = splitEvents(bytes).map((event) => new TextDecoder().decode(event))
      expect(events.join('')).toBe(text)
      expect(events.map((event) => event.trim().split(/[\r\n]/)[0])).toEqual([
        ': hello',
        'data: a',
        'event: x',
        'data: cut',
      ])
    }
    expect(splitEvents(new Uint8Array())).toEqual([])
  })

  test('is made of a completion word by word, and of lines of JSON line by line', async () => {
    const completion = (await runCli(['merge', 'demo:text'])).stdout
    const ofCompletion = await toRecording('a', new TextEncoder().encode(completion))
    expect(ofCompletion.events.length).toBeGreaterThan(30)
    expect(ofCompletion.completion).toEqual(JSON.parse(completion))
    const lines = (await runCli(['convert', 'demo:text', '--to', 'jsonl'])).stdout
    const ofLines = await toRecording('b', new TextEncoder().encode(lines))
    expect(ofLines.events.length).toBe(lines.trimEnd().split('\n').length + 1)
    expect(ofLines.completion).toEqual(JSON.parse(completion))
  })

  test('of an error body answers with that error', async () => {
    const recording = await toRecording('a', new TextEncoder().encode('{"error":{"message":"Slow down","code":429}}'))
    const response = await post(await serve({ recordings: [recording] }), { model: 'a', messages, stream: true })
    expect(response.status).toBe(429)
    expect(await response.json()).toEqual({
      error: { message: 'Slow down', type: 'server_error', param: null, code: 429 },
    })
  })
})

function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

describe('what a request is answered with', () => {
  const recordings = ['text', 'tools', 'reasoning'] as const

  async function library(match: MockServerOptions['match'], isStrict = false) {
    const made = await Promise.all(
      recordings.map(async (name, at) => ({
        ...(await toRecording(name, demoBytes(name))),
        request: {
          messages: [
            { role: 'system', content: 's' },
            { role: 'user', content: `question ${at}` },
          ],
        },
      })),
    )
    return serve({ recordings: made, match, isStrict })
  }

  async function idFor(server: MockServer, content: string, model = 'any', system = 's') {
    const asked = [
      { role: 'system', content: system },
      { role: 'user', content },
    ]
    const response = await post(server, { model, messages: asked })
    return response.status === 200 ? ((await response.json()) as ChatCompletion).id : response.status
  }

  test('is the recording of the model, or the next one', async () => {
    const server = await library('model')
    expect(await idFor(server, 'x', 'tools')).toBe('chatcmpl-demo-tools')
    const turns = [
      await idFor(server, 'x'),
      await idFor(server, 'x'),
      await idFor(server, 'x'),
      await idFor(server, 'x'),
    ]
    expect(turns.map((id) => String(id).slice(14))).toEqual(['text', 'tools', 'reasoning', 'text'])
    expect(await idFor(await library('model', true), 'x')).toBe(404)
  })

  test('is the one of the same question, or of the same messages', async () => {
    const byUser = await library('last-user', true)
    expect(await idFor(byUser, ' question 2 ', 'text', 'other')).toBe('chatcmpl-demo-reasoning')
    expect(await idFor(byUser, 'question 9')).toBe(404)
    const byRequest = await library('request', true)
    expect(await idFor(byRequest, 'question 1')).toBe('chatcmpl-demo-tools')
    expect(await idFor(byRequest, 'question 1', 'any', 'other')).toBe(404)
  })

  test('is one after the other, whatever is asked', async () => {
    const server = await library('seq')
    const turns = [await idFor(server, 'x', 'tools'), await idFor(server, 'x', 'tools')]
    expect(turns.map((id) => String(id).slice(14))).toEqual(['text', 'tools'])
  })
})

import { accumulate, type Accumulated, decodeChunks, isStreamError, textOf } from '@deltawire/core'
import { bytesOf, cases, cutEvery, cutRandomly } from '@deltawire/testkit'
import { describeRecordings } from '@deltawire/testkit/describe'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEvents, streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'

/** What the server sends for a model: these pieces, one turn of the event loop after the other. */
const bodies = new Map<string, { pieces: Uint8Array[]; type: string }>()

let server: Server
let baseURL: string

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (bytes) => (text += String(bytes)))
    const answer = async () => {
      const { model } = JSON.parse(text) as { model: string }
      const body = bodies.get(model)
      if (body === undefined) return response.writeHead(404).end()
      response.writeHead(200, { 'content-type': body.type }).flushHeaders()
      for (const piece of body.pieces) {
        response.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return response.end()
    }
    request.on('end', () => void answer())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
afterAll(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

function ask(model: string, options: StreamChatCompletionOptions = {}) {
  return streamChatCompletion(
    { model, messages: [{ role: 'user', content: 'Hello!' }] },
    { baseURL, maxRetries: 0, ...options },
  )
}

/** All that can be compared of a result. */
function comparable({ completion, complete, warnings, error }: Accumulated) {
  return {
    completion,
    complete,
    warnings,
    error: isStreamError(error) ? { code: error.code, details: error.details } : error,
  }
}

/** A body as core reads it, and as it is read over HTTP in both ways. */
async function readings(
  bytes: Uint8Array,
  model: string,
  options: StreamChatCompletionOptions = {},
  type = 'text/event-stream',
) {
  const expected = comparable(await accumulate(decodeChunks(readEvents([bytes]), options)))
  // Pieces of a few bytes are what other suites cut; over a network a large body would take its time.
  const random = cutRandomly(bytes, bytes.length)
  bodies.set(model, { pieces: random.length > 60 ? cutEvery(bytes, Math.ceil(bytes.length / 60)) : random, type })
  const folded = comparable(await ask(model, options).result())
  const stream = ask(model, options)
  const { completion, complete, error } = await accumulate(chunksOf(stream))
  return { expected, folded, iterated: comparable({ completion, complete, error, warnings: stream.warnings }) }
}

/** Without the ways around chunks that a stream offers. */
async function* chunksOf<T>(chunks: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* chunks
}

describe('over HTTP, however it is cut, streamChatCompletion gives what core gives for', () => {
  it.for(cases.map((example) => [`${example.name}: ${example.title}`, example] as const))('%s', async ([, example]) => {
    const { expected, folded, iterated } = await readings(
      bytesOf(example.sse),
      example.name,
      example.options,
      example.content_type,
    )
    expect(folded).toEqual(expected)
    expect(iterated).toEqual(expected)
  })
})

describeRecordings('over HTTP, however they are cut, streamChatCompletion gives what core gives', (recordings) => {
  // A sample: the other suites read them all, without a network.
  const sample = recordings.filter((_recording, at) => at % 12 === 0)
  it.for(sample.map((recording) => [recording.file, recording] as const))('for %s', async ([file, { bytes }]) => {
    const { expected, folded, iterated } = await readings(bytes, file)
    expect(folded).toEqual(expected)
    expect(iterated).toEqual(expected)
  })
})

it('a thousand streams at once are all right, and hold no more than their answers', { timeout: 30_000 }, async () => {
  const text = (at: number, part: number) => `stream ${at} part ${part} `
  const parts = 20
  for (let at = 0; at < 1000; at += 1) {
    const events = Array.from({ length: parts }, (_, part) => {
      const choices = [
        { index: 0, delta: { content: text(at, part) }, finish_reason: part === parts - 1 ? 'stop' : null },
      ]
      return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`
    })
    bodies.set(`many-${at}`, {
      pieces: cutEvery(bytesOf(`${events.join('')}data: [DONE]\n\n`), 700),
      type: 'text/event-stream',
    })
  }
  const before = process.memoryUsage().rss
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async (_, at) => {
      const answer = ask(`many-${at}`)
      if (at % 2 === 0) return answer.text()
      let all = ''
      for await (const { choices } of answer) all += textOf(choices[0])
      return all
    }),
  )
  for (const [at, answer] of answers.entries())
    expect(answer).toBe(Array.from({ length: parts }, (_, part) => text(at, part)).join(''))
  // 0.5 MB of answers, and two thousand sockets: client and server are one process here.
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(500)
})

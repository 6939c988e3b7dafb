import { Buffer } from 'node:buffer'
import { accumulate, type ChatCompletionChunk, isStreamError } from '@deltawire/core'
import { bytesOf, iterableOf, streamOf } from '@deltawire/testkit'
import { describe, expect, it } from 'vitest'
import { readChunks } from '../src/index.ts'

const event = (delta: object, finish_reason: string | null = null) =>
  bytesOf(`data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason }] })}\n\n`)
const done = bytesOf('data: [DONE]\n\n')
const opening = event({
  tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
})
const failure = new Error('The cable was cut')

async function read(chunks: AsyncIterable<ChatCompletionChunk>) {
  const given: ChatCompletionChunk[] = []
  try {
    for await (const chunk of chunks) given.push(chunk)
    return { given }
  } catch (thrown) {
    return { given, thrown }
  }
}

describe('a source that fails', () => {
  it('does not cost what was held back', async () => {
    const { given, thrown } = await read(readChunks(iterableOf([opening], { failure })))
    expect(given.at(-1)?.choices[0]?.delta.tool_calls).toEqual([{ index: 0, function: { arguments: '{}' } }])
    expect(thrown).toBe(failure)
    const { completion, error } = await accumulate(readChunks(iterableOf([opening], { failure })))
    expect(completion?.choices[0]?.message.tool_calls).toMatchObject([{ id: 'a', function: { arguments: '{}' } }])
    expect(error).toBe(failure)
  })

  it('costs nothing of what has repeated and was not summed yet', async () => {
    const pieces = Array.from({ length: 50 }, (_, at) => event({ content: `${at} ` }))
    const { completion, error } = await accumulate(readChunks(iterableOf(pieces, { failure })))
    expect(completion?.choices[0]?.message.content).toBe(Array.from({ length: 50 }, (_, at) => `${at} `).join(''))
    expect(error).toBe(failure)
  })

  it('by a broken connection is told in our words', async () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const { thrown } = await read(readChunks(streamOf([opening], { failure: reset })))
    expect(thrown).toMatchObject({ code: 'connection_lost', details: { pieces: 1 }, cause: reset })
  })
})

it('how a source takes the end of the answer does not change the answer', async () => {
  const rude = {
    pieces: [event({ content: 'Hello' }), done],
    [Symbol.asyncIterator]() {
      return {
        next: () => Promise.resolve({ done: false as const, value: this.pieces.shift() ?? done }),
        return: () => Promise.reject(new Error('I was not finished')),
      }
    },
  }
  const { completion, complete, error } = await accumulate(readChunks(rude))
  expect({ complete, error }).toEqual({ complete: true, error: null })
  expect(completion?.choices[0]?.message.content).toBe('Hello')
})

describe('what is no source of bytes', () => {
  it.each<[unknown, string]>([
    ['data: x', 'readChunks([text])'],
    [null, 'readChunks(await fetch(url))'],
    [undefined, 'readChunks(await fetch(url))'],
    [7, 'readChunks(await fetch(url))'],
    [{}, 'readChunks(await fetch(url))'],
    [() => [], 'readChunks(await fetch(url))'],
  ])('is refused at once: %s', (source, advice) => {
    expect(() => readChunks(source as never)).toThrow(TypeError)
    expect(() => readChunks(source as never)).toThrow(advice)
  })
})

it('a Response of another library, a single Uint8Array, a list and a generator are sources', async () => {
  const bytes = new Uint8Array([...event({ content: 'Hello' }, 'stop'), ...done])
  const foreign = { body: iterableOf([bytes]), status: 200, ok: true, headers: new Headers() }
  function* generator() {
    yield bytes
  }
  for (const source of [foreign, bytes, [bytes], generator(), streamOf([bytes]), new Response(bytes)]) {
    const { completion, error } = await accumulate(readChunks(source as never))
    expect(error).toBeNull()
    expect(completion?.choices[0]?.message.content).toBe('Hello')
  }
})

it('the type and the name of a call are said once, however often its fragments repeat', async () => {
  const calls = [
    [
      { index: 0, extra: 1 },
      { index: 0, function: { arguments: 'x' } },
    ],
    [
      { index: 0, id: 'a', extra: 1 },
      { index: 0, custom: { name: 'exec', input: 'x' } },
    ],
  ]
  for (const [opens, goesOn] of calls) {
    const pieces = [opens, goesOn, goesOn, goesOn, goesOn].map((call) => event({ tool_calls: [call] }))
    const { given } = await read(readChunks([...pieces, done]))
    const told = given.map((chunk) => JSON.stringify(chunk.choices[0]?.delta.tool_calls))
    expect(told.filter((text) => text.includes('"type"'))).toHaveLength(1)
    expect(told.filter((text) => text.includes('"exec"')).length).toBeLessThanOrEqual(1)
  }
})

it('a source may use the memory of a piece again once it is asked for the next', async () => {
  const padding = `: ${'x'.repeat(20_000)}\n\n`
  const fields = ['b', 'b', 'b', 'c', 'c'].map((name, at) => ({
    choices: [{ index: 0, delta: { content: `${at}` } }],
    a: `${at}`,
    [name]: `${at}`,
  }))
  const pieces = [...fields.map((value) => `${padding}data: ${JSON.stringify(value)}\n\n`), 'data: [DONE]\n\n']
  function* reusing() {
    const memory = Buffer.alloc(64 * 1024)
    for (const piece of pieces) yield memory.subarray(0, memory.write(piece))
  }
  const { completion } = await accumulate(readChunks(reusing()))
  expect(completion).toMatchObject({ a: '4', b: '2', c: '4', choices: [{ message: { content: '01234' } }] })
})

it('a response without a body holds no chunk', async () => {
  const { error } = await accumulate(readChunks(new Response(null, { status: 204 })))
  expect(error).toMatchObject({ code: 'no_chunk' })
})

it('a response whose body somebody has read is refused at once', async () => {
  const response = new Response('data: {}')
  await response.text()
  expect(() => readChunks(response)).toThrow(
    'readChunks takes a Response whose body nobody has read: this one was read before, by text() or json() say',
  )
})

describe('a response that is an error', () => {
  it.each([
    ['{"error":{"message":"no money","code":"quota"}}', 429, ': no money'],
    ['[{"error":{"code":400,"message":"bad key"}}]', 400, ': bad key'],
    ['{"error":"no money"}', 402, ': no money'],
    ['{"message":"no money"}', 402, ': no money'],
    ['<html>502</html>', 502, ''],
    ['null', 500, ''],
    ['[]', 500, ''],
    ['{"error":null}', 500, ''],
    ['', 500, ''],
  ])('says why, where its body does: %s', async (body, status, words) => {
    const { error, completion } = await accumulate(
      readChunks(new Response(body, { status, headers: { 'x-request-id': 'r' } })),
    )
    expect(completion).toBeNull()
    expect(error).toMatchObject({
      code: 'http_status',
      message: `[http_status] the server answered ${status}${words}`,
      details: { status, body, headers: expect.objectContaining({ 'x-request-id': 'r' }) as unknown },
    })
  })

  it('is read no further than an error page needs', async () => {
    let cancelled = 0
    function* endless() {
      for (;;) yield bytesOf('x'.repeat(1_000))
    }
    const response = new Response(streamOf(endless(), { onCancel: () => cancelled++ }), { status: 500 })
    const { error } = await accumulate(readChunks(response))
    if (!isStreamError(error) || error.code !== 'http_status') throw new Error('It is a status')
    expect(error.details.body).toHaveLength(16 * 1024)
    expect(cancelled).toBe(1)
  })

  it('whose body breaks is still that error', async () => {
    const { error } = await accumulate(
      readChunks(new Response(streamOf([bytesOf('half')], { failure }), { status: 503 })),
    )
    expect(error).toMatchObject({ code: 'http_status', details: { status: 503, body: 'half' } })
  })
})

it('a sum begins where the taking of chunks has stopped', async () => {
  const chunks = readChunks([event({ content: 'Hel' }), event({ content: 'lo' }, 'stop'), done])
  expect((await chunks.next()).value?.choices[0]?.delta.content).toBe('Hel')
  const { completion } = await accumulate(chunks)
  expect(completion?.choices[0]?.message.content).toBe('lo')
})

it('a listener hears every repair, however often an event repeats', async () => {
  const heard: string[] = []
  const pieces = Array.from({ length: 100 }, () =>
    bytesOf(
      'data: {"id":"c","created":1,"model":"m","object":"chat.completion.chunk","obfuscation":"x","choices":[{"index":0,"delta":{"content":"y"},"finish_reason":null}]}\n\n',
    ),
  )
  await accumulate(readChunks([...pieces, done], { onRepair: (repair) => heard.push(repair) }))
  expect(heard).toEqual(Array.from({ length: 100 }, () => 'obfuscation'))
})

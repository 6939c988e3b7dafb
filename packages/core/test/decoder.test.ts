import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ChatCompletionChunk,
  createDecoder,
  decodeChunk,
  type DecodeOptions,
  type StreamEvent,
  textOf,
} from '../src/index.ts'
import { rawChunk } from './raw.ts'

const hello = JSON.stringify(rawChunk({ content: 'Hello' }))
const world = JSON.stringify(rawChunk({ content: ' world' }))
const stop = JSON.stringify(rawChunk({}, 'stop'))

/** Pushes everything until the stream is over, and ends it if it is not. */
function decode(events: readonly (StreamEvent | string)[], options: DecodeOptions = {}) {
  const decoder = createDecoder(options)
  const chunks: ChatCompletionChunk[] = []
  for (const event of events) {
    const decoded = decoder.push(typeof event === 'string' ? { data: event } : event)
    chunks.push(...decoded.chunks)
    if (decoded.done) return { chunks, text: textIn(chunks), error: decoded.error, warnings: decoder.warnings }
  }
  const decoded = decoder.end()
  expect(decoded.done).toBe(true)
  chunks.push(...decoded.chunks)
  return { chunks, text: textIn(chunks), error: decoded.error, warnings: decoder.warnings }
}

const textIn = (chunks: readonly ChatCompletionChunk[]) =>
  chunks.flatMap(({ choices }) => choices.map((choice) => textOf(choice))).join('')

describe('a stream ends well', () => {
  it.each(['[DONE]', ' [DONE] ', '[done]', '"[DONE]"', 'DONE', '\n[DONE]\n'])('with %j', (done) => {
    expect(decode([hello, done, world])).toMatchObject({ text: 'Hello', error: undefined })
  })

  it('with its events, when every choice has a finish reason', () => {
    expect(decode([hello, stop])).toMatchObject({ text: 'Hello', error: undefined })
  })

  it('with [DONE] glued to its last chunk', () => {
    expect(decode([hello, `${stop}[DONE]`, world])).toMatchObject({ text: 'Hello', error: undefined })
  })

  it('with a [DONE] that is cut, when every choice has a finish reason', () => {
    for (const cut of ['[D', '[DONE', '[DO']) expect(decode([hello, stop, cut]).error).toBeUndefined()
  })
})

describe('a stream breaks', () => {
  it.each<[string, (StreamEvent | string)[], string, object?]>([
    ['when it ends before a finish reason', [hello], 'incomplete_stream', { chunks: 1, insideEvent: false }],
    [
      'when one of two choices has none',
      [hello, JSON.stringify({ choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] })],
      'incomplete_stream',
    ],
    [
      'when a choice that came after the finish of all others has none',
      [hello, stop, JSON.stringify({ choices: [{ index: 1, delta: {}, finish_reason: null }] })],
      'incomplete_stream',
    ],
    ['when it ends inside an event', [hello, stop.slice(0, -9)], 'incomplete_stream', { chunks: 1, insideEvent: true }],
    [
      'when it ends inside an event, also after a finish reason',
      [stop, '{"usage":{"total'],
      'incomplete_stream',
      { insideEvent: true },
    ],
    ['when an event is not JSON', [hello, '{unparsable}', world], 'invalid_json', { data: '{unparsable}', event: 2 }],
    [
      'when an unfinished event is followed by another',
      [hello, '{"choices":[', world],
      'invalid_json',
      { data: '{"choices":[', event: 2 },
    ],
    ['when an unfinished event is followed by [DONE]', [hello, '{"choices":[', '[DONE]'], 'invalid_json', { event: 2 }],
    ['when it holds nothing', [], 'no_chunk', { events: 0, body: '' }],
    ['when it holds only [DONE]', ['[DONE]'], 'no_chunk', { events: 1 }],
    ['when no chunk has a choice', ['{"choices":[]}', '[DONE]'], 'no_chunk'],
    ['when it is a page', ['<html>502</html>'], 'no_chunk', { body: '<html>502</html>' }],
    ['when it is another format', ['{"model":"m","done":false}'], 'no_chunk', { body: '{"model":"m","done":false}' }],
    ['when the server says so', [hello, '{"error":{"message":"m"}}', world], 'upstream_error'],
    ['when the server says so by name', [hello, { event: 'error', data: 'overloaded' }], 'upstream_error'],
  ])('%s', (_, events, code, details = {}) => {
    const { error } = decode(events)
    expect(error).toMatchObject({ name: 'StreamError', code, details })
    expect(error?.message).toContain(`[${code}]`)
  })

  it('after everything that came before', () => {
    expect(decode([hello, world, '{unparsable}'])).toMatchObject({ text: 'Hello world' })
    expect(decode([hello, JSON.stringify({ ...rawChunk({ content: '!' }), error: 'gone' })]).text).toBe('Hello!')
  })

  it('with a message that shows what came instead of an answer', () => {
    for (const body of ['<html>502</html>', 'null', '"oops"', '{"message":"Too many"}'])
      expect(decode([body]).error?.message).toContain(JSON.stringify(body))
  })
})

describe('an event says nothing', () => {
  it.each<[string, StreamEvent]>([
    ['when it is blank', { data: ' \n' }],
    ['when it is null', { data: 'null' }],
    ['when it is a number', { data: '5' }],
    ['when it is an empty object', { data: '{}' }],
    ['when it is an empty list', { data: '[]' }],
    ['when it is named and no chunk', { event: 'ping', data: '{"type":"ping"}' }],
    ['when it is named, no chunk, and carries usage of something else', { event: 'tool', data: '{"usage":{"a":1}}' }],
  ])('%s', (_, event) => {
    const { chunks, error } = decode([event, hello, event, stop, event])
    expect(chunks).toHaveLength(2)
    expect(error).toBeUndefined()
  })
})

describe('a named event is a chunk', () => {
  it.each<[string, object]>([
    ['when it has choices', rawChunk({ content: 'x' })],
    ['when it says that it is one', { object: 'chat.completion.chunk', usage: { total_tokens: 5 } }],
    ['when it has choices null and usage', { choices: null, usage: { total_tokens: 5 } }],
  ])('%s', (_, chunk) => {
    expect(decode([{ event: 'message', data: JSON.stringify(chunk) }]).chunks).toHaveLength(1)
  })
})

it('one event may hold several chunks, in several ways', () => {
  for (const data of [
    `${hello}\n${world}`,
    `${hello}${world}`,
    `[${hello},${world}]`,
    `${hello}\n\ndata: ${world}\n[DONE]`,
  ])
    expect(decode([data]).text).toBe('Hello world')
})

describe('what was held back is given before the end', () => {
  const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
  const opened = JSON.stringify(rawChunk({ tool_calls: [call] }))
  const argumentsIn = (chunks: readonly ChatCompletionChunk[]) =>
    chunks
      .flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []))
      .map((one) => one.function?.arguments ?? '')
      .join('')

  it.each<[string, string[]]>([
    ['by [DONE]', ['[DONE]']],
    ['by the events', []],
    ['by an error of the server', ['{"error":"gone"}']],
    ['by an event that is not JSON', ['{unparsable}']],
    ['by an event that is cut', ['{"choices":[']],
    ['by a limit', [JSON.stringify({ padding: 'x'.repeat(1_000) })]],
  ])('that is made %s', (_, rest) => {
    expect(argumentsIn(decode([opened, ...rest], { maxEventLength: 900 }).chunks)).toBe('{}')
  })
})

describe('a lenient reading', () => {
  it('skips what is not JSON, and says so once, with how often', () => {
    const { text, error, warnings } = decode([hello, '{unparsable}', 'word', world, '{"choices":[', stop], {
      lenient: true,
    })
    expect({ text, error }).toEqual({ text: 'Hello world', error: undefined })
    expect(warnings).toEqual([{ code: 'event-skipped', event: 2, count: 3, excerpt: '"{unparsable}"' }])
  })

  it('remembers one event, however many it skips', () => {
    const decoder = createDecoder({ lenient: true })
    for (let at = 0; at < 10_000; at++) decoder.push({ data: `no JSON ${at}` })
    expect(decoder.warnings).toHaveLength(1)
  })

  it('still hears an error', () => {
    expect(decode([hello, { event: 'error', data: 'gone' }], { lenient: true }).error?.code).toBe('upstream_error')
  })
})

it('nothing counts after the end, however it came', () => {
  const ends: StreamEvent[] = [{ data: '[DONE]' }, { data: '{"error":"gone"}' }, { data: '{unparsable}' }]
  for (const end of ends) {
    const decoder = createDecoder()
    decoder.push({ data: hello })
    const { error } = decoder.push(end)
    expect(decoder.push({ data: world })).toEqual({ chunks: [], done: true, ...(error && { error }) })
    expect(decoder.end()).toEqual({ chunks: [], done: true, ...(error && { error }) })
  }
})

it('a limit that is passed is a result and no exception', () => {
  const nested = `{"choices":[],"deep":${'['.repeat(50)}${']'.repeat(50)}}`
  const limits: [DecodeOptions, string][] = [
    [{ maxEventLength: 10 }, hello],
    [{ maxJsonDepth: 40 }, nested],
    [{ maxChoices: 0 }, hello],
    [{ maxAnswerLength: 2 }, hello],
    [{ maxToolCalls: 0 }, JSON.stringify(rawChunk({ tool_calls: [{ index: 0, id: 'a' }] }))],
  ]
  for (const [limit, event] of limits) {
    const [option] = Object.entries(limit)[0] ?? []
    expect(decode([event], limit).error).toMatchObject({ code: 'limit_exceeded', details: { option } })
  }
})

it('a warning names the first event that it was seen in, whatever came before', () => {
  const odd = JSON.stringify(rawChunk({ content: 7 }))
  const { warnings } = decode([{ event: 'ping', data: '{}' }, '', `${hello}\n${world}`, odd, odd, '[DONE]'])
  expect(warnings).toMatchObject([{ code: 'text-not-text', event: 4, count: 2 }])
})

it('a wrong option is refused at once', () => {
  expect(() => createDecoder({ maxEventLength: -1 })).toThrow(TypeError)
  expect(() => createDecoder({ maxChoices: Number.NaN })).toThrow('maxChoices must be a number of at least 0')
})

it('whatever the events hold, decoding gives chunks and at most one error', () => {
  const data = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom(hello, world, stop, '[DONE]', '', `${hello}${stop}`, stop.slice(0, -1), '[', '{', '"', '<html>'),
    fc.jsonValue().map((value) => JSON.stringify({ choices: value })),
    fc.jsonValue().map((value) => JSON.stringify({ choices: [value] })),
  )
  const event = fc.record({ data, event: fc.constantFrom(undefined, undefined, 'error', 'chunk') })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), fc.boolean(), (events, lenient) => {
      const { chunks, error } = decode(events, { lenient })
      expect(error === undefined || error.name === 'StreamError').toBe(true)
      for (const { choices } of chunks) expect(Array.isArray(choices)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

describe('decodeChunk', () => {
  const data = '{"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]}'

  it('gives the chunk of one event, in the official shape', () => {
    const { chunks, done, error } = decodeChunk(data)
    expect(chunks).toEqual([
      {
        id: 'c',
        object: 'chat.completion.chunk',
        created: 0,
        model: '',
        choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }],
      },
    ])
    expect({ done, error }).toEqual({ done: false, error: undefined })
  })

  it('knows the end of a stream, which is no error on its own', () => {
    expect(decodeChunk(' [DONE] ')).toEqual({ chunks: [], done: true })
  })

  it('gives an error as a value', () => {
    expect(decodeChunk('{"error":{"message":"no"}}').error).toMatchObject({ code: 'upstream_error' })
    expect(decodeChunk('{oops}').error).toMatchObject({ code: 'invalid_json' })
    expect(decodeChunk('{"id":"c').error).toMatchObject({ code: 'incomplete_stream' })
  })

  it('holds nothing back', () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
    const { chunks } = decodeChunk(JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [call] } }] }))
    expect(chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []))).toHaveLength(2)
  })
})

import { plainEvents } from '@deltawire/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatCompletionChunk } from '../src/chunk.ts'
import { decodeChunks } from '../src/decode/decode-chunks.ts'
import type { StreamEvent } from '../src/decode/frame.ts'
import { encodeChunk } from '../src/encode/encode-chunk.ts'
import { encodeComment } from '../src/encode/encode-comment.ts'
import { encodeDone } from '../src/encode/encode-done.ts'
import { encodeError } from '../src/encode/encode-error.ts'
import { StreamError } from '../src/error.ts'
import { accumulate } from '../src/merge/accumulate.ts'

describe('encodeChunk', () => {
  it('writes one event, whatever is in the chunk', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (content) => {
        const text = encodeChunk(chunkOf(content))
        expect(text).toMatch(/^data: .*\n\n$/)
        expect(plainEvents(text)).toEqual([{ name: '', data: JSON.stringify(chunkOf(content)) }])
        expect(JSON.parse(text.slice('data: '.length))).toEqual(chunkOf(content))
      }),
    )
  })

  it('writes what survives UTF-8, also for half a character', () => {
    const text = encodeChunk(chunkOf('\uD83D'))
    expect(Buffer.from(text).toString()).toBe(text)
  })
})

describe('encodeDone', () => {
  it('writes the official end', () => {
    expect(encodeDone()).toBe('data: [DONE]\n\n')
  })
})

describe('encodeComment', () => {
  it.each([
    ['ping', ': ping\n\n'],
    ['', ':\n\n'],
    ['two\nlines', ': two\n: lines\n\n'],
    ['\r\na\r\rb\n', ':\n: a\n:\n: b\n:\n\n'],
  ])('makes of %j comment lines', (text, comment) => {
    expect(encodeComment(text)).toBe(comment)
  })

  it('can never be taken for an event', () => {
    const lines = fc.constantFrom('data: x', 'event: error', ': ', '\n', '\r', '\r\n', '\u2028', 'a')
    fc.assert(
      fc.property(fc.array(lines), (parts) => {
        const text = encodeComment(parts.join(''))
        expect(plainEvents(text + encodeDone())).toEqual([{ name: '', data: '[DONE]' }])
        for (const line of text.split(/\r\n|\r|\n/)) expect(line).toMatch(/^(?::|$)/)
      }),
    )
  })
})

describe('encodeError', () => {
  const cause = new Error('the password is hunter2')

  it('passes on what the upstream said in its own words', () => {
    const error = { message: 'Overloaded', type: 'server_error', code: 529, param: 'model', body: { secret: 1 } }
    expect(errorIn(encodeError(new StreamError('upstream_error', 'Overloaded', { error }, { cause })))).toEqual({
      message: 'Overloaded',
      type: 'server_error',
      code: 529,
      param: 'model',
    })
  })

  it('tells the code of any other stream error', () => {
    const error = new StreamError('timeout', 'No chunk for 60 s', { phase: 'idle', timeoutMs: 60_000 }, { cause })
    expect(errorIn(encodeError(error))).toEqual({ message: '[timeout] No chunk for 60 s', code: 'timeout' })
  })

  it.each<[string, unknown, object]>([
    ['an error', new TypeError('bad'), { message: 'bad' }],
    [
      'a system error',
      Object.assign(new Error('reset', { cause }), { code: 'ECONNRESET', errno: -104 }),
      { message: 'reset', code: 'ECONNRESET' },
    ],
    [
      'an error of the official SDK',
      Object.assign(new Error('429 slow down'), {
        status: 429,
        code: 'rate_limit',
        type: 'requests',
        param: null,
        headers: {},
      }),
      { message: '429 slow down', code: 'rate_limit', type: 'requests' },
    ],
    [
      'an abort',
      new DOMException('This operation was aborted', 'AbortError'),
      { message: 'This operation was aborted' },
    ],
    ['an error without a message', new RangeError(), { message: 'RangeError' }],
    ['an object with a message', { message: 'bad', code: 'c', other: 1 }, { message: 'bad', code: 'c' }],
    ['a string', 'bad', { message: 'bad' }],
    ['an empty string', '', { message: 'Unknown error' }],
    ['an object without a message', Object.create(null), { message: 'Unknown error' }],
    ['nothing', undefined, { message: 'Unknown error' }],
    ['null', null, { message: 'Unknown error' }],
    ['a symbol', Symbol('s'), { message: 'Unknown error' }],
    ['a message that is no text', { message: { a: 1 } }, { message: 'Unknown error' }],
  ])('tells of %s its plain fields', (_, error, told) => {
    expect(errorIn(encodeError(error))).toEqual(told)
  })

  it('is read back as an error of the upstream, and leaves the answer before it', async () => {
    const error = { message: 'Over\nloaded', type: 'server_error', code: 'busy', param: 'p', body: {} }
    const text = encodeChunk(chunkOf('partial')) + encodeError(new StreamError('upstream_error', 'x', { error }))
    const read = await accumulate(decodeChunks(eventsOf(text)))
    expect(read.error).toMatchObject({
      code: 'upstream_error',
      details: { error: { ...error, body: expect.anything() } },
    })
    expect(read.completion?.choices[0]?.message.content).toBe('partial')
  })
})

function chunkOf(content: string): ChatCompletionChunk {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}

/** The error in an event that holds nothing else. */
function errorIn(text: string): unknown {
  expect(text).toMatch(/^data: .*\n\n$/)
  const { error, ...rest } = JSON.parse(text.slice('data: '.length)) as { error: unknown }
  expect(rest).toEqual({})
  return error
}

async function* eventsOf(text: string): AsyncGenerator<StreamEvent> {
  for (const { data } of plainEvents(text)) yield { data }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { upstreamErrorOf } from '../src/decode/upstream-error.ts'
import { rawChunk } from './raw.ts'

describe('an event is an error', () => {
  it.each<[string, unknown, object, string?]>([
    [
      'with an object under "error"',
      { error: { message: 'm', type: 't', code: 'c', param: 'p' } },
      { message: 'm', type: 't', code: 'c', param: 'p' },
    ],
    ['beside choices', { ...rawChunk({}), error: { message: 'm', code: 502 } }, { message: 'm', code: 502 }],
    ['in a choice', rawChunk({}, 'error', { error: { message: 'm', code: 502 } }), { message: 'm', code: 502 }],
    ['with a text under "error", its code beside it', { error: 'm', code: 'c' }, { message: 'm', code: 'c' }],
    ['with a text in a choice', rawChunk({}, 'error', { error: 'm' }), { message: 'm' }],
    ['with a list under "error"', { error: [{ message: 'm', code: 1 }] }, { message: 'm', code: 1 }],
    ['with a flag and words beside it', { error: true, message: 'm', type: 't' }, { message: 'm', type: 't' }],
    ['with a number', { error: 500 }, { message: '{"error":500}' }],
    ['with a list under "errors"', { errors: [{ message: 'm', code: 7 }] }, { message: 'm', code: 7 }],
    ['with texts under "errors"', { errors: ['m', 'n'] }, { message: 'm' }],
    [
      'with a status of MiniMax',
      { choices: null, base_resp: { status_code: 1008, status_msg: 'm' } },
      { message: 'm', code: 1008 },
    ],
    ['that is itself one, by object', { object: 'error', message: 'm', code: 400 }, { message: 'm', code: 400 }],
    ['that is itself one, by type', { type: 'error', message: 'm' }, { message: 'm', type: 'error' }],
    ['as FastAPI says it', { detail: 'm' }, { message: 'm' }],
    ['as FastAPI lists it', { detail: [{ msg: 'm' }] }, { message: '[{"msg":"m"}]' }],
    ['as gateways say it', { code: 'InvalidApiKey', message: 'm' }, { message: 'm', code: 'InvalidApiKey' }],
    ['as gateways number it', { code: '429', message: 'm' }, { message: 'm', code: '429' }],
    ['as gateways say it by status', { status: 503, message: 'm' }, { message: 'm' }],
    ['by its name', { message: 'm', code: 529 }, { message: 'm', code: 529 }, 'error'],
    ['by its name, with nothing we know', { reason: 'r' }, { message: '{"reason":"r"}' }, 'error'],
    ['by its name, as plain text', 'overloaded', { message: 'overloaded', body: 'overloaded' }, 'error'],
    ['by its name, as a list', ['overloaded'], { message: '["overloaded"]' }, 'error'],
    ['without a message', { error: { code: 'c' } }, { message: '{"code":"c"}', code: 'c' }],
    ['with an empty message and words elsewhere', { error: { message: '', detail: 'd' } }, { message: 'd' }],
    ['with a message that is no text', { error: { message: { en: 'm' } } }, { message: '{"en":"m"}' }],
    ['with a code and type that are none', { error: { message: 'm', code: {}, type: 5 } }, { message: 'm' }],
  ])('%s', (_, value, error, name) => {
    expect(upstreamErrorOf(value, name)).toMatchObject(error)
  })
})

it('the body of an error is what was sent of it', () => {
  const nest = { statusCode: 500, error: 'Internal Server Error', message: 'upstream exploded' }
  expect(upstreamErrorOf(nest)).toEqual({ message: 'Internal Server Error', body: nest })
  const error = { message: 'm', metadata: { provider: 'X' } }
  expect(upstreamErrorOf({ ...rawChunk({}), error })).toEqual({ message: 'm', body: error })
})

describe('an event is no error', () => {
  it.each<[string, unknown, string?]>([
    ['when it is a chunk', rawChunk({ content: 'Hello' })],
    ['when it is a named chunk', rawChunk({ content: 'Hello' }), 'chunk'],
    ['with error null', { ...rawChunk({}), error: null }],
    ['with error ""', { ...rawChunk({}), error: '' }],
    ['with error false', { ...rawChunk({}), error: false }],
    ['with error {}', { ...rawChunk({}), error: {} }],
    ['with error []', { ...rawChunk({}), error: [] }],
    ['with an error of nulls', { ...rawChunk({}), error: { message: null, code: null } }],
    ['with error null in a choice', rawChunk({}, null, { error: null })],
    ['with a base_resp of status 0', { ...rawChunk({}), base_resp: { status_code: 0, status_msg: '' } }],
    [
      'with an error among its moderation results',
      { choices: [], moderation: { input: { type: 'error', code: 'c' } } },
    ],
    ['with a finish reason "error" alone', rawChunk({}, 'error')],
    ['with a message and nothing else', { message: 'm' }],
    ['with news of a queue', { status: 'queued', message: 'You are third' }],
    ['with a message and a code of success', { code: 200, message: 'ok' }],
    ['with a message and a code of success in words', { code: 'Success', message: 'ok' }],
    ['with a message and a code that is nothing', { code: null, message: 'ok', status: '' }],
    ['with a detail beside choices', { ...rawChunk({}), detail: 'high' }],
    ['when it is no object', 'error'],
    ['when it is null', null],
  ])('%s', (_, value, name) => {
    expect(upstreamErrorOf(value, name)).toBeUndefined()
  })
})

it('whatever an event holds, its error has a text of at most a thousand characters, and nothing throws', () => {
  const value = fc.oneof(
    fc.anything({ withNullPrototype: true }),
    fc.record(
      {
        error: fc.jsonValue(),
        errors: fc.jsonValue(),
        detail: fc.jsonValue(),
        message: fc.jsonValue(),
        code: fc.jsonValue(),
        base_resp: fc.jsonValue(),
        choices: fc.oneof(fc.jsonValue(), fc.array(fc.record({ error: fc.jsonValue() }))),
      },
      { requiredKeys: [] },
    ),
  )
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 'error', 'chunk'), (event, name) => {
      const error = upstreamErrorOf(event, name)
      if (error === undefined) return
      expect(typeof error.message).toBe('string')
      expect(error.message.length).toBeLessThanOrEqual(1_001)
      expect(error).toHaveProperty('body')
    }),
  )
  expect(upstreamErrorOf({ error: { message: 'x'.repeat(100_000) } })?.message).toHaveLength(1_001)
})

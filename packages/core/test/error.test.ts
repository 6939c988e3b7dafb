import { expect, it } from 'vitest'
import { isStreamError, StreamError } from '../src/index.ts'

const error = new StreamError('timeout', 'nothing came for 5 ms', { phase: 'idle', timeoutMs: 5 }, { cause: 'why' })

it('an error has its code in front of its message, and what it carries beside', () => {
  expect(error.message).toBe('[timeout] nothing came for 5 ms')
  expect(String(error)).toBe('StreamError: [timeout] nothing came for 5 ms')
  expect(error).toMatchObject({ code: 'timeout', details: { phase: 'idle', timeoutMs: 5 }, cause: 'why' })
  expect(error).toBeInstanceOf(Error)
})

it('is known also when another copy of this package made it', () => {
  class StreamErrorOfAnotherCopy extends Error {
    override readonly name = 'StreamError'
    readonly code = 'timeout'
    readonly details = {}
  }
  expect(isStreamError(error)).toBe(true)
  expect(isStreamError(new StreamErrorOfAnotherCopy())).toBe(true)
})

it.each([
  undefined,
  null,
  'x',
  {},
  new Error('x'),
  Object.assign(new Error('x'), { name: 'StreamError' }),
  { name: 'StreamError', code: 'timeout', details: {} },
])('is not taken for one: %s', (value) => {
  expect(isStreamError(value)).toBe(false)
})

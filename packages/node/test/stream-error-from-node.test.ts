import { isStreamError } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import { streamErrorFromNode } from '../src/stream-error-from-node.ts'

const failure = (code: string, cause?: unknown): Error =>
  Object.assign(new Error(`it failed with ${code}`, { cause }), { code })

describe('a broken connection', () => {
  it.each([
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    'UND_ERR_SOCKET',
    'ERR_STREAM_PREMATURE_CLOSE',
    'Z_BUF_ERROR',
    'ERR__ERROR_FORMAT_PADDING_1',
    'ZSTD_error_prefix_unknown',
    'ENETUNREACH',
  ])('is one by the code %s', (code) => {
    const reason = failure(code)
    const error = streamErrorFromNode(reason, 3)
    expect(error).toMatchObject({ code: 'connection_lost', details: { pieces: 3 }, cause: reason })
    expect((error as Error).message).toContain(code)
  })

  it('is one by what undici says of every body that breaks, whatever the cause', () => {
    const reason = new TypeError('terminated', { cause: failure('ERR_SSL_DECRYPTION_FAILED') })
    expect(streamErrorFromNode(reason, 1)).toMatchObject({
      code: 'connection_lost',
      message: expect.stringContaining('(ERR_SSL_DECRYPTION_FAILED)'),
      cause: reason,
    })
    expect(streamErrorFromNode(new TypeError('terminated'), 1)).toMatchObject({ code: 'connection_lost' })
  })

  it('is one by its cause, however deep', () => {
    const reason = new TypeError('terminated', { cause: new Error('again', { cause: failure('UND_ERR_SOCKET') }) })
    expect(streamErrorFromNode(reason, 0)).toSatisfy(isStreamError)
  })
})

it('anything else is given back as it came', () => {
  for (const reason of [
    new DOMException('stop', 'AbortError'),
    failure('ENOENT'),
    new Error('x'),
    'gone',
    undefined,
    null,
    { code: 'ECONNRESET' },
  ])
    expect(streamErrorFromNode(reason, 0)).toBe(reason)
})

it('an error that is its own cause does not keep us for ever', () => {
  const [one, two] = [new Error('one'), new Error('two')]
  one.cause = two
  two.cause = one
  expect(streamErrorFromNode(one, 0)).toBe(one)
})

import { StreamError } from '@deltawire/core'

/** What Node.js and undici say when a connection breaks while a body is read. */
const LOST = new Set([
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'Z_BUF_ERROR',
])

/**
 * A failure of Node.js in our words: a broken connection is `connection_lost`. Anything else, an abort before all, is
 * given back as it came.
 *
 * @param pieces how many pieces had arrived
 */
export function streamErrorFromNode(reason: unknown, pieces: number): unknown {
  // A cause may be, in the end, its own.
  const seen = new Set<unknown>()
  for (let cause: unknown = reason; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause)
    const code = (cause as NodeJS.ErrnoException).code
    if (typeof code === 'string' && LOST.has(code))
      return new StreamError('connection_lost', `the connection broke while the answer was read (${code})`, { pieces }, { cause: reason })
  }
  return reason
}

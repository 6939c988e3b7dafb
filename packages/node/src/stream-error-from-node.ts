import { StreamError } from '@deltawire/core'
import { timeoutError, type TimeoutPhase } from './timeouts.ts'

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
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
])

/**
 * The parser of HTTP met something else (chunk sizes that are none, more bytes than were announced), or what should undo
 * a compression did: gzip and deflate, brotli, zstd.
 */
const GARBLED = /^(?:ERR__ERROR_|HPE_|ZSTD_|Z_)/

/** The timeouts of undici, which go off without being asked for. */
const TIMEOUTS: Readonly<Record<string, TimeoutPhase>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  UND_ERR_HEADERS_TIMEOUT: 'first_chunk',
}

/**
 * A failure of Node.js in our words: a broken connection is `connection_lost`. Anything else, an abort before all, is
 * given back as it came.
 *
 * @param pieces how many pieces had arrived
 */
export function streamErrorFromNode(reason: unknown, pieces: number): unknown {
  const codes = [...codesOf(reason)]
  const code = codes.find((one) => LOST.has(one) || GARBLED.test(one)) ?? (isTerminated(reason) ? codes[0] : undefined)
  if (code === undefined && !isTerminated(reason)) return reason
  return new StreamError(
    'connection_lost',
    `the connection broke while the answer was read${code === undefined ? '' : ` (${code})`}`,
    { pieces },
    { cause: reason },
  )
}

/** What undici says of every body that broke, whatever the cause. */
const isTerminated = (reason: unknown): boolean => reason instanceof TypeError && reason.message === 'terminated'

/**
 * Why `fetch` gave no response, in our words.
 *
 * @param elapsedMs how long it took to fail
 */
export function connectErrorFromNode(reason: unknown, url: URL, elapsedMs: number): StreamError {
  const [code] = codesOf(reason)
  const phase = code === undefined ? undefined : TIMEOUTS[code]
  if (phase !== undefined) return timeoutError(phase, elapsedMs, reason)
  // Without the query: keys stand there, at some.
  const place = url.origin + url.pathname
  const cause = reason instanceof Error ? reason.cause : undefined
  const why = code ?? (cause instanceof Error ? cause.message : undefined)
  const message = `no answer from ${place}${why === undefined ? '' : ` (${why})`}`
  return new StreamError('connect_failed', message, { url: place }, { cause: reason })
}

/** The codes of a failure and of its causes, the outermost first: undici's own "fetch failed" says nothing. */
export function* codesOf(reason: unknown): Generator<string, void, undefined> {
  // A cause may be, in the end, its own.
  const seen = new Set<unknown>()
  for (let cause: unknown = reason; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause)
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string') yield code
    // From Node.js 24 on, undici's parser of HTTP has a name and no code.
    else if (cause.name === 'HTTPParserError') yield 'HPE_INVALID'
  }
}

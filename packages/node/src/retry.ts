import { type AnyStreamError, isStreamError } from '@deltawire/core'
import { checkAtLeast } from './check-at-least.ts'
import type { Time } from './time.ts'
import { codesOf } from './stream-error-from-node.ts'

/** How often and how long after a request is sent again; never once the first chunk has come. */
export interface RetryOptions {
  /**
   * How many times a request is sent again when there was no answer to it.
   *
   * After network failures and the statuses 408, 409, 429 and 500 to 599, and only before the first chunk: a second
   * answer after the first has begun would repeat text. The server's `x-should-retry` is obeyed.
   *
   * @defaultValue `2`, as in the official SDK
   */
  maxRetries?: number | undefined
  /**
   * The longest pause before another attempt that is drawn by lot, between 0 and twice as much each time.
   *
   * @defaultValue `8_000`
   */
  maxRetryDelayMs?: number | undefined
  /**
   * The longest pause that a server may ask for with `Retry-After` or `retry-after-ms`. When it asks for more, its error
   * comes at once: to wait for less would be in vain.
   *
   * @defaultValue `60_000`
   */
  maxRetryAfterMs?: number | undefined
  /** Called before each pause. */
  onRetry?: ((retry: Retry) => void) | undefined
}

/** That a request is about to be sent again, and why. */
export interface Retry {
  /** Counted from 1. */
  retry: number
  delayMs: number
  /** Why. */
  error: AnyStreamError
}

export interface RetryPolicy {
  readonly maxRetries: number
  readonly onRetry: ((retry: Retry) => void) | undefined
  /** How long to wait before that retry, counted from 1; `undefined` when there should be none. */
  delayMs(error: unknown, retry: number): number | undefined
}

/** The first pause is drawn from 0 to this. */
const FIRST_DELAY_MS = 500

export function retryPolicyOf(options: RetryOptions, time: Time): RetryPolicy {
  const maxRetries = checkAtLeast(0, 'maxRetries', options.maxRetries ?? 2, 2)
  const maxRetryDelayMs = checkAtLeast(0, 'maxRetryDelayMs', options.maxRetryDelayMs ?? 8_000, 8_000)
  const maxRetryAfterMs = checkAtLeast(0, 'maxRetryAfterMs', options.maxRetryAfterMs ?? 60_000, 60_000)
  return {
    maxRetries,
    onRetry: options.onRetry,
    delayMs(error, retry) {
      if (retry > maxRetries || !isRetriable(error)) return undefined
      const asked = error.code === 'http_status' ? askedDelayMs(error.details.headers, time.date()) : undefined
      if (asked !== undefined) return asked <= maxRetryAfterMs ? asked : undefined
      // Full jitter: many clients that failed together do not come back together.
      // https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
      return time.random() * Math.min(maxRetryDelayMs, FIRST_DELAY_MS * 2 ** (retry - 1))
    },
  }
}

/** Whether another attempt may have more luck. The others ask why somebody should ask again. */
export function isRetriable(error: unknown): error is AnyStreamError {
  if (!isStreamError(error)) return false
  switch (error.code) {
    case 'connect_failed':
      return !isLasting(error.cause)
    case 'connection_lost':
      return true
    case 'timeout':
      // After the status the server has the request and works on it: asking again would cost twice.
      return error.details.phase === 'connect'
    case 'http_status': {
      const { status, headers } = error.details
      const said = headers['x-should-retry']
      if (said === 'true' || said === 'false') return said === 'true'
      return status === 408 || status === 409 || status === 429 || status >= 500
    }
    case 'invalid_json':
    case 'no_chunk':
    case 'upstream_error':
    case 'incomplete_stream':
    case 'limit_exceeded':
      return false
    default:
      return error satisfies never
  }
}

/** Reasons that stay: a certificate that is not trusted, a server that does not speak HTTP, a package that is not there. */
const LASTING = /^(?:CERT_|DEPTH_ZERO_|ERR_INVALID_|ERR_MODULE_|ERR_SSL_|ERR_TLS_|HPE_|SELF_SIGNED_|UNABLE_TO_)/

function isLasting(reason: unknown): boolean {
  for (const code of codesOf(reason)) if (LASTING.test(code)) return true
  return false
}

/** What the server asks for: `retry-after-ms` of OpenAI and Azure, else `Retry-After` in seconds or as a date. */
function askedDelayMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const exact = numberOf(headers['retry-after-ms'])
  if (exact !== undefined) return exact
  const after = headers['retry-after']
  if (after === undefined) return undefined
  const seconds = numberOf(after)
  if (seconds !== undefined) return seconds * 1_000
  // A date of HTTP begins with a weekday. `Date.parse` takes "-3" for a month.
  const date = /^\s*[a-z]/i.test(after) ? Date.parse(after) : Number.NaN
  if (Number.isNaN(date)) return undefined
  // By the server's own clock where it tells it: ours may be set otherwise.
  const theirs = Date.parse(headers['date'] ?? '')
  return Math.max(0, date - (Number.isNaN(theirs) ? now : theirs))
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}

import { type AnyStreamError, isStreamError, type StreamErrorCode, type UpstreamError } from '@deltawire/core'
import { ApiError, type ApiErrorCode, type ApiErrorInit } from './api-error.ts'

/** What a client is told of each failure. A function where the upstream's own words go on. */
const tellings: {
  readonly [C in StreamErrorCode]: ApiErrorCode | ((error: Extract<AnyStreamError, { code: C }>) => ApiError)
} = {
  connect_failed: 'upstream_unreachable',
  http_status: ({ details: { status, headers, body } }) => refusal(status, headers, errorIn(body)),
  timeout: 'upstream_timeout',
  connection_lost: 'upstream_failed',
  invalid_json: 'upstream_failed',
  no_chunk: 'upstream_failed',
  upstream_error: ({ details: { error } }) => refusal(Number(error.code), {}, error),
  incomplete_stream: 'upstream_failed',
  limit_exceeded: 'upstream_too_long',
}

/** What the one who asked can do something about. Every other refusal is between us and the upstream. */
const PASSED_ON = new Set([400, 404, 408, 409, 413, 415, 422, 429])
const WAIT = ['retry-after', 'retry-after-ms']

/**
 * What a client is told of a failure.
 *
 * An upstream's error goes on in its own words, with its status where the client can do something about it. Of anything
 * else only the kind is told: a message may name hosts, files and keys.
 */
export function toApiError(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason
  if (isStreamError(reason)) {
    // A table from each code to what reads the error of that code: TypeScript does not follow the correlation.
    const telling = tellings[reason.code] as ApiErrorCode | ((error: AnyStreamError) => ApiError)
    return typeof telling === 'function' ? telling(reason) : new ApiError(telling, { cause: reason })
  }
  if (isAbort(reason)) return new ApiError('stopped', { cause: reason })
  if (isSdkError(reason)) return refusal(reason.status, headersOf(reason.headers), reason.error)
  return new ApiError('internal_error', { cause: reason })
}

/** @param status `NaN` when the upstream named none */
function refusal(
  status: number,
  headers: Readonly<Record<string, string>>,
  error: Partial<UpstreamError> | undefined,
): ApiError {
  // 401 and 403 are about our key, and what is said of them may quote it.
  if ([401, 402, 403, 407].includes(status)) return new ApiError('upstream_refused')
  const words: ApiErrorInit = {
    message: textOf(error?.message) ?? (status >= 400 ? `The model answered with the status ${status}.` : undefined),
    ...(error && { type: textOf(error.type) ?? null, code: error.code ?? null, param: textOf(error.param) ?? null }),
    headers: Object.fromEntries(WAIT.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
  }
  if (PASSED_ON.has(status) || (status >= 500 && status <= 599)) return new ApiError(status, words)
  return new ApiError('upstream_failed', words)
}

function errorIn(body: string): Partial<UpstreamError> | undefined {
  try {
    const said: unknown = JSON.parse(body)
    // Gemini wraps its errors in a list.
    const first: unknown = Array.isArray(said) ? said[0] : said
    if (!isObject(first)) return undefined
    const { error, message } = first
    if (isObject(error)) return error
    return textOf(error ?? message) === undefined ? undefined : { message: String(error ?? message) }
  } catch {
    return undefined
  }
}

/** An error of the official SDK, for those who stream from it: `openai.chat.completions.create({ stream: true })`. */
interface SdkError {
  status: number
  error: Partial<UpstreamError> | undefined
  headers?: unknown
}

function isSdkError(reason: unknown): reason is SdkError {
  return reason instanceof Error && 'status' in reason && 'error' in reason && 'requestID' in reason
}

function headersOf(headers: unknown): Record<string, string> {
  return headers instanceof Headers ? Object.fromEntries(headers) : {}
}

const isAbort = (reason: unknown): boolean =>
  reason instanceof Error && (reason.name === 'AbortError' || reason.name === 'APIUserAbortError')

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

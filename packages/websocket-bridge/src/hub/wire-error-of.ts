import { isStreamError, type StreamErrorCode } from '@deltawire/core'
import type { WireError } from '../protocol/frame.ts'

/** What is said of each failure. What an upstream said is between us and the upstream: it may quote our key. */
const SAID: { readonly [C in StreamErrorCode]: string } = {
  connect_failed: 'The model could not be reached.',
  http_status: 'The model refused the request.',
  timeout: 'The model did not answer in time.',
  connection_lost: 'The connection to the model broke.',
  invalid_json: 'The model sent something that is no answer.',
  no_chunk: 'The model sent nothing.',
  upstream_error: 'The model reported an error.',
  incomplete_stream: 'The answer ended before its end.',
  limit_exceeded: 'The answer is longer than allowed.',
}

/** What the one who asked can do something about: there the upstream's own words go on. */
const PASSED_ON = new Set([400, 404, 409, 413, 415, 422, 429])

/** What a client is told of why a source failed. */
export function wireErrorOf(reason: unknown): WireError {
  if (!isStreamError(reason)) return { code: 'source_failed', message: 'The source of the stream failed.' }
  const { code } = reason
  const status = statusOf(reason)
  const said = status !== undefined && PASSED_ON.has(status) ? wordsOf(reason) : undefined
  return { code, message: said ?? SAID[code], ...(status !== undefined && { status }) }
}

interface Failure {
  readonly details: object
}

function statusOf(reason: Failure): number | undefined {
  const details = reason.details as { readonly status?: unknown; readonly error?: { readonly code?: unknown } }
  const status = Number(details.status ?? details.error?.code)
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined
}

function wordsOf(reason: Failure): string | undefined {
  const { body, error } = reason.details as { readonly body?: unknown; readonly error?: { readonly message?: unknown } }
  const said = error?.message ?? (typeof body === 'string' ? messageIn(body) : undefined)
  return typeof said === 'string' && said !== '' ? said.slice(0, 2000) : undefined
}

function messageIn(body: string): unknown {
  try {
    const { error } = JSON.parse(body) as { readonly error?: { readonly message?: unknown } | string }
    return typeof error === 'object' ? error.message : error
  } catch {
    return undefined
  }
}

import type { RefusalCode, WireError } from '../protocol/frame.ts'
import { REFUSAL_STATUS } from '../protocol/refusal-status.ts'
import type { Refusal } from '../refusal.ts'

/** The `type` of OpenAI's errors, which official clients look at beside the status. */
const TYPES: { readonly [C in RefusalCode]: string } = {
  bad_request: 'invalid_request_error',
  unauthorized: 'authentication_error',
  forbidden: 'permission_error',
  not_found: 'not_found_error',
  conflict: 'invalid_request_error',
  gone: 'not_found_error',
  too_large: 'invalid_request_error',
  too_many: 'rate_limit_error',
  internal: 'server_error',
  draining: 'server_error',
  unavailable: 'server_error',
}

/** The body of an error as OpenAI words it. */
export const errorBody = (
  code: string,
  message: string,
  type = 'server_error',
): { error: { message: string; type: string; param: null; code: string } } => ({
  error: { message, type, param: null, code },
})

/** A refusal as an answer over HTTP. */
export function refusalResponse({ code, message, retryMs }: Refusal): Response {
  const headers = retryMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryMs / 1000))) }
  return Response.json(errorBody(code, message, TYPES[code]), { status: REFUSAL_STATUS[code], headers })
}

/** What the one who asked can do something about keeps its status; any other failure of an upstream is ours. */
const PASSED_ON = new Set([400, 404, 409, 413, 415, 422, 429])

/** Why a stream failed before it gave anything, as an answer over HTTP. */
export function failureResponse({ code, message, status }: WireError): Response {
  const type =
    status === 429 ? 'rate_limit_error' : status !== undefined && status < 500 ? 'invalid_request_error' : undefined
  return Response.json(errorBody(code, message, type), {
    status: status !== undefined && PASSED_ON.has(status) ? status : 502,
  })
}

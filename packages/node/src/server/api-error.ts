/** The errors of a chat endpoint that is ours: statuses, types and codes as official servers send them. */
const apiErrors = {
  invalid_json: [400, 'invalid_request_error', 'We could not parse the JSON body of your request.'],
  invalid_body: [400, 'invalid_request_error', 'The body has to be a JSON object, as in {"model":"…","messages":[…]}.'],
  invalid_parameter: [400, 'invalid_request_error', 'A parameter has a wrong value.'],
  missing_required_parameter: [400, 'invalid_request_error', 'Missing required parameter.'],
  unauthorized: [401, 'invalid_request_error', 'This request is not allowed.'],
  unknown_url: [404, 'invalid_request_error', 'Unknown request URL.'],
  model_not_found: [404, 'invalid_request_error', 'The model does not exist.'],
  method_not_allowed: [405, 'invalid_request_error', 'Not allowed with this HTTP method.'],
  body_too_large: [413, 'invalid_request_error', 'The body is too large.'],
  unsupported_encoding: [415, 'invalid_request_error', 'The body must not be compressed.'],
  internal_error: [500, 'server_error', 'The server had an error while processing your request.'],
  upstream_failed: [502, 'server_error', 'The model did not answer as it should.'],
  upstream_unreachable: [502, 'server_error', 'The model could not be reached.'],
  upstream_refused: [502, 'server_error', 'The model refused to serve this server.'],
  upstream_too_long: [502, 'server_error', 'The answer is larger than this server allows.'],
  stopped: [503, 'server_error', 'The answer was stopped before its end.'],
  upstream_timeout: [504, 'server_error', 'The model did not answer in time.'],
} as const satisfies Record<string, readonly [status: number, type: string, message: string]>

/** The errors that are our own, each with its status and its words. */
export type ApiErrorCode = keyof typeof apiErrors

/** The body of an error, in the form that official clients raise. */
export interface ApiErrorBody {
  error: { message: string; type: string | null; param: string | null; code: number | string | null }
}

/** What is said of an error, in the fields of the official error body. */
export interface ApiErrorInit {
  /** What a client is told. */
  message?: string | undefined
  type?: string | null | undefined
  code?: number | string | null | undefined
  /** The name of the parameter that is wrong. */
  param?: string | null | undefined
  /** Sent with the error: `retry-after`, `allow`. */
  headers?: Readonly<Record<string, string>> | undefined
  cause?: unknown
}

/**
 * A request that is answered with an error, and what the client is told of it.
 *
 * Throw one to refuse: `throw new ApiError(429, { message: 'Too many questions.', headers: { 'retry-after': '60' } })`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What is sent. */
  readonly body: ApiErrorBody

  constructor(statusOrCode: ApiErrorCode | number, init: ApiErrorInit = {}) {
    const [status, type, usual] =
      typeof statusOrCode === 'string'
        ? apiErrors[statusOrCode]
        : [statusOrCode, typeOf(statusOrCode), apiErrors.internal_error[2]]
    super(init.message ?? usual, init.cause === undefined ? undefined : { cause: init.cause })
    this.status = status
    this.headers = init.headers ?? {}
    const code = init.code === undefined && typeof statusOrCode === 'string' ? statusOrCode : (init.code ?? null)
    this.body = {
      error: {
        message: this.message,
        type: init.type === undefined ? type : init.type,
        param: init.param ?? null,
        code,
      },
    }
  }
}

const typeOf = (status: number): string => (status < 500 ? 'invalid_request_error' : 'server_error')

/** The event that reports an error in a stream which has begun. */
export const encodeApiError = ({ body }: ApiError): string => `data: ${JSON.stringify(body)}\n\n`

/** The response that reports an error in place of an answer. */
export function toErrorResponse({ status, headers, body }: ApiError): Response {
  return Response.json(body, { status, headers: { ...headers, 'x-content-type-options': 'nosniff' } })
}

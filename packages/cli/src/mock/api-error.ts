/** The errors of the API, worded and numbered as the official server's. */
const apiErrors = {
  invalid_json: {
    status: 400,
    type: 'invalid_request_error',
    message: 'We could not parse the JSON body of your request.',
  },
  invalid_body: { status: 400, type: 'invalid_request_error', message: 'The body has to be a JSON object.' },
  invalid_fault: { status: 400, type: 'invalid_request_error', message: 'The header x-mock-fault names no fault.' },
  missing_parameter: { status: 400, type: 'invalid_request_error', message: 'Missing required parameter.' },
  invalid_api_key: { status: 401, type: 'invalid_request_error', message: 'Incorrect API key provided.' },
  unknown_url: { status: 404, type: 'invalid_request_error', message: 'Unknown request URL.' },
  model_not_found: { status: 404, type: 'invalid_request_error', message: 'The model does not exist.' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', message: 'Not allowed with this HTTP method.' },
  body_too_large: { status: 413, type: 'invalid_request_error', message: 'The body is too large.' },
  internal: { status: 500, type: 'server_error', message: 'This server failed.' },
} as const

export type ApiErrorCode = keyof typeof apiErrors

/** A request that is answered with an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly body: { error: { message: string; type: string; param: string | null; code: string } }

  constructor(code: ApiErrorCode, { message, param = null }: { message?: string; param?: string | null } = {}) {
    const { status, type, message: usual } = apiErrors[code]
    super(message ?? usual)
    this.status = status
    this.body = { error: { message: this.message, type, param, code } }
  }
}

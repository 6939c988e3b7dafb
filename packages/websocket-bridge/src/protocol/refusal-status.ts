import type { RefusalCode } from './frame.ts'

/** The HTTP status of each refusal. */
export const REFUSAL_STATUS: { readonly [C in RefusalCode]: number } = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  too_many: 429,
  internal: 500,
  draining: 503,
  unavailable: 503,
}

import type { RefusalCode } from './protocol/frame.ts'

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

/** Why the relay does not do what it was asked. Its message may be shown to whoever asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** When to ask again. */
  readonly retryMs: number | undefined

  constructor(code: RefusalCode, message: string, options: { retryMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryMs = options.retryMs
  }
}

/** A refusal for anything that was thrown: of what nobody foresaw, nothing is told. */
export const toRefusal = (reason: unknown): Refusal =>
  reason instanceof Refusal ? reason : new Refusal('internal', 'The server has a fault.', { cause: reason })

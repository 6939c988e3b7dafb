import type { RefusalCode } from './protocol/frame.ts'

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

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

/** When to ask a node again whose store does not answer. */
export const STORE_RETRY_MS = 1_000

/** What a store answers, or a refusal: that it does not answer is not the client's fault. */
export async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new Refusal('unavailable', 'The store of this relay does not answer.', { retryMs: STORE_RETRY_MS, cause })
  }
}

/** A refusal for anything that was thrown: of what nobody foresaw, nothing is told. */
export const toRefusal = (reason: unknown): Refusal =>
  reason instanceof Refusal ? reason : new Refusal('internal', 'The server has a fault.', { cause: reason })

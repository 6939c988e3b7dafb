import type { RefusalCode, WireError } from '../protocol/frame.ts'

/** A refusal of the server (see `PROTOCOL.md`, §10), an end that is none, or what happened on the way. */
export type RelayErrorCode =
  | RefusalCode
  /** The connection was given up: the server said that another try is of no use, or `close()` was called. */
  | 'closed'
  /** The answer arrived damaged, twice. */
  | 'corrupt'
  /** The source failed; `details.error` says how. */
  | 'failed'
  /** The node that read the source died, and the source could not be resumed. */
  | 'interrupted'
  /** The answer passed a limit of the server. */
  | 'limit'
  /** Text that was given before is not in the stream any more: only `updates()` can say that. */
  | 'replaced'

/** What belongs to some of the codes. */
export interface RelayErrorDetails {
  /** How the source failed. */
  readonly error?: WireError | undefined
  /** Why the socket was closed. */
  readonly closeCode?: number | undefined
  /** When to ask again. */
  readonly retryMs?: number | undefined
}

/** Why a stream or a request came to nothing. Switch on `code`. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  /** What went wrong. */
  readonly code: RelayErrorCode
  /** What belongs to it. */
  readonly details: RelayErrorDetails

  constructor(code: RelayErrorCode, message: string, details: RelayErrorDetails = {}) {
    super(`[${code}] ${message}`)
    this.code = code
    this.details = details
  }
}

import { isStreamError, type StreamErrorCode } from '@deltawire/core'
import { isTransient, retryAfterMs } from '../follow/backoff.ts'

/**
 * What went wrong, as data: for a screen, a store, another tab.
 *
 * `gone`: the server does not have the stream any more. `busy`: an answer is under way and nothing is queued.
 * `tool_failed`: a tool threw. `unknown`: a fault that has no code, its message says all there is.
 */
export interface ChatError {
  readonly code: StreamErrorCode | 'busy' | 'gone' | 'tool_failed' | 'unknown'
  readonly message: string
  /** Whether asking again may help. */
  readonly isRetryable: boolean
  /** Whether a part of the answer is there. */
  readonly isPartial: boolean
  /** The status of the server's answer. */
  readonly status?: number
  /** What the server asks to be waited. */
  readonly retryAfterMs?: number
}

export function chatErrorOf(reason: unknown, isPartial: boolean, now: number): ChatError {
  const message = reason instanceof Error ? reason.message : String(reason)
  if (!isStreamError(reason)) return { code: 'unknown', message, isRetryable: false, isPartial }
  const after = retryAfterMs(reason, now)
  return {
    code: reason.code,
    message,
    isRetryable: isTransient(reason),
    isPartial,
    ...(reason.code === 'http_status' && { status: reason.details.status }),
    ...(after !== undefined && { retryAfterMs: after }),
  }
}

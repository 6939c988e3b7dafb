import type { CompletionUsage } from '@deltawire/core'

/** What was seen of one answer. Times are milliseconds since the request was sent; absent for what did not happen. */
export interface Sample {
  readonly headersMs?: number
  /** The first byte of the body. */
  readonly firstByteMs?: number
  readonly firstChunkMs?: number
  readonly firstReasoningMs?: number
  /** Of what a caller asked for: text, a refusal, a tool call. */
  readonly firstContentMs?: number
  /** When each chunk came that carries something of the answer. */
  readonly tokenTimesMs: readonly number[]
  readonly totalMs: number
  /** All of them, also those that carry nothing. */
  readonly chunks: number
  readonly tokens: number
  /** The server told no usage: the tokens are counted by a guess. */
  readonly isEstimated: boolean
  readonly usage?: CompletionUsage
  /** Why there is no whole answer: a code of `StreamError`, or a finish reason that is none. */
  readonly error?: string
}

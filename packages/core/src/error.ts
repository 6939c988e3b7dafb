/** What each code carries besides its message. The catalogue with one heading per code is `PROTOCOL.md`. */
export interface StreamErrorDetails {
  /** The request never got an answer: DNS, refused, TLS, offline. */
  connect_failed: { url: string }
  /** The server answered with a status outside 200-299. */
  http_status: { status: number; headers: Record<string, string>; body: string }
  /** The time that an option allows ran out. */
  timeout: { phase: 'connect' | 'first_chunk' | 'idle' | 'total'; timeoutMs: number }
  /** The connection broke after the stream had begun, when so many pieces of it had been read. */
  connection_lost: { pieces: number }
  /** An event's data is not JSON. */
  invalid_json: { data: string; event: number }
  /** The answer held no chat-completion chunk: another format, an HTML page, nothing. */
  no_chunk: { events: number; body: string }
  /** The server reported an error inside a stream that had begun with 200. */
  upstream_error: { error: UpstreamError }
  /** The stream ended without `[DONE]` and before every choice had a finish reason, or inside an event. */
  incomplete_stream: { chunks: number; insideEvent: boolean }
  /** Something that a stranger can make grow has passed the option that bounds it. */
  limit_exceeded: { option: LimitName; limit: number }
}

/** An error as the server worded it, whatever the shape it came in. Keys beyond these are kept in `body`. */
export interface UpstreamError {
  message: string
  type?: string
  code?: number | string
  param?: string
  /** What was sent. */
  body: unknown
}

/** The options of `Limits`, as the error `limit_exceeded` names the one that was passed. */
export type LimitName = 'maxAnswerLength' | 'maxChoices' | 'maxEventLength' | 'maxJsonDepth' | 'maxToolCalls'

/**
 * What can go wrong, as a closed list: `StreamErrorDetails` says what each is, and `PROTOCOL.md` has a heading for it.
 */
export type StreamErrorCode = keyof StreamErrorDetails

/**
 * Everything that can go wrong between a server and a reader.
 *
 * Switch on `code`; `details` narrows with it. The message begins with the code, because most people only ever see the
 * message. An abort is not a `StreamError`: its reason is passed on as it came.
 */
export class StreamError<C extends StreamErrorCode = StreamErrorCode> extends Error {
  override readonly name = 'StreamError'
  /** What went wrong. Switch on it. */
  readonly code: C
  /** What belongs to this code, such as the status of `http_status`. */
  readonly details: StreamErrorDetails[C]

  constructor(code: C, message: string, details: StreamErrorDetails[C], options?: { cause?: unknown }) {
    super(`[${code}] ${message}`, options)
    this.code = code
    this.details = details
  }
}

/** The union over all codes: a `switch` on `code` narrows `details`. */
export type AnyStreamError = { [C in StreamErrorCode]: StreamError<C> }[StreamErrorCode]

/** Whether a caught value is a `StreamError`, also one of another copy of this package, where `instanceof` says no. */
export function isStreamError(value: unknown): value is AnyStreamError {
  return value instanceof Error && value.name === 'StreamError' && 'code' in value && 'details' in value
}

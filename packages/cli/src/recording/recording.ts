/**
 * A recording: one call as it went over the wire, with the time of every read.
 *
 * Lines of JSON, so that it can be searched, appended to while it grows, and read by anything. The first line is the head;
 * each of the others is a list of its time, its kind and what was seen. Times are milliseconds since the request was sent.
 */
export interface RecordingHead {
  readonly v: 1
  readonly type: 'chat.recording'
  /** When the request was sent, as ISO 8601. */
  readonly started: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    /** JSON as a value, anything else as text. */
    readonly body?: unknown
  }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    /** When the status had come. */
    readonly t: number
  }
  /** `false` when nobody has looked at a clock for the reads: the times of the lines say nothing. */
  readonly timed?: false
  /** Who recorded it: `deltawire 1.0.0`. */
  readonly tool: string
}

export type RecordingLine =
  /** Text that was read at once. */
  | readonly [atMs: number, kind: 'r', text: string]
  /** The same in base64, when the read does not begin and end between two characters. */
  | readonly [atMs: number, kind: 'b', base64: string]
  /** The connection failed. */
  | readonly [atMs: number, kind: 'e', failure: RecordedFailure]
  /** The end. */
  | readonly [atMs: number, kind: 'x', end: { readonly reason: 'abort' | 'eof' | 'error'; readonly bytes: number }]

export interface RecordedFailure {
  /** A code such as `ECONNRESET`, or the name of the error. */
  readonly name: string
  readonly message?: string
}

/** What came out of one read. */
export interface Read {
  /** Since the request was sent; `undefined` where nobody has looked at a clock. */
  readonly atMs: number | undefined
  readonly bytes: Uint8Array
}

import type { ChatCompletion, StreamError } from '@deltawire/core'
import type { Config } from '../config/load-settings.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Io } from '../io.ts'
import type { Finding } from '../lint/lint-capture.ts'

/**
 * `pass`: as it should be. `warn`: a caller has to know about it. `fail`: ordinary clients will not work. `skip`: could not be
 * seen, because the model chose otherwise or something before it failed.
 */
export type Outcome = 'fail' | 'pass' | 'skip' | 'warn'

export interface Result {
  readonly outcome: Outcome
  readonly message: string
}

/** What came of one request. */
export interface Probe {
  /** `0` when there was no answer at all. */
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON, where it is some. */
  readonly json: unknown
  readonly completion: ChatCompletion | null
  readonly error: StreamError | Error | null
  readonly findings: readonly Finding[]
  /** Since the request was sent, for every read of the body. */
  readonly readsMs: readonly number[]
  readonly totalMs: number
  /** It had not ended when its time was over. */
  readonly isCut: boolean
  /** Why there was no answer. */
  readonly failure?: string
}

export interface Prober {
  readonly endpoint: Endpoint
  readonly model: string
  readonly config: Config
  readonly timeoutMs: number
  readonly io: Io
  /** The longest time so far in which a stream said nothing. */
  readonly silenceMs: () => number
  /** Sends a chat request; `stream` unless it says otherwise. */
  readonly ask: (body: Readonly<Record<string, unknown>>, options?: AskOptions) => Promise<Probe>
  readonly get: (path: string, options?: AskOptions) => Promise<Probe>
}

export interface AskOptions {
  /** In place of the key; `''` for none. */
  readonly apiKey?: string
  /** Leaves after the first read of the body. */
  readonly leavesEarly?: boolean
}

export interface Check {
  readonly about: string
  /** Only where these have passed: after a server that is not there nothing else is worth a request. */
  readonly needs?: readonly string[]
  readonly run: (prober: Prober) => Promise<Result> | Result
}

export const pass = (message: string): Result => ({ outcome: 'pass', message })
export const warn = (message: string): Result => ({ outcome: 'warn', message })
export const fail = (message: string): Result => ({ outcome: 'fail', message })
export const skip = (message: string): Result => ({ outcome: 'skip', message })

import { isStreamError } from '@deltawire/core'
import { type ByteReader, openReader, type Piece } from './byte-reader.ts'
import type { Endpoint } from './endpoint.ts'
import { leftEarly } from './left-early.ts'
import { connectErrorFromNode } from './stream-error-from-node.ts'
import type { Time, Timer } from './time.ts'
import { type Allowed, timeoutError, type TimeoutPhase } from './timeouts.ts'

export interface AttemptInit {
  readonly fetch: typeof globalThis.fetch
  readonly endpoint: Endpoint
  readonly body: string
  readonly allowed: Allowed
  readonly time: Time
}

/** After the answer, the end of the body is let through for so long, so that the connection serves the next request. */
const LINGER_MS = 500

/**
 * One request and the reading of its answer, under the timeouts of its stages.
 *
 * There is one timer at any time. It only counts while somebody waits: a reader who takes his time is no silent server.
 */
export class Attempt implements ByteReader {
  /** As soon as there is one. */
  response: Response | undefined
  readonly #init: AttemptInit
  readonly #controller = new AbortController()
  #opening: Promise<this> | undefined
  #reader: ByteReader | undefined
  #failure: { reason: Error } | undefined
  /** Fails what is being waited for. */
  #fail: ((reason: unknown) => void) | undefined
  #timer: Timer | undefined
  #isIdleTimer = false
  /** The timer rang when nobody waited. */
  #hasRung = false
  #over = false

  constructor(init: AttemptInit) {
    this.#init = init
  }

  /**
   * Sends the request, and resolves when its body can be read.
   *
   * @throws StreamError `connect_failed`, `http_status`, `timeout`; what `apiKey` throws
   */
  open(): Promise<this> {
    return (this.#opening ??= this.#open())
  }

  /** Ends the attempt, whatever it is about to do. */
  fail(reason: unknown): void {
    if (this.#over) return
    this.#end()
    // An abort's reason may be anything: it is only passed on.
    this.#failure = { reason: reason as Error }
    this.#fail?.(reason)
    this.#disconnect(reason)
  }

  read(): Promise<Piece> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason)
    if (this.#isIdleTimer || this.#hasRung) this.#timer?.refresh()
    this.#hasRung = false
    // Not before `open` has resolved.
    const reader = this.#reader as ByteReader
    return new Promise((resolve, reject) => {
      this.#fail = reject
      reader.read().then(
        (piece) => {
          this.#fail = undefined
          if (piece.done === true) this.#end()
          resolve(piece)
        },
        (reason: Error) => {
          this.#fail = undefined
          this.#end()
          reject(reason)
        },
      )
    })
  }

  begun(): void {
    if (this.#over) return
    this.#watch('idle', this.#init.allowed.idle)
    this.#isIdleTimer = true
  }

  async close(complete = false): Promise<void> {
    if (this.#over) return
    if (complete) this.#linger()
    else this.fail(leftEarly())
  }

  async #open(): Promise<this> {
    const { fetch, endpoint, body, allowed, time } = this.#init
    const { url } = endpoint
    try {
      const headers = await this.#unlessFailed(endpoint.headers())
      const start = time.now()
      if (allowed.connect < allowed.first_chunk) this.#watch('connect', allowed.connect)
      else this.#watch('first_chunk', allowed.first_chunk)
      this.response = await this.#unlessFailed(
        // A redirect would repeat the question as a GET, or carry a key to another server.
        fetch(url, { method: 'POST', headers, body, signal: this.#controller.signal, redirect: 'manual' }).then(
          (response) => this.#arrived(response),
          (reason: unknown) => {
            throw isStreamError(reason) ? reason : connectErrorFromNode(reason, url, time.now() - start)
          },
        ),
      )
      if (allowed.connect < allowed.first_chunk)
        this.#watch('first_chunk', allowed.first_chunk - (time.now() - start), allowed.first_chunk)
      this.#reader = await this.#unlessFailed(openReader(this.response))
      return this
    } catch (reason) {
      this.#end()
      throw this.#failure === undefined ? reason : this.#failure.reason
    }
  }

  /** A response that comes when nobody wants it any more is not left open. */
  #arrived(response: Response): Response {
    checkResponse(response)
    if (this.#failure !== undefined) response.body?.cancel().catch(ignore)
    return response
  }

  /** What is promised, or the failure of the attempt if that comes first, also from a `fetch` that knows no signals. */
  async #unlessFailed<T>(promise: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#fail = reject
        promise.then(resolve, reject)
        if (this.#failure !== undefined) reject(this.#failure.reason)
      })
    } finally {
      this.#fail = undefined
    }
  }

  #watch(phase: TimeoutPhase, ms: number, allowedMs = ms): void {
    this.#timer?.cancel()
    this.#timer =
      ms === Infinity
        ? undefined
        : this.#init.time.start(Math.max(0, ms), () => {
            if (this.#fail === undefined) this.#hasRung = true
            else this.fail(timeoutError(phase, allowedMs))
          })
  }

  #end(): void {
    this.#over = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #disconnect(reason: unknown): void {
    this.#controller.abort(reason)
    // A body that knows nothing of the signal.
    this.#reader?.close().catch(ignore)
  }

  /** Reads the end of a body that is complete; a server that goes on is left. */
  #linger(): void {
    this.#end()
    let isRead = false
    const leave = (): void => {
      if (!isRead) this.#disconnect(undefined)
      isRead = true
    }
    const timer = this.#init.time.start(LINGER_MS, leave)
    const rest = this.#reader?.read()
    rest?.then(({ done }) => (done === true ? (isRead = true) : leave()), leave).finally(() => timer.cancel())
  }
}

/** What the `fetch` of a caller gives: one that writes a log is quick to read the body. */
function checkResponse(response: unknown): void {
  const isResponse = typeof response === 'object' && response !== null && 'status' in response
  if (isResponse && !('bodyUsed' in response && response.bodyUsed === true)) return
  throw new TypeError(
    'fetch must give a Response whose body nobody has read, as in { fetch: (url, init) => globalThis.fetch(url, init) }',
  )
}

const ignore = (): void => {}

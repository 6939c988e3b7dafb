import {
  type ChatCompletionRequest,
  type DecodeOptions,
  type Folded,
  isStreamError,
  type Warning,
} from '@deltawire/core'
import { Attempt, type AttemptInit } from './attempt.ts'
import { ByteChunkStream } from './chunk-stream.ts'
import { followAbort } from './follow-abort.ts'
import { leftEarly } from './left-early.ts'
import type { RetryPolicy } from './retry.ts'
import type { ChunkResult } from './shared-chunks.ts'
import type { Timer } from './time.ts'
import { timeoutError } from './timeouts.ts'

export interface AttemptsInit extends Omit<AttemptInit, 'body'> {
  /** What is asked. */
  readonly request: Pick<ChatCompletionRequest, 'messages' | 'model' | 'tools'>
  /** The body to send, and the one to send where the first is refused for asking for usage. */
  readonly bodies: readonly [body: string, withoutUsage?: string]
  readonly policy: RetryPolicy
  readonly decode: DecodeOptions
  readonly signal: AbortSignal | undefined
}

interface Current {
  readonly attempt: Attempt
  readonly stream: ByteChunkStream
  recovery?: Promise<void>
}

/**
 * The chunks of the first attempt that gives one.
 *
 * Nothing is sent before something is asked for. Once there is a chunk nothing is sent again.
 */
export class Attempts {
  readonly #init: AttemptsInit
  #current: Current | undefined
  #hasChunk = false
  #retries = 0
  #asksForUsage = true
  #totalTimer: Timer | undefined
  #unfollow: (() => void) | undefined
  #started = false
  #over = false
  #aborted: { reason: unknown } | undefined
  #interruptPause: ((reason: Error) => void) | undefined

  constructor(init: AttemptsInit) {
    this.#init = init
  }

  get request(): AttemptsInit['request'] {
    return this.#init.request
  }

  get warnings(): readonly Warning[] {
    return this.#current?.stream.warnings ?? []
  }

  /** Of the latest attempt that got one. */
  get response(): Response | undefined {
    return this.#current?.attempt.response
  }

  /** Sends the request if nobody has, and resolves to the response that is read. */
  async open(): Promise<Response> {
    try {
      const { attempt } = await this.#retrying(async (current) => {
        await current.attempt.open()
        return current
      })
      // An attempt that is open has a response.
      return attempt.response as Response
    } catch (reason) {
      // Who asks for nothing else must not be waited for by a timer, nor by a listener on a signal that lives on.
      this.end()
      throw reason
    }
  }

  next(): Promise<ChunkResult> {
    if (this.#hasChunk && this.#current !== undefined) return this.#current.stream.next()
    return this.#first()
  }

  async #first(): Promise<ChunkResult> {
    const result = await this.#retrying(({ stream }) => stream.next())
    this.#hasChunk = true
    return result
  }

  /** Everything that comes, as a sum: faster than chunk by chunk. */
  async fold(): Promise<Folded> {
    try {
      return await this.#retrying(async ({ stream }) => {
        const folded = await stream.fold()
        if (folded.failure !== undefined && folded.sum === undefined) throw folded.failure.reason
        return folded
      })
    } catch (reason) {
      return { sum: undefined, failure: { reason } }
    }
  }

  /** What is behind a failure: an abort's reason as it came, whatever was made of it on the way. */
  reasonOf(reason: unknown): unknown {
    return this.#aborted === undefined ? reason : this.#aborted.reason
  }

  /** Ends everything. What has been decoded can still be read. */
  abort(reason: unknown): void {
    if (this.#over) return
    this.#aborted = { reason }
    // It may be anything: it is only passed on.
    this.#interruptPause?.(reason as Error)
    this.#current?.attempt.fail(reason)
    this.end()
  }

  /** There is nothing more to come, or nobody who wants it. */
  end(): void {
    this.#over = true
    this.#totalTimer?.cancel()
    this.#unfollow?.()
    this.#interruptPause?.(leftEarly())
    void this.#current?.attempt.close()
  }

  #start(): void {
    this.#started = true
    const { signal, allowed, time } = this.#init
    if (signal?.aborted === true) return this.abort(signal.reason)
    if (signal !== undefined) this.#unfollow = followAbort(signal, (reason) => this.abort(reason))
    if (allowed.total !== Infinity)
      this.#totalTimer = time.start(allowed.total, () => this.abort(timeoutError('total', allowed.total)))
  }

  async #retrying<T>(ask: (current: Current) => Promise<T>): Promise<T> {
    if (!this.#started && !this.#over) this.#start()
    for (;;) {
      if (this.#aborted !== undefined) throw this.#aborted.reason
      if (this.#over && this.#current === undefined) throw leftEarly()
      const current = (this.#current ??= this.#begin())
      try {
        return await ask(current)
      } catch (reason) {
        // One recovery for all who ask.
        await (current.recovery ??= this.#recover(reason))
      }
    }
  }

  #begin(): Current {
    const { bodies, decode, ...init } = this.#init
    const body = this.#asksForUsage ? bodies[0] : (bodies[1] ?? bodies[0])
    const attempt = new Attempt({ ...init, body })
    return { attempt, stream: new ByteChunkStream(() => attempt.open(), decode) }
  }

  /** Makes way for another attempt, or throws why there should be none. */
  async #recover(reason: unknown): Promise<void> {
    if (this.#over || this.#hasChunk) throw reason
    const { bodies, policy } = this.#init
    if (this.#asksForUsage && bodies.length > 1 && refusesUsage(reason)) {
      this.#asksForUsage = false
    } else {
      const retry = (this.#retries += 1)
      const delayMs = policy.delayMs(reason, retry)
      if (delayMs === undefined || !isStreamError(reason)) throw reason
      policy.onRetry?.({ retry, delayMs, error: reason })
      await this.#pause(delayMs)
    }
    this.#current = undefined
  }

  #pause(ms: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = this.#init.time.start(ms, () => {
        this.#interruptPause = undefined
        resolve()
      })
      this.#interruptPause = (reason) => {
        timer.cancel()
        reject(reason)
      }
    })
  }
}

/** Whether a server that does not know `stream_options` says so, in whatever words: the name is in all of them. */
function refusesUsage(reason: unknown): boolean {
  if (!isStreamError(reason) || reason.code !== 'http_status') return false
  const { status, body } = reason.details
  return (status === 400 || status === 422) && /stream_options|include_usage/.test(body)
}

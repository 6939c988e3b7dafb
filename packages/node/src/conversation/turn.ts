import { type ChatCompletionChunk, type Folded, mergeChunk, textOf, type Warning } from '@deltawire/core'
import type { Attempts } from '../attempts.ts'
import type { AnswerSource } from '../chat-stream.ts'
import { followAbort } from '../follow-abort.ts'
import { leftEarly } from '../left-early.ts'
import type { ChunkResult } from '../shared-chunks.ts'
import type { Time, Timer } from '../time.ts'
import { timeoutError } from '../timeouts.ts'
import { unlessAborted } from '../unless-aborted.ts'

/** What has arrived of an answer. */
export interface Progress {
  /** What this chunk adds to the text; `''` for one that adds something else. */
  delta: string
  /** The text so far. */
  text: string
  chunk: ChatCompletionChunk
}

/** Is called with each piece of an answer; the next one waits until what it returns has settled. */
export type OnProgress = (progress: Progress) => Promise<void> | void

export interface TurnInit {
  /** Makes ready what asks, when something of the answer is first asked for. It is to heed the signal. */
  readonly prepare: (signal: AbortSignal) => Promise<Attempts>
  /** Keeps what has arrived. Called once, at the end, if a choice has appeared. */
  readonly save: (sum: ChatCompletionChunk, failure: { reason: unknown } | undefined) => Promise<void>
  readonly signal: AbortSignal | undefined
  /** How long all of it may take, from when something is first asked for. */
  readonly totalTimeoutMs: number
  readonly time: Time
  readonly onProgress: OnProgress | undefined
}

const nothing = (): void => {}

/**
 * An answer whose request has yet to be made, and which is kept when it ends: whole, broken, aborted or left early.
 *
 * The end is not told before the answer has been kept, so that whoever knows of it can ask on.
 */
export class Turn implements AnswerSource {
  readonly #init: TurnInit
  readonly #controller = new AbortController()
  #attempts: Attempts | undefined
  #preparing: Promise<Attempts> | undefined
  #unfollow: (() => void) | undefined
  #sum: ChatCompletionChunk | undefined
  #text = ''
  #saving: Promise<void> | undefined
  #folding: Promise<Folded> | undefined
  #totalTimer: Timer | undefined
  /** Called when an answer that has begun is aborted: whoever reads it may have gone. */
  onAbort: (() => void) | undefined

  constructor(init: TurnInit) {
    this.#init = init
  }

  get response(): Response | undefined {
    return this.#attempts?.response
  }

  get warnings(): readonly Warning[] {
    return this.#attempts?.warnings ?? []
  }

  get request(): AnswerSource['request'] {
    return this.#attempts?.request ?? { model: '', messages: [] }
  }

  async open(): Promise<Response> {
    try {
      return await (await this.#prepared()).open()
    } catch (reason) {
      // Who asks for nothing else is not waited for.
      this.#release()
      throw reason
    }
  }

  async next(): Promise<ChunkResult> {
    let result: ChunkResult
    try {
      result = await (this.#attempts ?? (await this.#prepared())).next()
      if (result.done !== true) await this.#take(result.value)
    } catch (reason) {
      await this.#saveBroken(reason)
      throw reason
    }
    if (result.done === true) await this.#save(undefined)
    return result
  }

  fold(): Promise<Folded> {
    return (this.#folding = this.#foldAndSave())
  }

  async #foldAndSave(): Promise<Folded> {
    let folded: Folded
    try {
      folded = await (this.#init.onProgress === undefined ? (await this.#prepared()).fold() : this.#foldByChunks())
    } catch (reason) {
      return { sum: undefined, failure: { reason } }
    }
    this.#sum = folded.sum
    if (folded.failure !== undefined) await this.#saveBroken(folded.failure.reason)
    else {
      try {
        await this.#save(undefined)
      } catch (reason) {
        return { sum: folded.sum, failure: { reason } }
      }
    }
    return folded
  }

  reasonOf(reason: unknown): unknown {
    return this.#attempts === undefined ? reason : this.#attempts.reasonOf(reason)
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason)
    if (this.#attempts !== undefined && this.#saving === undefined) this.onAbort?.()
  }

  /** Whoever leaves early waits until what has arrived is kept. */
  end(): Promise<void> | void {
    this.#release()
    if (this.#attempts === undefined) {
      this.#controller.abort(leftEarly())
      return
    }
    this.#attempts.end()
    // A fold keeps what it has when its source ends.
    if (this.#folding !== undefined) return this.#folding.then(nothing)
    if (this.#saving === undefined) return this.#save({ reason: leftEarly() })
  }

  #release(): void {
    this.#unfollow?.()
    this.#totalTimer?.cancel()
  }

  #prepared(): Promise<Attempts> {
    return (this.#preparing ??= this.#prepare())
  }

  async #prepare(): Promise<Attempts> {
    const { prepare, signal, totalTimeoutMs, time } = this.#init
    if (signal?.aborted === true) this.abort(signal.reason)
    else if (signal !== undefined) this.#unfollow = followAbort(signal, (reason) => this.abort(reason))
    if (totalTimeoutMs !== Infinity)
      this.#totalTimer = time.start(totalTimeoutMs, () => this.abort(timeoutError('total', totalTimeoutMs)))
    const attempts = await prepare(this.#controller.signal)
    this.#controller.signal.throwIfAborted()
    return (this.#attempts = attempts)
  }

  async #take(chunk: ChatCompletionChunk): Promise<void> {
    this.#sum = mergeChunk(this.#sum, chunk)
    const { onProgress } = this.#init
    if (onProgress === undefined) return
    const delta = textOf(chunk)
    this.#text += delta
    try {
      await unlessAborted(this.#controller.signal, onProgress({ delta, text: this.#text, chunk }))
    } catch (reason) {
      // Nobody waits for a callback after an abort; the chunk goes on.
      if (this.#controller.signal.aborted) return
      this.#attempts?.abort(reason)
      throw reason
    }
  }

  async #foldByChunks(): Promise<Folded> {
    const attempts = await this.#prepared()
    try {
      for (let result = await attempts.next(); result.done !== true; result = await attempts.next())
        await this.#take(result.value)
      return { sum: this.#sum, failure: undefined }
    } catch (reason) {
      return { sum: this.#sum, failure: { reason } }
    }
  }

  /** What broke the answer is what is told, also when what had arrived cannot be kept. */
  async #saveBroken(reason: unknown): Promise<void> {
    await this.#save({ reason: this.reasonOf(reason) }).catch(() => {})
  }

  #save(failure: { reason: unknown } | undefined): Promise<void> {
    const sum = this.#sum
    return (this.#saving ??=
      sum === undefined || sum.choices.length === 0 ? Promise.resolve() : this.#init.save(sum, failure))
  }
}

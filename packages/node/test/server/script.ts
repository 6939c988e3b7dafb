import type { ChatCompletionChunk, ChunkDelta, CompletionUsage } from '@deltawire/core'
import type { Timers } from '../../src/index.ts'

export function chunkOf(delta: ChunkDelta, finish_reason: string | null = null): ChatCompletionChunk {
  const choices = [{ index: 0, delta, finish_reason }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_750_000_000, model: 'm', choices }
}

export const usage: CompletionUsage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

export const usageChunk: ChatCompletionChunk = { ...chunkOf({}), choices: [], usage }

/** A whole short answer. */
export const shortAnswer = [
  chunkOf({ role: 'assistant', content: '' }),
  chunkOf({ content: 'Grüße, ' }),
  chunkOf({ content: '世界' }),
  chunkOf({}, 'stop'),
]

/** A source of chunks that does what a test says, when it says so. */
export class ScriptedSource implements AsyncIterableIterator<ChatCompletionChunk> {
  /** Resolves when the source is first asked for a chunk. */
  readonly asked: Promise<void>
  /** Resolves when the source is cancelled. */
  readonly returned: Promise<void>
  pulls = 0
  returns = 0
  #script: ({ chunk: ChatCompletionChunk } | { end: unknown } | { failure: Error })[] = []
  #wake = (): void => {}
  #onAsked = (): void => {}
  #onReturned = (): void => {}

  constructor(chunks: readonly ChatCompletionChunk[] = []) {
    this.asked = new Promise((resolve) => (this.#onAsked = resolve))
    this.returned = new Promise((resolve) => (this.#onReturned = resolve))
    this.push(...chunks)
  }

  push(...chunks: ChatCompletionChunk[]): this {
    this.#script.push(...chunks.map((chunk) => ({ chunk })))
    this.#wake()
    return this
  }

  end(): this {
    this.#script.push({ end: true })
    this.#wake()
    return this
  }

  fail(failure: Error): this {
    this.#script.push({ failure })
    this.#wake()
    return this
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ChatCompletionChunk, undefined>> {
    this.pulls += 1
    this.#onAsked()
    for (;;) {
      const step = this.#script.shift()
      if (step === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
      else if ('chunk' in step) return { done: false, value: step.chunk }
      else if ('failure' in step) throw step.failure
      else return { done: true, value: undefined }
    }
  }

  async return(): Promise<IteratorResult<ChatCompletionChunk, undefined>> {
    this.returns += 1
    this.#onReturned()
    return { done: true, value: undefined }
  }
}

/** A clock that ticks when a test says so. */
export function manualTimers(): Timers & { tick(): void; readonly running: number } {
  const callbacks = new Map<object, () => void>()
  return {
    setInterval(callback) {
      const timer = {}
      callbacks.set(timer, callback)
      return timer
    },
    clearInterval: (timer) => void callbacks.delete(timer as object),
    tick() {
      for (const callback of callbacks.values()) callback()
    },
    get running() {
      return callbacks.size
    },
  }
}

/** Lets everything run that can run by itself. */
export const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Resolves when a number has stopped to grow. */
export async function standstill(count: () => number): Promise<void> {
  let before = -1
  for (let still = 0; still < 300; still += 1) {
    if (count() !== before) still = 0
    before = count()
    await turnOfTheLoop()
  }
}

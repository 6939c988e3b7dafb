import type { ChatCompletionChunk, ChunkDelta } from '@deltawire/core'

/** A chunk as official servers send it. */
export const chunkOf = (delta: ChunkDelta, finish_reason: string | null = null): ChatCompletionChunk => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'test-model',
  choices: [{ index: 0, delta, finish_reason }],
})

/** The chunks of an answer: a role, a chunk per piece of text, a finish reason. */
export const answerOf = (...pieces: readonly string[]): ChatCompletionChunk[] => [
  chunkOf({ role: 'assistant', content: '' }),
  ...pieces.map((content) => chunkOf({ content })),
  chunkOf({}, 'stop'),
]

/** A source whose chunks a test gives by hand. */
export interface HandSource extends AsyncIterable<ChatCompletionChunk> {
  give(...chunks: readonly ChatCompletionChunk[]): void
  end(): void
  fail(reason: unknown): void
  /** Resolves when whoever reads it leaves. */
  readonly left: Promise<void>
}

export function handSource(): HandSource {
  const given: ChatCompletionChunk[] = []
  let over: { reason?: unknown } | undefined
  let wake = (): void => {}
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  return {
    left,
    give(...chunks) {
      given.push(...chunks)
      wake()
    },
    end() {
      over = {}
      wake()
    },
    fail(reason) {
      over = { reason }
      wake()
    },
    [Symbol.asyncIterator]: () => ({
      async next() {
        while (given.length === 0 && over === undefined)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        const value = given.shift()
        if (value !== undefined) return { done: false, value }
        if (over !== undefined && 'reason' in over) throw over.reason
        return { done: true, value: undefined }
      },
      async return() {
        leave()
        over ??= {}
        return { done: true, value: undefined }
      },
    }),
  }
}

import { type ChatCompletionChunk, createAccumulator } from '@deltawire/core'

/** Each chunk to the sum so far, as a chunk that never changes. */
export class MergeStream extends TransformStream<ChatCompletionChunk, ChatCompletionChunk> {
  constructor() {
    const accumulator = createAccumulator()
    super({
      transform(chunk, controller) {
        accumulator.push(chunk)
        const sum = accumulator.snapshot()
        if (sum !== undefined) controller.enqueue(sum)
      },
    })
  }
}

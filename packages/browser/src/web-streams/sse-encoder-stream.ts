import { type ChatCompletionChunk, encodeChunk, encodeDone } from '@deltawire/core'

/** Chunks to the bytes of an event stream, `[DONE]` included. */
export class SseEncoderStream extends TransformStream<ChatCompletionChunk, Uint8Array> {
  constructor() {
    const encoder = new TextEncoder()
    super({
      transform: (chunk, controller) => controller.enqueue(encoder.encode(encodeChunk(chunk))),
      flush: (controller) => controller.enqueue(encoder.encode(encodeDone())),
    })
  }
}

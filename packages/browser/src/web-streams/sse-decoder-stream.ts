import type { StreamEvent, TextSink } from '@deltawire/core'
import { createSseParser } from '../transport/sse-parser.ts'

/** Bytes to server-sent events. An event that is open at the end is given too. */
export class SseDecoderStream extends TransformStream<Uint8Array, StreamEvent> {
  /** @param createParser reads the text */
  constructor(createParser: (emit: (event: StreamEvent) => void) => TextSink = createSseParser) {
    const text = new TextDecoder()
    let parser: TextSink
    super({
      start(controller) {
        parser = createParser((event) => controller.enqueue(event))
      },
      transform: (bytes) => parser.push(text.decode(bytes, { stream: true })),
      flush() {
        parser.push(text.decode())
        parser.end()
      },
    })
  }
}

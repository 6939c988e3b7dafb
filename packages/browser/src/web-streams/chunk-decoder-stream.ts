import { type ChatCompletionChunk, createDecoder, createFramer, type Decoded } from '@deltawire/core'
import { createSseParser } from '../transport/sse-parser.ts'
import { SseDecoderStream } from './sse-decoder-stream.ts'

/** The bytes of any provider's answer to normalized chunks. Errs where the answer does, after everything that came. */
export class ChunkDecoderStream implements ReadableWritablePair<ChatCompletionChunk, Uint8Array> {
  readonly readable: ReadableStream<ChatCompletionChunk>
  readonly writable: WritableStream<Uint8Array>

  constructor() {
    const decoder = createDecoder()
    const { readable, writable } = new SseDecoderStream((emit) => createFramer(createSseParser, emit))
    this.writable = writable
    // Event by event, as it is read: an error takes with it what nobody has read yet.
    this.readable = readable.pipeThrough(
      new TransformStream({
        transform: (event, controller) => give(controller, decoder.push(event)),
        flush: (controller) => give(controller, decoder.end()),
      }),
    )
  }
}

function give(
  controller: TransformStreamDefaultController<ChatCompletionChunk>,
  { chunks, done, error }: Decoded,
): void {
  for (const chunk of chunks) controller.enqueue(chunk)
  if (error !== undefined) controller.error(error)
  else if (done) controller.terminate()
}

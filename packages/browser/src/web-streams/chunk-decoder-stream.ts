import { type ChatCompletionChunk, createDecoder, createFramer, type Decoded, type TextSink } from '@deltawire/core'
import { createSseParser } from '../transport/sse-parser.ts'

/** The bytes of any provider's answer to normalized chunks. Errs where the answer does, after everything that came. */
export class ChunkDecoderStream extends TransformStream<Uint8Array, ChatCompletionChunk> {
  constructor() {
    const text = new TextDecoder()
    const decoder = createDecoder()
    let framer: TextSink
    let end = (): void => {}
    let isOver = false
    super({
      start(controller) {
        const take = ({ chunks, done, error }: Decoded): void => {
          if (isOver) return
          for (const chunk of chunks) controller.enqueue(chunk)
          isOver = done
          if (error !== undefined) controller.error(error)
          else if (done) controller.terminate()
        }
        framer = createFramer(createSseParser, (event) => take(decoder.push(event)))
        end = () => take(decoder.end())
      },
      transform: (bytes) => framer.push(text.decode(bytes, { stream: true })),
      flush() {
        framer.push(text.decode())
        framer.end()
        end()
      },
    })
  }
}

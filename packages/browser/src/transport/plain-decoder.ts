import {
  type AnyStreamError,
  type ChatCompletionChunk,
  type Decoder,
  StreamError,
  type StreamErrorCode,
  type StreamErrorDetails,
  type StreamEvent,
} from '@deltawire/core'
import { parseObject } from './parse-object.ts'

/** Events to chunks. Core's `createDecoder` makes one that knows every provider's habits. */
export type ChunkDecoder = Pick<Decoder, 'end' | 'push'>

export type Decoded = ReturnType<ChunkDecoder['push']>

const DONE: Decoded = { chunks: [], done: true }
const failed = <C extends StreamErrorCode>(code: C, message: string, details: StreamErrorDetails[C]): Decoded => ({
  ...DONE,
  // One of the codes, as every error is.
  error: new StreamError(code, message, details) as AnyStreamError,
})

/** The end of a stream, also where the body ends before the event does. */
export const isDone = ({ data }: StreamEvent): boolean => data.trim() === '[DONE]'

/**
 * Reads chunks that are normalized already, as an own backend and the relay send them: a tenth of what it takes to read
 * any provider.
 */
export function createPlainDecoder(): ChunkDecoder {
  let count = 0
  let isFinished = false

  return {
    push(event) {
      count++
      if (isDone(event)) return DONE
      const { data } = event
      const value = parseObject(data)
      if (value === undefined)
        return failed('invalid_json', `event ${count} is not JSON: ${data.slice(0, 80)}`, {
          data: data.slice(0, 1_000),
          event: count,
        })
      const { error = event.event === 'error' ? value : undefined, choices } = value
      if (error !== undefined && error !== null) {
        const { message: said } = error as { message?: unknown }
        const message = typeof said === 'string' ? said : JSON.stringify(error)
        return failed('upstream_error', message, { error: { ...error, message, body: error } })
      }
      // News of another kind.
      if (!Array.isArray(choices)) return { chunks: [], done: false }
      // A backend of one's own sends what it says.
      const chunk = value as unknown as ChatCompletionChunk
      for (const choice of chunk.choices) isFinished ||= Boolean(choice.finish_reason)
      return { chunks: [chunk], done: false }
    },
    end() {
      if (isFinished) return DONE
      const message = 'the stream ended without [DONE] and without a finish reason'
      return failed('incomplete_stream', message, { chunks: count, insideEvent: false })
    },
  }
}

import type { ChatCompletionChunk } from '@deltawire/core'
import type { Status } from '../protocol/frame.ts'
import type { Position } from '../protocol/position.ts'
import { cancelStream } from './cancel-stream.ts'
import type { ReadStream } from './connect-streams.ts'
import { RelayError } from './relay-error.ts'
import type { RelayUpdate } from './relay-reader.ts'
import type { Wants } from './wants.ts'

/** A stream as one reader reads it. Leaving the loop leaves the stream, which goes on: `cancel` is what stops a model. */
export interface RelayStream extends AsyncIterable<ChatCompletionChunk> {
  readonly id: string
  /** How far it came; `undefined` before anything has come. */
  readonly position: Position | undefined
  /** `undefined` before anything is known. */
  readonly status: Status | undefined
  /**
   * The chunks, and when what came before has to be forgotten.
   *
   * A stream has one loop: this one, or that over its chunks, which throws `replaced` there.
   */
  updates(): AsyncGenerator<RelayUpdate, void, undefined>
  /** Stops the model, wherever it is read. Gives how the stream ended, or will. */
  cancel(why?: string): Promise<Status>
  /** Gives the result of a tool call. Of several, the first counts: resolves to whether it is this one. */
  sendToolResult(call: string, output: unknown): Promise<boolean>
  /** Ends the loop, wherever it is. The stream goes on. */
  leave(): void
}

export function createRelayStream({ id, stream, reader }: ReadStream, wants: Wants): RelayStream {
  return {
    id,
    get position() {
      return stream.position
    },
    get status() {
      return stream.status
    },
    updates: () => reader.updates,
    [Symbol.asyncIterator]: () => chunksOf(reader.updates),
    cancel: (why) => cancelStream(id, wants, why),
    async sendToolResult(call, output) {
      const { won = false } = await wants.ask((request) => ({ t: 'tool', id: request, s: id, call, output }))
      return won
    },
    leave: () => void reader.updates.return(),
  }
}

/** The chunks of the updates, as long as they are only added to. */
function chunksOf(updates: AsyncGenerator<RelayUpdate, void, undefined>): AsyncIterableIterator<ChatCompletionChunk> {
  const end = async (): Promise<IteratorResult<ChatCompletionChunk>> => {
    await updates.return()
    return { done: true, value: undefined }
  }
  return {
    async next() {
      const { done, value } = await updates.next()
      if (done === true) return { done, value }
      if (!value.replaces) return { done: false, value: value.chunk }
      await end()
      throw new RelayError('replaced', 'what was given is not in the stream any more: loop over updates()')
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

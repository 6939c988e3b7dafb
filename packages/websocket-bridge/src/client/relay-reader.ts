import type { ChatCompletionChunk } from '@deltawire/core'
import type { WireChunk } from '../protocol/frame.ts'
import type { Position } from '../protocol/position.ts'
import { addWireChunk, type Receiver } from '../protocol/receive.ts'
import { restoreChunk } from '../protocol/wire-chunk.ts'
import { createLoop } from './loop.ts'

/** What a reader of a stream is given. */
export interface RelayUpdate {
  /** What came since the update before. If it `replaces`, all that there is. */
  readonly chunk: ChatCompletionChunk
  /** Forget what was given before: it is not in the stream any more, or was damaged on its way. Rare. */
  readonly replaces: boolean
  /** How far the stream has been given, with this update. */
  readonly position: Position
}

/** One reader of a stream. What it has not taken yet is one chunk, the sum. */
export interface Reader {
  /** Adds a chunk, which is only read. */
  add(chunk: WireChunk): void
  /** Gives all that there is, where nothing can be added to what was given. It is only read. */
  replace(whole: WireChunk): void
  end(reason?: Error): void
  readonly updates: AsyncGenerator<RelayUpdate, void, undefined>
}

/**
 * Makes a reader.
 *
 * @param stream what the chunks belong to
 * @param hasSome whether the reader has a part of the stream from before
 */
export function createReader(stream: Receiver, hasSome: boolean, leave: () => void): Reader {
  let pending: WireChunk | undefined
  let replaces = false

  function take(): RelayUpdate | undefined {
    const { position, sum = pending } = stream
    // After a repair has begun there is no position, and what is pending may not be given.
    if (pending === undefined || sum === undefined || position === undefined) return undefined
    const update = { chunk: restoreChunk(pending, sum), replaces, position }
    pending = undefined
    replaces = false
    hasSome = true
    return update
  }

  function add(chunk: WireChunk): void {
    // A copy, if it is the first: others have it too, and it may grow here.
    pending = addWireChunk(pending, chunk)
    loop.wake()
  }

  const loop = createLoop(take, leave)
  return {
    add,
    replace(whole) {
      pending = undefined
      replaces = hasSome
      add(whole)
    },
    end: loop.end,
    updates: loop.values,
  }
}

import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import { checksum } from './checksum.ts'
import type { DataFrame, EndFrame, WireChunk } from './frame.ts'
import type { Position } from './position.ts'

/** What became of a frame. */
export type Received =
  /** Its chunks were added to the sum. */
  | 'added'
  /** Its chunks are the sum now: whatever was there before is gone. */
  | 'replaced'
  /** Same content, the position has another epoch. */
  | 'renamed'
  /** All of it was known. */
  | 'known'
  /** It does not follow what was received: subscribe again, from the position. */
  | 'gap'
  /** The stream has ended, and the sum is what it should be. */
  | 'ended'
  /** The stream has ended, and the sum is not what it should be, or more than it: subscribe again, from the beginning. */
  | 'corrupt'

/** The receiving end of one stream: its position and its sum. */
export interface Receiver {
  receive(frame: DataFrame | EndFrame): Received
  /** `undefined` before anything came. */
  readonly position: Position | undefined
  /** The sum so far, still growing. `undefined` before anything came. */
  readonly sum: WireChunk | undefined
  readonly end: EndFrame | undefined
  /** Forgets everything, to begin again. */
  reset(): void
}

/** What was received before, and kept somewhere. */
export interface Beginning {
  readonly position: Position
  /**
   * The sum of what was received up to there; only read.
   *
   * Where it was not kept, the checksum of the end can't be right.
   */
  readonly sum?: WireChunk | undefined
}

/**
 * Makes the receiving end of a stream. No sockets, no clock: frames in, a verdict out.
 *
 * Each frame says which offsets it covers, so that the receiver finds gaps, repetitions and confused streams by itself.
 */
export function createReceiver(first?: Beginning): Receiver {
  let position = first?.position
  let sum = first?.sum && addWireChunk(undefined, first.sum)
  let end: EndFrame | undefined

  function receiveData({ e, o, n, c, p }: DataFrame): Received {
    const isKnown = position !== undefined && position.e === e && o <= position.o
    if (isKnown) return 'known'
    const isWhole = n === o
    if (!isWhole && n === 0 && position?.o === o && position.e === p) {
      position = { e, o }
      return 'renamed'
    }
    if (!isWhole && (position?.e !== e || o - n !== position.o)) return 'gap'
    const isNew = isWhole && position !== undefined && position.o > 0
    if (isWhole) sum = undefined
    for (const chunk of c) sum = addWireChunk(sum, chunk)
    position = { e, o }
    return isNew ? 'replaced' : 'added'
  }

  function receiveEnd(frame: EndFrame): Received {
    // In one epoch offsets only grow. Whoever is beyond the last one has what is not in the stream.
    if (position?.e === frame.e && position.o > frame.o) return 'corrupt'
    if ((position?.o ?? 0) !== frame.o || (position !== undefined && position.e !== frame.e)) return 'gap'
    if (checksum(sum) !== frame.h) return 'corrupt'
    end = frame
    position = { e: frame.e, o: frame.o }
    return 'ended'
  }

  return {
    receive: (frame) => {
      if (end !== undefined) return 'known'
      return frame.t === 'd' ? receiveData(frame) : receiveEnd(frame)
    },
    get position() {
      return position
    },
    get sum() {
      return sum
    },
    get end() {
      return end
    },
    reset() {
      position = sum = end = undefined
    },
  }
}

/** Adds a chunk as it travels to a sum. What was left out of it is what merging keeps anyway. */
export function addWireChunk(sum: WireChunk | undefined, next: WireChunk): WireChunk {
  // `mergeChunk` goes by the keys that there are, and neither asks for nor makes others.
  return mergeChunk(sum as ChatCompletionChunk | undefined, next as ChatCompletionChunk)
}

import { splitEvents } from '../mock/split-events.ts'
import type { Read } from './recording.ts'

/** An event of a body as it was sent, comments and all. */
export interface TimedBlock {
  readonly bytes: Uint8Array
  /** Of its first byte, from the beginning of the body. */
  readonly offset: number
  /** When the read came that completed it; `undefined` where no times are known. */
  readonly atMs: number | undefined
}

/** The events of a body, each with the time of the read that completed it. Together they are the body, byte for byte. */
export function timedBlocks(bytes: Uint8Array, reads: readonly Read[]): TimedBlock[] {
  let end = 0
  let read = -1
  let readEnd = 0
  return splitEvents(bytes).map((event) => {
    const offset = end
    end += event.length
    while (readEnd < end && read + 1 < reads.length) readEnd += reads[++read]?.bytes.length ?? 0
    return { bytes: event, offset, atMs: reads[read]?.atMs }
  })
}

import type { Ending, RefusalCode } from '../protocol/frame.ts'
import type { StoreCall } from './watched-engine.ts'

/** What a node has done since it began. Counted up, never down. */
export interface Stats {
  streamsStarted: number
  /** Streams of this node that have ended, by how. */
  streamsEnded: Record<Ending, number>
  /** Streams whose lease this node took from a dead one. */
  streamsTakenOver: number
  /** Streams that this node lost to another. */
  streamsLost: number
  /** Chunks that sources gave. */
  chunksRead: number
  /** Frames sent to readers, and how many chunks they covered. */
  framesSent: number
  chunksSent: number
  /** Frames that were the whole sum. */
  sumsSent: number
  /** Characters of frames sent to readers. */
  lengthSent: number
  socketsOpened: number
  /** Sockets that this node closed, by code. */
  socketsClosed: Record<number, number>
  requestsRefused: Record<RefusalCode, number>
  /** Calls of the store that failed, by what was asked. */
  storeFailures: Partial<Record<StoreCall, number>>
}

export const createStats = (): Stats => ({
  streamsStarted: 0,
  streamsEnded: { cancelled: 0, done: 0, failed: 0, interrupted: 0, limit: 0 },
  streamsTakenOver: 0,
  streamsLost: 0,
  chunksRead: 0,
  framesSent: 0,
  chunksSent: 0,
  sumsSent: 0,
  lengthSent: 0,
  socketsOpened: 0,
  socketsClosed: {},
  requestsRefused: {
    bad_request: 0,
    conflict: 0,
    draining: 0,
    forbidden: 0,
    gone: 0,
    internal: 0,
    not_found: 0,
    too_large: 0,
    too_many: 0,
    unauthorized: 0,
    unavailable: 0,
  },
  storeFailures: {},
})

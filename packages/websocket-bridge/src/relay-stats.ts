import type { Stats } from './hub/stats.ts'

/** What a node has done, and what it is doing. */
export interface RelayStats extends Readonly<Stats> {
  readonly sockets: number
  /** Clients that follow over HTTP. */
  readonly eventReaders: number
  /** Subscriptions of all sockets. */
  readonly subscriptions: number
  /** Streams that this node is attached to. */
  readonly streamsAttached: number
  readonly streamsProducing: number
  /** How long deltas are held back and summed now: grows with the load. */
  readonly flushWindowMs: number
  readonly isStoreReachable: boolean
  readonly isDraining: boolean
}

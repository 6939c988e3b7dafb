import type { Stats } from './hub/stats.ts'

/** What a node has done, and what it is doing. */
export interface RelayStats extends Readonly<Stats> {
  /** Sockets that are open. */
  readonly sockets: number
  /** Clients that follow over HTTP. */
  readonly eventReaders: number
  /** Subscriptions of all sockets. */
  readonly subscriptions: number
  /** Streams that this node is attached to. */
  readonly streamsAttached: number
  /** Streams whose source this node reads. */
  readonly streamsProducing: number
  /** How long deltas are held back and summed now: grows with the load. */
  readonly flushWindowMs: number
  /** Whether the store answers. */
  readonly isStoreReachable: boolean
  /** Whether the node is leaving. */
  readonly isDraining: boolean
}

import type { Ending, OrphanPolicy, Status, WireError } from './protocol/frame.ts'
import type { Lineage } from './protocol/position.ts'

/**
 * Keeps streams, and tells every node that is interested what is added to them.
 *
 * The relay never shows a chunk that the engine has not confirmed. Chunks are JSON texts here: an engine stores and
 * carries them, and never looks inside.
 *
 * A call that rejects means "unknown whether it happened": the store could not be reached, or its answer was lost. The
 * caller asks again with the same arguments, and the offsets make that safe. Whatever an engine knows for certain is an
 * answer and not a rejection. Time is the engine's own (the store's clock), never that of a node.
 */
export interface Engine {
  /**
   * Makes a stream and gives its first lease, once per owner and key; to who asks again with the same id, the same lease.
   *
   * Where it `mustExist`, none is made.
   */
  create(stream: NewStream): Promise<Created>
  /**
   * Adds chunks, or the end, or both: all or nothing, and only at the expected offset with the fence of the lease.
   *
   * Tells every attached listener. Keeps the lease alive, and answers what was flagged.
   */
  append(id: string, addition: Addition): Promise<Appended>
  /**
   * Keeps the sum up to an offset in place of the chunks that it covers.
   *
   * The engine may keep the last of them for those who are only a little behind. A wrong fence or offset changes nothing.
   */
  compact(id: string, snapshot: Snapshot): Promise<void>
  /** The state of a stream; `undefined` if there is none (any more). */
  read(id: string): Promise<StreamState | undefined>
  /**
   * The state of a stream, and from then on everything that happens to it: in order, without gaps or repetitions.
   *
   * `undefined` if there is none. Several listeners may attach to one stream.
   */
  attach(id: string, listener: (event: EngineEvent) => void): Promise<Attachment | undefined>
  /** How many nodes are attached to a stream, on all machines. */
  watchers(id: string): Promise<number>
  /** Takes a stream whose lease has run out, and begins an epoch there. `undefined` if it has ended, is held, or unknown. */
  takeOver(id: string, lease: { readonly node: string; readonly epoch: string }): Promise<Lease | undefined>
  /** Keeps leases alive. Gives the ids of those that are not ours any more. */
  renew(leases: readonly Lease[]): Promise<readonly string[]>
  /**
   * Brings a stream back that the store has lost (`lost`), from its producer's memory.
   *
   * Does nothing where the store has it under the same or a higher fence. Listeners are told by a `reset`: also those who
   * were attached before it was lost.
   *
   * @returns whether the stream is ours: it was brought back, now or by an earlier call of this node with this fence
   */
  restore(state: StreamState, lease: { readonly node: string; readonly fence: number }): Promise<boolean>
  /**
   * Puts a word on a stream, of which the first one counts: `cancel`, the output of a tool.
   *
   * Tells every attached listener. Gives the word that stands; `undefined` if there is no such stream.
   */
  flag(id: string, name: string, value: string): Promise<string | undefined>
  /** The live streams of a topic, and from then on each stream that begins or ends there. */
  follow(topic: string, listener: (stream: StreamSummary) => void): Promise<Following>
  /** Streams, the newest first: all of them, or those that live without a lease. */
  list(which: 'all' | 'orphaned', limit: number): Promise<readonly StreamSummary[]>
  /** Whether this is the first time that somebody says this word, for as long as `ttlMs`: tickets are used once. */
  once(word: string, ttlMs: number): Promise<boolean>
  /** Whether the store answers. */
  readonly isReachable: boolean
  /** Leaves no timer, connection or subscription behind. Attached listeners hear nothing more. */
  close(): Promise<void>
}

/** All that an engine is told of a stream when it begins. */
export interface NewStream {
  readonly id: string
  /** The name of its first epoch. */
  readonly epoch: string
  /** The node that produces it. */
  readonly node: string
  /** Who asked for it. Keys are theirs alone. */
  readonly owner: string
  /** Makes asking twice harmless. */
  readonly key: string
  /** What was asked, as JSON: the same key with another request is a conflict. */
  readonly request: string
  /** Under which it is announced. Absent: nowhere. */
  readonly topic?: string | undefined
  /** What becomes of it when nobody follows it. */
  readonly orphan: OrphanPolicy
  /** Only the stream that the key was given to before is asked for: its owner may have no more. Absent: one is made. */
  readonly mustExist?: boolean | undefined
}

/** Whether there is a new stream, or one that the key was given to before. */
export type Created =
  | { readonly outcome: 'created'; readonly lease: Lease }
  /** The key is known, and the request was the same. */
  | { readonly outcome: 'exists'; readonly id: string }
  /** The key is known, and the request was another. */
  | { readonly outcome: 'conflict'; readonly id: string }
  /** The key is not known, and no stream was to be made. */
  | { readonly outcome: 'absent' }

/** The right to add to a stream. */
export interface Lease {
  readonly id: string
  /** Grows with each holder: what an earlier one still sends is refused. */
  readonly fence: number
  /** Within this time it must be renewed. */
  readonly ttlMs: number
}

/** What a producer adds to its stream in one step. */
export interface Addition {
  /** Of its lease. A lower one than the stream's is refused. */
  readonly fence: number
  /** The offset after which these chunks come. */
  readonly expect: number
  /** JSON texts of chunks as they travel, in order. */
  readonly chunks: readonly string[]
  /** Nothing can be added after it. */
  readonly end?: StreamEnd | undefined
  /**
   * How many words on the stream its producer knows: where there are no more, none need be answered. Absent: none.
   *
   * The output of a tool may be long, and is not to come back with every chunk after it.
   */
  readonly knownFlags?: number | undefined
}

/** The durable record of how a stream ended. */
export interface StreamEnd {
  /** How it ended. */
  readonly st: Ending
  /** The checksum of the sum. */
  readonly h: string
  /** Why, where it failed. */
  readonly err?: WireError | undefined
}

/** What became of an addition. Only `added` has changed anything; none of them is an error of the engine. */
export type Appended =
  | {
      readonly outcome: 'added'
      /** All words on the stream, or none where their producer knows them all. */
      readonly flags: Flags
    }
  /** Somebody else holds the lease. */
  | { readonly outcome: 'fenced' }
  /**
   * The expected offset is not the last one. Higher: an answer was lost and the chunks had been added. Lower: the store has
   * lost its newest chunks, which the producer adds again.
   */
  | { readonly outcome: 'elsewhere'; readonly tail: number }
  /** The stream has ended. */
  | { readonly outcome: 'ended'; readonly end: StreamEnd }
  /** The store does not know the stream. */
  | { readonly outcome: 'lost' }

/** Words on a stream, by name. */
export type Flags = { readonly [name: string]: string }

/** A sum that takes the place of the chunks it covers. */
export interface Snapshot {
  /** Of the lease under which it was made. */
  readonly fence: number
  /** The last offset that it covers. */
  readonly o: number
  /** The sum of the chunks up to `o`, as JSON. */
  readonly sum: string
}

/** What a list tells of a stream. */
export interface StreamSummary {
  readonly id: string
  /** The `id` of the principal who started it. */
  readonly owner: string
  /** Under which it is announced, if at all. */
  readonly topic?: string | undefined
  /** What it is doing, or how it ended. */
  readonly status: Status
  /** Unix milliseconds. */
  readonly createdAt: number
}

/** All that the store knows of a stream. */
export interface StreamState extends StreamSummary {
  /** What was asked, as JSON. */
  readonly request: string
  /** What becomes of it when nobody follows it. */
  readonly orphan: OrphanPolicy
  /** The idempotency key that it was started with. */
  readonly key: string
  /** Its epochs, and where each begins. */
  readonly lineage: Lineage
  /** The offset up to which only the sum is kept. */
  readonly base: number
  /** The sum of the chunks up to `base`, as JSON. `undefined` at 0. */
  readonly sum: string | undefined
  /** The chunks after `base`, in order. The last offset is `base + chunks.length`. */
  readonly chunks: readonly string[]
  /** How it ended; `undefined` while it lives. */
  readonly end: StreamEnd | undefined
  /** The words on it. */
  readonly flags: Flags
  /** The node that holds or held the lease. */
  readonly node: string
  /** Of the lease that was given last. */
  readonly fence: number
}

/** What an attached listener is told. */
export type EngineEvent =
  /** Chunks after the offset `from`. */
  | { readonly kind: 'chunks'; readonly from: number; readonly chunks: readonly string[] }
  | { readonly kind: 'end'; readonly end: StreamEnd }
  /** Another producer. What lies beyond its fork is not in the stream any more. */
  | { readonly kind: 'epoch'; readonly lineage: Lineage }
  | { readonly kind: 'flag'; readonly name: string; readonly value: string }
  /** The stream was lost and brought back, or events were missed for good: forget, and take this. */
  | { readonly kind: 'reset'; readonly state: StreamState }
  /** The stream has expired, or the store has lost it. */
  | { readonly kind: 'gone' }

/** A listener that hears what happens to a stream. */
export interface Attachment {
  /** The stream at the moment from which on the listener hears everything. */
  readonly state: StreamState
  /** The listener hears nothing more. */
  detach(): void
}

/** A listener that hears which streams begin and end in a topic. */
export interface Following {
  /** Those that live at the moment from which on it hears everything. */
  readonly streams: readonly StreamSummary[]
  /** It hears nothing more. */
  stop(): void
}

/** How long an engine keeps what. */
export interface Retention {
  /**
   * How long a lease lasts without a sign of its holder.
   *
   * @defaultValue `10_000`: a stop of the garbage collector or a slow store does not cost the stream
   */
  leaseMs?: number | undefined
  /**
   * How long a stream is kept to which nothing is added.
   *
   * @defaultValue `3_600_000`
   */
  liveTtlMs?: number | undefined
  /**
   * How long a stream is kept after its end.
   *
   * @defaultValue `900_000`: a reload, a second device, a coffee. What must stay longer belongs into your database
   */
  endedTtlMs?: number | undefined
  /**
   * How long a key answers with its stream. At least as long as the stream is kept.
   *
   * @defaultValue `86_400_000`
   */
  keyTtlMs?: number | undefined
}

/** The usual retention. */
export const DEFAULT_RETENTION: { readonly [K in keyof Required<Retention>]: number } = {
  leaseMs: 10_000,
  liveTtlMs: 3_600_000,
  endedTtlMs: 900_000,
  keyTtlMs: 86_400_000,
}

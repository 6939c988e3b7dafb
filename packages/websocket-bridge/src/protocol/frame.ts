import type { ChatCompletionChunk, ChunkChoice } from '@deltawire/core'
import type { Position } from './position.ts'

/** The WebSocket subprotocol. The version is in the name. */
export const SUBPROTOCOL = 'deltawire.v1'

/**
 * A chunk as it travels: without what repeats.
 *
 * Left out are `id`, `object`, `created` and `model` where the sum before has them already, and `finish_reason`,
 * `logprobs` and `usage` where they are `null`. Merging needs none of them; `restoreChunk` puts them back.
 */
export type WireChunk = Partial<Omit<ChatCompletionChunk, 'choices'>> & { choices?: WireChoice[] }
/** A choice as it travels: what is `null` is left out. */
export type WireChoice = Pick<ChunkChoice, 'delta' | 'index'> & Partial<Omit<ChunkChoice, 'delta' | 'index'>>

/** How a stream ended. Final: a stream ends once. */
export type Ending = 'cancelled' | 'done' | 'failed' | 'interrupted' | 'limit'

/** What a stream is doing. */
export type Status = Ending | 'live'

/** Why a request was refused. `PROTOCOL.md` has a heading for each. */
export type RefusalCode =
  | 'bad_request'
  | 'conflict'
  | 'draining'
  | 'forbidden'
  | 'gone'
  | 'internal'
  | 'not_found'
  | 'too_large'
  | 'too_many'
  | 'unauthorized'
  | 'unavailable'

/** What becomes of a stream that nobody follows: it goes on, or is cancelled after so long. */
export type OrphanPolicy = 'continue' | { readonly cancelAfterMs: number }

/** Why a stream failed, in words that may be shown. */
export interface WireError {
  /** A `StreamErrorCode` where the source threw a `StreamError`, else a word such as `source_failed`. */
  readonly code: string
  readonly message: string
  /** The status that an upstream answered with. */
  readonly status?: number
}

// From the client.

/** The first frame. Others may follow at once, without waiting for the welcome. */
export interface HelloFrame {
  readonly t: 'hello'
  /** Says who this is. Absent: what the handshake showed counts. */
  readonly token?: string | undefined
  /** A program and its version, for the server's logs. */
  readonly client?: string | undefined
  /** Promises `ack` frames: the server then sends no more than its window ahead. */
  readonly ack?: boolean
  /** The longest that this client likes deltas to be held back and summed, 0 to 1000. The server may hold less. */
  readonly flushMs?: number | undefined
}

/** A new token, before the old one runs out. */
export interface AuthFrame {
  readonly t: 'auth'
  readonly id?: string
  readonly token: string
}

/** Asks for a new stream. The same key and body give the same stream, however often they come. */
export interface StartFrame {
  readonly t: 'start'
  readonly id: string
  /** Makes asking twice harmless. */
  readonly key: string
  /** The chat request, as JSON. */
  readonly body: Readonly<Record<string, unknown>>
  /** Announces the stream under this name. */
  readonly topic?: string | undefined
  /** What becomes of it when nobody follows it. */
  readonly orphan?: OrphanPolicy | undefined
  /** Whether to follow it on this socket. `true` where it is absent. */
  readonly sub?: boolean
}

/** Follows a stream, from a position or from its beginning. */
export interface SubFrame {
  readonly t: 'sub'
  readonly id?: string
  readonly s: string
  /** Where to go on. Absent: from the beginning. */
  readonly from?: Position | undefined
}

/** Leaves a stream. It goes on: leaving is not cancelling. */
export interface UnsubFrame {
  readonly t: 'unsub'
  readonly id?: string
  readonly s: string
}

/** Asks to be told of the streams of a topic. */
export interface TopicFrame {
  readonly t: 'topic'
  readonly id?: string
  readonly topic: string
  /** Follows every stream of the topic, those that live now and those to come. */
  readonly auto?: boolean
}

/** Asks to be told no more of a topic. Streams that are followed stay followed. */
export interface UntopicFrame {
  readonly t: 'untopic'
  readonly id?: string
  readonly topic: string
}

/** Stops the source of a stream, wherever it is read. What came stays, and the `end` follows. */
export interface CancelFrame {
  readonly t: 'cancel'
  readonly id: string
  readonly s: string
  /** At most 256 characters, for whoever reads the frames. Changes nothing. */
  readonly why?: string | undefined
}

/** The result of a tool call. The first one counts. */
export interface ToolFrame {
  readonly t: 'tool'
  readonly id: string
  readonly s: string
  /** The id of the call. */
  readonly call: string
  readonly output: unknown
}

/** How much of what came over this socket has been dealt with, in UTF-16 code units of text frames. */
export interface AckFrame {
  readonly t: 'ack'
  readonly b: number
}

/** Asks for a `pong`: scripts in browsers do not see the pings of WebSocket. */
export interface PingFrame {
  readonly t: 'ping'
  /** Comes back as it is. */
  readonly x?: number | string
}

/** Whatever a client says. `PROTOCOL.md`, §3. */
export type ClientFrame =
  | AckFrame
  | AuthFrame
  | CancelFrame
  | HelloFrame
  | PingFrame
  | StartFrame
  | SubFrame
  | ToolFrame
  | TopicFrame
  | UnsubFrame
  | UntopicFrame

// From the server.

/** The answer to `hello`: who is there, and what the connection keeps to. */
export interface WelcomeFrame {
  readonly t: 'welcome'
  /** The node that answers: for logs. */
  readonly node: string
  /** A client may take the connection for dead when nothing came for this long and ten seconds. */
  readonly pingMs: number
  /** How far the server sends ahead of the acknowledgements. */
  readonly windowLength: number
  /** Unix milliseconds. When the token runs out. */
  readonly expiresAt?: number
  /** What a client has to keep to: a longer frame closes the socket, a further subscription is refused. */
  readonly limits: { readonly maxFrameBytes: number; readonly maxSubscriptions: number }
}

/** Data: the chunks of the offsets (o - n, o], as they came or summed. From offset 0 it replaces what the receiver has. */
export interface DataFrame {
  readonly t: 'd'
  readonly s: string
  readonly e: string
  readonly o: number
  readonly n: number
  readonly c: readonly WireChunk[]
  /** With `n` = 0: the epoch whose position this renames. */
  readonly p?: string
}

/** The stream has ended at `o`. The last frame of a subscription. */
export interface EndFrame {
  readonly t: 'end'
  readonly s: string
  readonly e: string
  readonly o: number
  /** How it ended. */
  readonly st: Ending
  /** The checksum of the sum. */
  readonly h: string
  /** Why, where it failed. */
  readonly err?: WireError
}

/** A request with an `id` was done. */
export interface OkFrame {
  readonly t: 'ok'
  readonly id: string
  readonly s?: string
  readonly st?: Status
  /** Of `start`: whether the stream is new. */
  readonly fresh?: boolean
  /** Of `tool`: whether this result is the one that counts. */
  readonly won?: boolean
  /** Of `auth`: when the new token runs out. */
  readonly expiresAt?: number
}

/** A request was refused, or (with `s` and without `id`) a subscription ended. */
export interface ErrFrame {
  readonly t: 'err'
  readonly id?: string
  readonly s?: string
  readonly code: RefusalCode
  /** In words that may be shown. */
  readonly msg: string
  /** When to ask again. */
  readonly retryMs?: number
}

/** A stream of a topic has begun or ended. */
export interface StreamFrame {
  readonly t: 'stream'
  readonly topic: string
  readonly s: string
  readonly st: Status
}

/** Something to show, in no log, never repeated. */
export interface EventFrame {
  readonly t: 'ev'
  readonly s: string
  /** `stalled`: no chunk came for `ms`. `viewers`: there are `n` on this node. */
  readonly k: string
  readonly ms?: number
  readonly n?: number
}

/** This node goes away: connect to another at a random time of that span, and keep this socket until then. */
export interface DrainFrame {
  readonly t: 'drain'
  readonly minMs: number
  readonly maxMs: number
}

/** The answer to `ping`. */
export interface PongFrame {
  readonly t: 'pong'
  /** What the `ping` had. */
  readonly x?: number | string
}

/** A sign of life for clients that do not see the pings of WebSocket. */
export interface PulseFrame {
  readonly t: 'p'
}

/** Whatever a server says. `PROTOCOL.md`, §4. */
export type ServerFrame =
  | DataFrame
  | DrainFrame
  | EndFrame
  | ErrFrame
  | EventFrame
  | OkFrame
  | PongFrame
  | PulseFrame
  | StreamFrame
  | WelcomeFrame

/** A field that is `undefined` is left out. */
export const encodeFrame = (frame: ClientFrame | ServerFrame): string => JSON.stringify(frame)

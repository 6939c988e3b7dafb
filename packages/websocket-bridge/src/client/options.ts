import type { EventFrame, OrphanPolicy } from '../protocol/frame.ts'
import type { Beginning } from '../protocol/receive.ts'
import type { Clock } from './clock.ts'
import type { RelaySocket } from './link.ts'

/** A text, or what gives it each time when it is needed. */
export type Address = string | (() => string | Promise<string>)

/** What a machine or a page knows of itself. */
export type Sign = 'hidden' | 'offline' | 'online' | 'visible'

/**
 * What the connection is doing. `waiting`: for the next attempt. `paused`: until the network or the page is back.
 * `closed` is final.
 */
export type RelayState = 'closed' | 'connecting' | 'open' | 'paused' | 'waiting'

/** Opens a socket at an address, for a subprotocol: what `new WebSocket` does, as a function. */
export type OpenSocket = (url: string, protocol: string) => RelaySocket

/** How to connect to a relay, and how to keep at it. None is needed in a page whose cookie says who it is. */
export interface RelayOptions {
  /**
   * Says who this is. A function is asked before each connection, and before the token runs out: no more than every ten
   * seconds, whatever the clock of the machine says.
   *
   * A page whose cookie says it needs none.
   */
  token?: Address | undefined
  /**
   * The class that opens sockets.
   *
   * @defaultValue the global `WebSocket`, which Node.js has from version 22 on: before, hand in the one of `ws`
   */
  WebSocket?: (new (url: string, protocol: string) => RelaySocket) | undefined
  /** A program and its version, for the logs of the server. */
  client?: string | undefined
  /**
   * The longest that deltas may be held back to be summed, 0 to 1000.
   *
   * @defaultValue what the server finds right
   */
  flushMs?: number | undefined
  /**
   * How often to try again in a row, ten good seconds apart, before giving up.
   *
   * @defaultValue `Infinity`: networks come back
   */
  maxAttempts?: number | undefined
  /** Follows the state of the connection. */
  onState?: ((state: RelayState) => void) | undefined
  /** What the server says of a stream beside its content, such as `stalled`. */
  onEvent?: ((event: EventFrame) => void) | undefined
  /**
   * Follows the signs of the machine, and gives what stops that.
   *
   * While it is offline, or nobody looks, no connection is tried; and when that changes one is tried at once, or the one
   * that there is has to show within three seconds that it is alive.
   */
  watch?: ((tell: (sign: Sign) => void) => () => void) | undefined
  /**
   * What the client knows of time; for tests.
   *
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined
  /** From 0 to 1. @defaultValue `Math.random` */
  random?: (() => number) | undefined
}

/** How a stream is started. */
export interface StartOptions {
  /**
   * Makes asking twice harmless: the same key and request give the same stream.
   *
   * @defaultValue a random one, which serves for repetitions by this client
   */
  key?: string | undefined
  /** Announces the stream under this name. */
  topic?: string | undefined
  /** What becomes of the stream when nobody follows it. */
  orphan?: OrphanPolicy | undefined
  /** Gives the start up. If the server has begun the stream, it is cancelled: nobody would have it. */
  signal?: AbortSignal | undefined
}

/** From where a stream is followed. */
export interface SubscribeOptions {
  /** Goes on where somebody was. Without it, all of the stream comes: what there is as one chunk, then what follows. */
  from?: Beginning | undefined
}

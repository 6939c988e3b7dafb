import { onlyGiven } from '../only-given.ts'

/** What a stranger, a model or a fault can make grow is bounded by default. */
export interface RelayLimits {
  /**
   * Characters of the JSON of one stream's sum. A stream that grows beyond it ends with `limit`.
   *
   * @defaultValue `4 * 1024 * 1024`: ten times a very long answer
   */
  maxStreamLength?: number | undefined
  /** Chunks of one stream. @defaultValue `200_000` */
  maxStreamChunks?: number | undefined
  /** How long one stream may go on. @defaultValue `1_800_000` */
  maxStreamMs?: number | undefined
  /**
   * How long the source of a stream may be silent, except while it waits for the output of a tool.
   *
   * @defaultValue `120_000`
   */
  idleTimeoutMs?: number | undefined
  /** How long a source may wait for the output of a tool. @defaultValue `900_000` */
  toolTimeoutMs?: number | undefined
  /** After how much silence of a source its readers are told `stalled`. @defaultValue `30_000` */
  stalledAfterMs?: number | undefined
  /** Streams that one principal may have running on one node. @defaultValue `64` */
  maxLiveStreams?: number | undefined
  /**
   * Outputs of tools that one stream is given.
   *
   * @defaultValue `128`: as many calls as `@deltawire/core` takes of an answer
   */
  maxToolOutputs?: number | undefined
  /** Subscriptions of one socket. @defaultValue `128` */
  maxSubscriptions?: number | undefined
  /** Topics that one socket may follow. @defaultValue `32` */
  maxTopics?: number | undefined
  /** Sockets of one node, and answers over HTTP that it holds open at once, each. @defaultValue `20_000` */
  maxSockets?: number | undefined
  /**
   * Bytes of one frame of a client.
   *
   * @defaultValue `262_144`: a long conversation. Pictures go by HTTP, or by reference
   */
  maxFrameBytes?: number | undefined
  /** Bytes of the body of one HTTP request. @defaultValue `4 * 1024 * 1024` */
  maxBodyBytes?: number | undefined
  /** Frames a second that one socket may send for long; acknowledgements count a fiftieth. @defaultValue `20` */
  maxFramesPerSecond?: number | undefined
  /**
   * Frames that one socket may send at once.
   *
   * @defaultValue `maxSubscriptions + maxTopics + 40`: what a client says when it comes back, and something beside it
   */
  maxFrameBurst?: number | undefined
}

export type Limits = { readonly [K in keyof RelayLimits]-?: number }

export const DEFAULT_RELAY_LIMITS: Limits = {
  maxStreamLength: 4 * 1024 * 1024,
  maxStreamChunks: 200_000,
  maxStreamMs: 1_800_000,
  idleTimeoutMs: 120_000,
  toolTimeoutMs: 900_000,
  stalledAfterMs: 30_000,
  maxLiveStreams: 64,
  maxToolOutputs: 128,
  maxSubscriptions: 128,
  maxTopics: 32,
  maxSockets: 20_000,
  maxFrameBytes: 262_144,
  maxBodyBytes: 4 * 1024 * 1024,
  maxFramesPerSecond: 20,
  maxFrameBurst: 200,
}

/**
 * The limits in force.
 *
 * @throws TypeError for a limit that is no number, or that there is not
 */
export function relayLimitsOf(limits: RelayLimits = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_RELAY_LIMITS, name)) throw new TypeError(`there is no limit named ${name}`)
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new TypeError(`the limit ${name} must be a number of at least 0, not ${String(value)}`)
  }
  const { maxSubscriptions, maxTopics, ...rest } = { ...DEFAULT_RELAY_LIMITS, ...onlyGiven(limits) }
  const { maxFrameBurst = maxSubscriptions + maxTopics + 40 } = limits
  return { ...rest, maxSubscriptions, maxTopics, maxFrameBurst }
}

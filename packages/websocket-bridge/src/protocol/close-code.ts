/** Apart from the others, so that a client carries no list of names that only a server needs. */
const TOKEN_EXPIRED = 4410

/**
 * Why a socket was closed.
 *
 * The range decides what a client does, so that an old client treats a new code rightly: 4400 to 4499 are final until
 * something is changed, 4500 to 4599 ask for another connection, with backoff and from where one was.
 */
export const CLOSE_CODES = {
  /** A frame that is none, or another than it says. */
  bad_frame: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  bad_subprotocol: 4406,
  /** No `hello` came in time. */
  hello_timeout: 4408,
  /** The token ran out. The one code of its range after which a client comes back, with a new token. */
  token_expired: TOKEN_EXPIRED,
  /** A frame beyond `maxFrameBytes`. */
  too_large: 4413,
  /** Too many frames, three times. */
  too_many: 4429,
  /** The node is leaving. */
  draining: 4503,
  /** Nothing was heard of the client. */
  silent: 4504,
  /** The client does not take what waits for it. */
  too_slow: 4508,
  /** The node does not reach its store. */
  store_lost: 4510,
  /** The node restarts. */
  restarting: 4512,
} as const

/** Why a socket was closed, by its name in `CLOSE_CODES`. */
export type CloseReason = keyof typeof CLOSE_CODES

/** What a client does after a close code. */
export type AfterClose = 'give-up' | 'reconnect' | 'renew-token'

/** Codes of WebSocket itself that say goodbye, or that the two ends do not understand each other. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010])

/** What a client does after this close code, also one that it does not know. */
export function afterClose(code: number): AfterClose {
  if (code === TOKEN_EXPIRED) return 'renew-token'
  return FINAL.has(code) || (code >= 4400 && code <= 4499) ? 'give-up' : 'reconnect'
}

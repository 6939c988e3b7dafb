import { Refusal, STORE_RETRY_MS } from '../refusal.ts'

export const unknownStream = (): Refusal => new Refusal('not_found', 'There is no such stream.')

/** This node follows it, and the store does not know it any more: its producer may bring it back. */
export const lostStream = (): Refusal =>
  new Refusal('unavailable', 'The store has lost this stream, which may come back.', { retryMs: STORE_RETRY_MS })

/** This node is closed: another one has everything that its store has. */
export const goingAway = (): Refusal => new Refusal('draining', 'This node goes away.', { retryMs: STORE_RETRY_MS })

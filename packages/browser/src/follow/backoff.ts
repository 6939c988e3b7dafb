import { type AnyStreamError, isStreamError } from '@deltawire/core'

/** How to keep at it when a connection fails: the first retry is at once, later ones after a random wait that grows. */
export interface Retry {
  /**
   * How often in a row a connection is tried again, before the answer begins and after it broke off.
   *
   * @defaultValue `5`
   */
  attempts?: number | undefined
  /** The longest wait, also where a server asks for more. @defaultValue `20_000` */
  maxDelayMs?: number | undefined
}

/** Failures of which another attempt may know nothing. 409 is none: the same request meets the same conflict. */
const transient = /^(408|425|429|50[0234]|529|connect_failed|connection_lost|timeout|incomplete_stream)$/

/** Whether it may help to ask again. */
export const isTransient = (reason: unknown): reason is AnyStreamError =>
  isStreamError(reason) && transient.test(String(reason.code === 'http_status' ? reason.details.status : reason.code))

/** How long the server wants to be left alone. */
export function retryAfterMs(reason: unknown, now: number): number | undefined {
  const header = isStreamError(reason) && reason.code === 'http_status' && reason.details.headers['retry-after']
  if (!header) return undefined
  const ms = /^[\d.]+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return ms >= 0 ? ms : undefined
}

/** Full jitter: clients that lost one server together do not come back together. The first retry is at once. */
export const backoffMs = (failures: number, random: number, maxDelayMs: number): number =>
  failures === 1 ? 0 : random * Math.min(maxDelayMs, 250 * 2 ** failures)

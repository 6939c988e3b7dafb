import { StreamError, type StreamErrorDetails } from '@deltawire/core'
import { LONGEST_TIMER_MS } from './time.ts'

/** How long each stage of an answer may take. `Infinity` lets it take as long as it likes. */
export interface Timeouts {
  /**
   * Ends an attempt whose response has no status yet after this long. It may be tried again.
   *
   * `fetch` doesn't tell when it is connected, only when the status is there. Many servers send that with their first
   * token.
   *
   * @defaultValue `Infinity`: Node.js itself gives up connecting after 10 seconds, which is reported as this timeout, and
   *   a model that thinks must not be asked twice
   */
  connectTimeoutMs?: number | undefined
  /**
   * Ends the request when there is no chunk this long after it was sent. It isn't tried again: the server has it.
   *
   * Comments don't count: relays send them while nothing happens behind them.
   *
   * @defaultValue `300_000`: models think for minutes, and the `fetch` of Node.js waits no longer than this for a status.
   *   More takes a `fetch` of your own
   */
  firstChunkTimeoutMs?: number | undefined
  /**
   * Ends the stream when no byte has come for this long after the first chunk.
   *
   * Comments count as a sign of life: relays send them while a model thinks. A reader that takes its time doesn't count.
   *
   * @defaultValue `120_000`: some models write whole tool calls before they send any of it. The `fetch` of Node.js waits
   *   no longer than 300 seconds
   */
  idleTimeoutMs?: number | undefined
  /**
   * Ends everything after this long, attempts and pauses between them included; in a conversation also the store.
   *
   * @defaultValue `Infinity`: a long answer is no fault, and a dead connection is noticed by the others
   */
  totalTimeoutMs?: number | undefined
}

export type TimeoutPhase = StreamErrorDetails['timeout']['phase']

const OPTIONS: Readonly<Record<TimeoutPhase, { option: keyof Timeouts; byDefault: number; missed: string }>> = {
  connect: { option: 'connectTimeoutMs', byDefault: Infinity, missed: 'the server has not answered' },
  first_chunk: { option: 'firstChunkTimeoutMs', byDefault: 300_000, missed: 'no chunk has come' },
  idle: { option: 'idleTimeoutMs', byDefault: 120_000, missed: 'the server has been silent' },
  total: { option: 'totalTimeoutMs', byDefault: Infinity, missed: 'the answer is not complete' },
}

export type Allowed = Readonly<Record<TimeoutPhase, number>>

/** The timeouts in force, or a `TypeError` that shows a right one. */
export function allowedOf(options: Timeouts): Allowed {
  const allowed = { connect: 0, first_chunk: 0, idle: 0, total: 0 }
  for (const phase of Object.keys(OPTIONS) as TimeoutPhase[]) {
    const { option, byDefault } = OPTIONS[phase]
    const ms = options[option] ?? byDefault
    if (typeof ms !== 'number' || !(ms > 0))
      throw new TypeError(
        `${option} must be a number above 0, as in { ${option}: 60_000 }, or Infinity, not ${String(ms)}`,
      )
    allowed[phase] = ms > LONGEST_TIMER_MS ? Infinity : ms
  }
  return allowed
}

/** The timeouts that are given, to be laid over others. */
export function givenTimeouts(options: Timeouts): Timeouts {
  const given = Object.values(OPTIONS).map(({ option }) => [option, options[option]] as const)
  return Object.fromEntries(given.filter(([, ms]) => ms !== undefined))
}

/** The error of one timeout; its message names the option. */
export function timeoutError(phase: TimeoutPhase, timeoutMs: number, cause?: unknown): StreamError<'timeout'> {
  const { option, missed } = OPTIONS[phase]
  const message = `${missed} for ${Math.round(timeoutMs)} ms (${option})`
  return new StreamError('timeout', message, { phase, timeoutMs }, cause === undefined ? {} : { cause })
}

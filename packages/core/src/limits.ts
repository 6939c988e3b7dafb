import { StreamError, type LimitName } from './error.ts'

/** What a stranger can make grow is bounded by default. A limit that is passed ends the stream with `limit_exceeded`. */
export interface Limits {
  /**
   * Characters of one event, and of anything that has to be buffered until it is whole.
   *
   * @defaultValue `16 * 1024 * 1024`: generated images come as one event of several megabytes
   */
  maxEventLength?: number | undefined
  /**
   * Characters of the answer, all choices and fields together. What is no text counts as one, as does a field's name.
   *
   * @defaultValue `64 * 1024 * 1024`: ten times the longest answer any model can give
   */
  maxAnswerLength?: number | undefined
  /**
   * Different choices.
   *
   * @defaultValue `128`, the most that the specification lets a request ask for
   */
  maxChoices?: number | undefined
  /**
   * Tool calls of one choice.
   *
   * @defaultValue `128`, the most tools that the specification lets a request declare
   */
  maxToolCalls?: number | undefined
  /**
   * Levels of nesting in one event's JSON.
   *
   * @defaultValue `2_000`: far above any real event, and safe for every recursive reader of the result
   */
  maxJsonDepth?: number | undefined
}

/** The limits where an option is not given. The reason for each is at the option, in `Limits`. */
export const DEFAULT_LIMITS: Readonly<Record<LimitName, number>> = {
  maxEventLength: 16 * 1024 * 1024,
  maxAnswerLength: 64 * 1024 * 1024,
  maxChoices: 128,
  maxToolCalls: 128,
  maxJsonDepth: 2_000,
}

/** The error of one limit; its message names the option to raise. */
export const limitExceeded = (option: LimitName, limit: number): StreamError<'limit_exceeded'> =>
  new StreamError('limit_exceeded', `more came than the option ${option} allows (${limit})`, { option, limit })

/** The limits in force. */
export function limitsOf(options: Limits = {}): Readonly<Record<LimitName, number>> {
  const limits = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as LimitName[]) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 0))
      throw new TypeError(
        `${name} must be a number of at least 0, as in { ${name}: ${DEFAULT_LIMITS[name]} }, not ${String(value)}`,
      )
    limits[name] = value
  }
  return limits
}

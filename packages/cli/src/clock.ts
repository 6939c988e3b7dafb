export interface Clock {
  /** Milliseconds from some fixed moment. */
  readonly now: () => number
  /** Milliseconds since 1970, for what is stored. */
  readonly date: () => number
  /** Resolves after that time, or as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** 24.8 days. For a longer time, `setTimeout` does not wait at all. */
const longestTimerMs = 2 ** 31 - 1

/** Aborted after that time, and after 24.8 days at the latest. For what waits for a network: tests of it have real servers. */
export function timeIsOver(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.ceil(ms), longestTimerMs))
}

export const systemClock: Clock = {
  // `performance` is a module of its own, which costs a start 2 ms when it is first looked at.
  now: () => Number(process.hrtime.bigint()) / 1e6,
  date: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      let timer: NodeJS.Timeout | undefined
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const wait = (left: number) => {
        timer =
          left <= longestTimerMs
            ? setTimeout(wake, left)
            : setTimeout(() => wait(left - longestTimerMs), longestTimerMs)
      }
      wait(ms)
      signal.addEventListener('abort', wake)
    }),
}

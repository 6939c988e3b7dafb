export interface Clock {
  /** Milliseconds from some fixed moment. */
  readonly now: () => number
  /** Milliseconds since 1970, for what is stored. */
  readonly date: () => number
  /** Resolves after that time, or as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export const systemClock: Clock = {
  // `performance` is a module of its own, which costs a start 2 ms when it is first looked at.
  now: () => Number(process.hrtime.bigint()) / 1e6,
  date: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake)
    }),
}

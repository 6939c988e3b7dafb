/** The time of this machine, as a playground is given it. Knows when somebody was woken before the time. */
export interface WatchedClock {
  now(): number
  date(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** When sleeps were cut short, in milliseconds since 1970: a model that was to write on has been stopped. */
  readonly cutShortAt: number[]
}

export function watchedClock(): WatchedClock {
  const cutShortAt: number[] = []
  return {
    cutShortAt,
    now: () => performance.now(),
    date: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const onAbort = (): void => {
          cutShortAt.push(performance.timeOrigin + performance.now())
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }, ms)
        signal.addEventListener('abort', onAbort, { once: true })
      }),
  }
}

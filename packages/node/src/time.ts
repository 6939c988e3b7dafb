/** What the client knows of time and chance. Handed in, so that no test of it sleeps. */
export interface Time {
  /** Milliseconds since whenever. */
  now(): number
  /** Milliseconds since 1970, for the dates that servers send. */
  date(): number
  /** From 0 to 1. */
  random(): number
  start(ms: number, callback: () => void): Timer
}

export interface Timer {
  /** Starts it again from the beginning, also after it has rung. */
  refresh(): void
  cancel(): void
}

/** The longest that a timer of Node.js can run, 24.8 days. A longer time ends at once, says `setTimeout`. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemTime: Time = {
  now: () => performance.now(),
  date: () => Date.now(),
  random: () => Math.random(),
  start(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS))
    return { refresh: () => timer.refresh(), cancel: () => clearTimeout(timer) }
  },
}

/** What the relay knows of time and chance. Handed in, so that no test of it sleeps. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** From 0 to 1. */
  random(): number
  /** Calls back once, after so many milliseconds. */
  start(ms: number, callback: () => void): Timer
  /** Calls back every so many milliseconds. */
  repeat(ms: number, callback: () => void): Timer
  /** Calls back once what has arrived by now has been dealt with. */
  soon(callback: () => void): void
}

export interface Timer {
  cancel(): void
}

/** The clock of the machine. None of its timers keeps a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  start(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return { cancel: () => clearTimeout(timer) }
  },
  repeat(ms, callback) {
    const timer = setInterval(callback, ms).unref()
    return { cancel: () => clearInterval(timer) }
  },
  soon: (callback) => void setImmediate(callback),
}

/** What the relay knows of time and chance. Handed in, so that no test of it sleeps. */
export interface Clock {
  /** Milliseconds since whenever, never going back: for how long something takes. */
  now(): number
  /** Unix milliseconds, as the machine has them: for when something is over that others decide. */
  date(): number
  /** From 0 to 1. */
  random(): number
  /** Calls back once, after so many milliseconds. */
  start(ms: number, callback: () => void): Timer
  /** Calls back every so many milliseconds. */
  repeat(ms: number, callback: () => void): Timer
  /** Calls back once what has arrived by now has been dealt with. */
  soon(callback: () => void): void
}

/** Something that is going to happen. */
export interface Timer {
  /** It will not. Harmless when it has. */
  cancel(): void
}

/** The longest that a timer of Node.js and of browsers waits, 24 days. Of a longer one they make a millisecond. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The clock of the machine. None of its timers keeps a process alive. */
export const systemClock: Clock = {
  // A clock that is set, by an hour or a second, must end no lease and no connection.
  now: () => performance.now(),
  date: () => Date.now(),
  random: () => Math.random(),
  start(ms, callback) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const then = leftMs > LONGEST_TIMER_MS ? () => wait(leftMs - LONGEST_TIMER_MS) : callback
      timer = setTimeout(then, Math.min(leftMs, LONGEST_TIMER_MS)).unref()
    }
    wait(ms)
    return { cancel: () => clearTimeout(timer) }
  },
  repeat(ms, callback) {
    const timer = setInterval(callback, ms).unref()
    return { cancel: () => clearInterval(timer) }
  },
  soon: (callback) => void setImmediate(callback),
}

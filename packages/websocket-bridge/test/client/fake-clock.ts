import type { Clock } from '../../src/client/clock.ts'

/** A clock that only moves when it is told to. */
export interface FakeClock extends Clock {
  /** Lets time pass, and everything happen that was to happen in it. */
  pass(ms: number): Promise<void>
  /** How many timers wait. */
  readonly timers: number
}

/** One turn of the event loop: everything that only waits for promises happens. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createFakeClock(): FakeClock {
  let time = 0
  let count = 0
  const timers = new Map<number, { at: number; callback: () => void }>()

  const firstUntil = (end: number) =>
    [...timers].filter(([, { at }]) => at <= end).sort(([a, { at }], [b, other]) => at - other.at || a - b)[0]

  return {
    now: () => time,
    date: () => 1_700_000_000_000 + time,
    setTimeout(callback, ms) {
      // A longer one rings at once, in browsers and in Node.js.
      timers.set(++count, { at: time + (ms > 2 ** 31 - 1 ? 1 : Math.max(0, ms)), callback })
      return count
    },
    clearTimeout: (timer) => void timers.delete(Number(timer)),
    async pass(ms) {
      const end = time + ms
      await turn()
      for (let next = firstUntil(end); next !== undefined; next = firstUntil(end)) {
        const [id, { at, callback }] = next
        timers.delete(id)
        time = at
        callback()
        await turn()
      }
      time = end
    },
    get timers() {
      return timers.size
    },
  }
}

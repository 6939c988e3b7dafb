import type { Clock } from '../src/clock.ts'

export interface FakeClock extends Clock {
  /** How long was slept, each time. */
  readonly sleeps: readonly number[]
}

/** A clock that stands still, and jumps to the end of every sleep. */
export function createFakeClock(startsAt = 0): FakeClock {
  let now = startsAt
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => now,
    date: () => Date.UTC(2026, 7, 22, 9) + now,
    async sleep(ms) {
      sleeps.push(ms)
      now += ms
    },
  }
}

/** A clock that stands still, whose sleep is another. */
export function clockWith(sleep: Clock['sleep']): Clock {
  return { now: () => 0, date: () => 0, sleep }
}

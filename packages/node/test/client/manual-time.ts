import type { Time } from '../../src/time.ts'

export interface ManualTime extends Time {
  /** Lets so much time pass, and everything happen that was to happen in it. */
  advance(ms: number): void
  /** How many timers run. */
  readonly running: number
  /** How often one was started again. */
  readonly refreshed: number
  /** How long the timers were set for, in the order in which they were started. */
  readonly started: readonly number[]
}

/** A clock that stands still until it is told to go on. Chance is always half. */
export function createManualTime(random = 0.5): ManualTime {
  let now = 0
  let refreshed = 0
  const started: number[] = []
  const timers = new Set<{ at: number; ring: () => void }>()
  return {
    now: () => now,
    date: () => Date.UTC(2026, 0, 1) + now,
    random: () => random,
    start(ms, callback) {
      started.push(ms)
      const timer = { at: now + ms, ring: callback }
      timers.add(timer)
      return {
        refresh() {
          refreshed += 1
          timer.at = now + ms
          timers.add(timer)
        },
        cancel: () => timers.delete(timer),
      }
    },
    advance(ms) {
      now += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue
        timer.ring()
      }
    },
    get running() {
      return timers.size
    },
    get refreshed() {
      return refreshed
    },
    started,
  }
}

/** Waits until something is so, one turn of the event loop after the other. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    if (turns > 100_000) throw new Error(`never became true: ${String(condition)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

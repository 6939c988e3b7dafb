import type { Clock } from '../../src/index.ts'

/** A clock that goes when a test says so. */
export interface HandClock extends Clock {
  /** Goes on, and rings what is due, in its order. What was asked for `soon` comes first. */
  advance(ms: number): void
  /** So long nothing runs: a process that was stopped. What is due then rings once, however often it would have. */
  stall(ms: number): void
  /** How many timers wait: none of them may be left of what is over. */
  readonly waiting: number
  /** Sets the date, by so much. */
  set(byMs: number): void
}

interface Due {
  at: number
  readonly everyMs: number | undefined
  readonly callback: () => void
}

export function handClock(now = 1_700_000_000_000): HandClock {
  const due = new Set<Due>()
  let soon: (() => void)[] = []
  let isSetBy = 0

  function add(ms: number, everyMs: number | undefined, callback: () => void): { cancel(): void } {
    const one: Due = { at: now + ms, everyMs, callback }
    due.add(one)
    return { cancel: () => void due.delete(one) }
  }

  function ringSoon(): void {
    const callbacks = soon
    soon = []
    for (const callback of callbacks) callback()
  }

  return {
    get waiting() {
      return due.size
    },
    now: () => now,
    date: () => now + isSetBy,
    random: () => 0.5,
    start: (ms, callback) => add(ms, undefined, callback),
    repeat: (ms, callback) => add(ms, ms, callback),
    soon: (callback) => void soon.push(callback),
    advance(ms) {
      const until = now + ms
      ringSoon()
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
        if (next === undefined) break
        now = Math.max(now, next.at)
        if (next.everyMs === undefined) due.delete(next)
        else next.at += next.everyMs
        next.callback()
        ringSoon()
      }
      now = until
    },
    stall(ms) {
      now += ms
      for (const one of due) if (one.at < now && one.everyMs !== undefined) one.at = now
      this.advance(0)
    },
    set(byMs) {
      isSetBy += byMs
    },
  }
}

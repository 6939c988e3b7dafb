import type { Environment } from '../follow/environment.ts'

/** A page for tests: its time, its frames and its network are moved by hand. */
export interface ManualEnvironment extends Environment {
  /** May be set. `paint` then does nothing. */
  isHidden: boolean
  /** May be set. Nobody hears of it before `wake`. */
  isOnline: boolean
  /** Lets so much time pass, and everything happen that was to happen in it. */
  advance(ms: number): void
  /** Paints: calls whoever waits for a frame. Not while hidden. */
  paint(): void
  /** Tells that the page is seen, or has a network. */
  wake(): void
  /** How many timers run. */
  readonly timers: number
  /** How often somebody let the page do something else. */
  readonly yields: number
}

/** A page whose clock stands still until it is told to go on. Chance is always half. */
export function createManualEnvironment(): ManualEnvironment {
  let now = Date.UTC(2026, 0, 1)
  let yields = 0
  const timers = new Set<{ at: number; ring: () => void }>()
  const frames = new Set<() => void>()
  const wakers = new Set<() => void>()

  const environment: ManualEnvironment = {
    isHidden: false,
    isOnline: true,
    now: () => now,
    random: () => 0.5,
    after(ms, callback) {
      const timer = { at: now + ms, ring: callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    frame(callback) {
      // The same function may wait twice.
      const frame = (): void => callback()
      frames.add(frame)
      return () => frames.delete(frame)
    },
    yield() {
      yields++
      return Promise.resolve()
    },
    onWake(callback) {
      const waker = (): void => callback()
      wakers.add(waker)
      return () => wakers.delete(waker)
    },
    advance(ms) {
      now += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at))
        if (timer.at <= now && timers.delete(timer)) timer.ring()
    },
    paint() {
      if (environment.isHidden) return
      const due = [...frames]
      for (const frame of due) if (frames.delete(frame)) frame()
    },
    wake() {
      const listeners = [...wakers]
      for (const waker of listeners) waker()
    },
    get timers() {
      return timers.size
    },
    get yields() {
      return yields
    },
  }
  return environment
}

/** What the client knows of time. Handed in, so that no test of it sleeps. */
export interface Clock {
  /** Milliseconds since whenever, never going back. */
  now(): number
  /** Milliseconds since 1970: servers say so when a token runs out. */
  date(): number
  /** @returns what `clearTimeout` takes */
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  // Only ever called with what the line above returned.
  clearTimeout: (timer) => clearTimeout(timer as number),
}

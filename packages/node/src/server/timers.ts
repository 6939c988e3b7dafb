/** The clock that heartbeats follow: pass another one to run without waiting. */
export interface Timers {
  setInterval(callback: () => void, ms: number): unknown
  /** @param timer what `setInterval` returned */
  clearInterval(timer: unknown): void
}

export const systemTimers: Timers = {
  // A heartbeat is no reason for a process to go on.
  setInterval: (callback, ms) => setInterval(callback, ms).unref(),
  // Only ever called with what the line above returned.
  clearInterval: (timer) => clearInterval(timer as NodeJS.Timeout),
}

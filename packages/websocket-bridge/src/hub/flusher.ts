import type { Clock, Timer } from '../clock.ts'

/** Decides when what is new is sent. */
export interface Flusher<T> {
  /**
   * @param deliveries how many chunks times how many readers this is
   * @param isUrgent not to be held back
   */
  mark(item: T, deliveries: number, isUrgent: boolean): void
  /** For how long deltas are held back now. */
  readonly windowMs: number
  close(): void
}

/**
 * From how many deliveries a second on how long deltas are held back and summed.
 *
 * One write per socket and delta costs 3 to 6 µs. Ten deltas in one frame cost as much as one, so at 250 deltas a second
 * for a thousand readers the longest window saves nine tenths. Nobody sees 40 ms (Ably ships that, Liveblocks measured 25).
 */
const WINDOWS: readonly (readonly [deliveriesPerSecond: number, ms: number])[] = [
  [100_000, 40],
  [50_000, 20],
  [20_000, 10],
]

/** Over how long the load is measured. */
const MEASURE_MS = 250

/**
 * Collects what has something new, and has it sent: when this turn of the event loop is over, or under load after a while.
 *
 * The load is what was asked for, not what was sent: what is summed would seem little, and the window would swing.
 */
export function createFlusher<T>(clock: Clock, send: (item: T) => void): Flusher<T> {
  const marked = new Set<T>()
  let timer: Timer | undefined
  let isSoon = false
  let isClosed = false
  let windowMs = 0
  let demand = 0
  let measuredAt = clock.now()

  function flush(): void {
    timer?.cancel()
    timer = undefined
    isSoon = false
    if (isClosed) return
    const items = [...marked]
    marked.clear()
    for (const item of items) send(item)
  }

  function measure(deliveries: number): void {
    demand += deliveries
    const elapsedMs = clock.now() - measuredAt
    if (elapsedMs < MEASURE_MS) return
    const perSecond = (demand * 1000) / elapsedMs
    windowMs = WINDOWS.find(([least]) => perSecond >= least)?.[1] ?? 0
    demand = 0
    measuredAt = clock.now()
  }

  return {
    mark(item, deliveries, isUrgent) {
      measure(deliveries)
      marked.add(item)
      if (isSoon) return
      if (isUrgent || windowMs === 0) {
        isSoon = true
        clock.soon(flush)
      } else {
        timer ??= clock.start(windowMs, flush)
      }
    },
    get windowMs() {
      // Where nothing comes any more, nobody else measures that.
      measure(0)
      return windowMs
    },
    close() {
      isClosed = true
      timer?.cancel()
      marked.clear()
    },
  }
}

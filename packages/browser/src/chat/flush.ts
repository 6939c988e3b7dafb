import type { Environment } from '../follow/environment.ts'

/**
 * When what has arrived is shown.
 *
 * - `'auto'`: the first chunk at once, then with every frame; 20 times a second while more than eight chunks come per
 *   frame or showing them takes more than 4 ms, ten times where it takes more than 16 ms.
 * - `'frame'`: with every frame. `'sync'`: every chunk. A number: that often, in milliseconds.
 *
 * In a hidden page, where there are no frames, four times a second. The end is always shown at once.
 */
export type FlushMode = number | 'auto' | 'frame' | 'sync'

export interface Flush {
  /** Something has come. */
  request(): void
  /** Shows nothing more. */
  cancel(): void
}

const HIDDEN_MS = 250

export function createFlush(show: () => void, mode: FlushMode, environment: Environment): Flush {
  let isFirst = true
  let cancel: (() => void) | undefined
  let requests = 0
  let countedSince = 0
  /** What showing takes, as it has lately been. */
  let costMs = 0

  function now(): void {
    cancel?.()
    cancel = undefined
    const start = environment.now()
    show()
    // Frameworks render in a microtask of their own, which stands before this one.
    queueMicrotask(() => (costMs += (environment.now() - start - costMs) / 4))
  }

  function waitMs(): number {
    const perFrame = (requests * 16) / Math.max(16, environment.now() - countedSince)
    countedSince = environment.now()
    requests = 0
    if (environment.isHidden) return HIDDEN_MS
    if (typeof mode === 'number') return mode
    return mode === 'frame' ? 0 : costMs > 16 ? 100 : costMs > 4 || perFrame > 8 ? 50 : 0
  }

  function schedule(): void {
    const ms = waitMs()
    if (ms > 0) cancel = environment.after(ms, now)
    else {
      const frame = environment.frame(now)
      // Should the page be hidden in the meantime.
      const timer = environment.after(HIDDEN_MS, now)
      cancel = () => {
        frame()
        timer()
      }
    }
  }

  return {
    request() {
      requests++
      if (mode === 'sync') now()
      else if (cancel === undefined) {
        if (isFirst) {
          let isCalledOff = false
          cancel = () => (isCalledOff = true)
          queueMicrotask(() => {
            if (!isCalledOff) now()
          })
        } else schedule()
        isFirst = false
      }
    },
    cancel: () => cancel?.(),
  }
}

import type { Clock } from '../clock.ts'
import type { Sample } from './sample.ts'

export interface LoadOptions {
  /** So many at any time. */
  readonly concurrency: number
  /** So many in all; `Infinity` when the time decides. */
  readonly requests: number
  /** Begins no more after this. */
  readonly durationMs: number
  /** Begins so many in a second at most, spread evenly. */
  readonly ratePerS: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onSample?: ((sample: Sample) => void) | undefined
}

/** Keeps so many calls going until there are enough of them. Ctrl-C ends it with those that are complete. */
export async function runCalls(call: () => Promise<Sample>, options: LoadOptions): Promise<Sample[]> {
  const { concurrency, requests, durationMs, ratePerS, clock, signal } = options
  const samples: Sample[] = []
  const startedAt = clock.now()
  let begun = 0

  async function work(): Promise<void> {
    for (;;) {
      if (begun >= requests || signal.aborted || clock.now() - startedAt >= durationMs) return
      const turn = begun++
      const waitMs = ratePerS === Infinity ? 0 : startedAt + (turn * 1000) / ratePerS - clock.now()
      if (waitMs > 0) await clock.sleep(waitMs, signal)
      if (signal.aborted) return
      try {
        const sample = await call()
        samples.push(sample)
        options.onSample?.(sample)
      } catch (error) {
        // What was interrupted says nothing about the server.
        if (!signal.aborted) throw error
      }
    }
  }

  await Promise.all(Array.from({ length: concurrency }, work))
  return samples
}

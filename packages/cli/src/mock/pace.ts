import { randomNumbers } from '../random-numbers.ts'
import type { RecordedEvent } from './recording.ts'

/** When the events of a stream are sent. */
export interface Pace {
  /** Before the first event. */
  readonly firstChunkMs: number
  /** Between two tokens. */
  readonly chunkMs: number
  /** Both are longer or shorter by up to this part of them, always in the same way. */
  readonly jitter: number
  /** Where a recording has times of its own: these, so many times as fast. Not looked at when absent. */
  readonly recordedSpeed?: number
}

/**
 * How long after the one before it each event is sent.
 *
 * The time to the first token is the one to the first event that carries something: what opens the answer comes just
 * before. What closes it (finish reason, usage, `[DONE]`) comes with the last token.
 */
export function createPauses({ firstChunkMs, chunkMs, jitter, recordedSpeed }: Pace): (event: RecordedEvent) => number {
  const random = randomNumbers(1)
  const shaken = (ms: number) => ms * (1 + jitter * (2 * random() - 1))
  let isFirst = true
  let hasToken = false
  let recordedMs = 0

  return (event) => {
    if (recordedSpeed !== undefined && event.atMs !== undefined) {
      const pause = recordedSpeed === 0 ? 0 : Math.max(0, event.atMs - recordedMs) / recordedSpeed
      recordedMs = event.atMs
      return pause
    }
    if (isFirst) {
      isFirst = false
      hasToken = event.hasToken
      return shaken(firstChunkMs)
    }
    if (!event.hasToken) return 0
    const pause = hasToken ? shaken(chunkMs) : 0
    hasToken = true
    return pause
  }
}

import type { Environment } from '../follow/environment.ts'

/** So long is listened once more when time is over. */
const LAST_LOOK_MS = 1000

/**
 * Calls back when nothing has come for so long. Gives what ends that.
 *
 * A page that was frozen is told first that time is over, and then what has come meanwhile.
 */
export function afterSilence(environment: Environment, ms: number, callback: () => void): () => void {
  let cancel = environment.after(ms, () => {
    cancel = environment.after(LAST_LOOK_MS, callback)
  })
  return () => cancel()
}

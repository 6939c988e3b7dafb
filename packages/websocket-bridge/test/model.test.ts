import { expect, test } from 'vitest'
import { emptyReport, runModel } from './model/run-model.ts'

/** How many streams are played. More on demand: 100000 take a few minutes. */
const STREAMS = Number(process.env['DELTAWIRE_MODEL_STREAMS'] ?? 400)
const SEED = Number(process.env['DELTAWIRE_SEED'] ?? 1)

test('every reader of every stream has the truth at every moment, and hears the end', { timeout: 3_600_000 }, () => {
  const report = emptyReport()
  for (let n = 0; n < STREAMS; n++) {
    const seed = SEED * 1_000_000 + n
    try {
      runModel(seed, report)
    } catch (cause) {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause })
    }
  }
  // What has not happened was not tested.
  for (const [what, count] of Object.entries(report)) expect([what, count > 0]).toEqual([what, true])
  if (process.env['DELTAWIRE_MODEL_STREAMS'] !== undefined) console.log(report)
})

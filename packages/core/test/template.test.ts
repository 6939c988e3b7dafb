import { describe, expect, it } from 'vitest'
import { cutRandomly, numbers, streamOf } from './support/event-fuzzer.ts'
import { readQuickly, readSlowly } from './support/two-ways.ts'

/** How many events the fuzzer makes. `pnpm fuzz` makes millions. */
const EVENTS = Number(process.env['DELTAWIRE_FUZZ_EVENTS'] ?? 20_000)
const FIRST_SEED = Number(process.env['DELTAWIRE_FUZZ_SEED'] ?? 1)
const PER_STREAM = 60

describe('the fast way and the slow way', () => {
  it('give the same chunks, sums, errors and warnings, whatever the bytes and their cuts', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + EVENTS / PER_STREAM; seed++) {
      const random = numbers(seed)
      const bytes = streamOf(random, PER_STREAM)
      const options = random(6) === 0 ? { maxAnswerLength: 200 + random(400), lenient: random(2) === 0 } : {}
      const slow = readSlowly(bytes, options)
      const quick = readQuickly(cutRandomly(bytes, random), options)
      expect(quick, `seed ${seed}`).toEqual(slow)
      const { sum, error, warnings } = readQuickly(cutRandomly(bytes, random), options, true)
      expect({ sum, error, warnings }, `seed ${seed}, summing`).toEqual({
        sum: slow.sum,
        error: slow.error,
        warnings: slow.warnings,
      })
    }
  }, 3_600_000)
})

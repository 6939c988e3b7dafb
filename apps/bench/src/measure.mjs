// How to measure on a shared, noisy machine: CPU time instead of wall time, the candidates in turn within one process,
// many short rounds, and ratios taken within a round. Ratios hold; absolute figures drift.

/** A sample is a run repeated until it has taken this long: a clock of microseconds can then tell. */
const SAMPLE_MS = 15
/** How long a candidate runs before it is measured, so that the compiler has seen it as often as a program's would be. */
const WARM_UP_MS = 250

/** The nanoseconds of CPU time that a run takes, garbage collection and compiling included. */
async function cpuTime(run, repeats) {
  const begin = process.cpuUsage()
  for (let i = 0; i < repeats; i++) await run()
  const { user, system } = process.cpuUsage(begin)
  return ((user + system) * 1000) / repeats
}

async function warmUp(run) {
  const begin = performance.now()
  let took = 0
  do {
    const before = performance.now()
    await run()
    took = performance.now() - before
  } while (performance.now() - begin < WARM_UP_MS)
  return Math.max(1, Math.min(1000, Math.round(SAMPLE_MS / Math.max(took, 0.01))))
}

/**
 * Runs every candidate once per round, in turn, until the time is over.
 *
 * @param {{ name: string, units: number, run: () => unknown }[]} candidates `units` is what one run is divided by
 * @param {{ seconds?: number, least?: number, most?: number }} options how long, and how many rounds
 * @returns the CPU nanoseconds per unit, by candidate and round
 */
export async function interleaved(candidates, { seconds = 6, least = 3, most = 41 } = {}) {
  const repeats = []
  for (const { run } of candidates) repeats.push(await warmUp(run))
  const samples = candidates.map(() => [])
  const begin = performance.now()
  for (let round = 0; round < most; round++) {
    if (round >= least && performance.now() - begin > seconds * 1000) break
    globalThis.gc?.()
    for (let turn = 0; turn < candidates.length; turn++) {
      // Another one begins each round: what the first one pays for a collected heap is shared out.
      const at = (turn + round) % candidates.length
      const { run, units } = candidates[at]
      samples[at].push((await cpuTime(run, repeats[at])) / units)
    }
  }
  return candidates.map(({ name, units }, at) => ({ name, units, samples: samples[at] }))
}

/** The median of some values, and where the middle eight tenths of them lie. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) }
}

/** How many times what `own` costs each of the rounds cost, as a spread. */
export const times = ({ samples }, own) => spread(samples.map((sample, round) => sample / own.samples[round]))

/** The exponent with which the total cost grows between two sizes: 1 is linear. Costs are per unit. */
export const exponent = (small, large) =>
  1 + Math.log(spread(large.samples).median / spread(small.samples).median) / Math.log(large.units / small.units)

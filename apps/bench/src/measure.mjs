// How to measure on a shared, noisy machine: CPU time instead of wall time, the candidates in turn within one process,
// medians of many rounds. Ratios hold; absolute figures drift.

/**
 * Runs every candidate once per round, in turn, and gives the CPU nanoseconds per unit of each.
 *
 * @param {{ name: string, units: number, run: () => unknown }[]} candidates `units` is what one run is divided by
 * @param {{ rounds?: number, warmUp?: number }} options
 */
export async function interleaved(candidates, { rounds = 9, warmUp = 2 } = {}) {
  const samples = candidates.map(() => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [at, { run, units }] of candidates.entries()) {
      globalThis.gc?.()
      const begin = process.cpuUsage()
      await run()
      const { user, system } = process.cpuUsage(begin)
      if (round >= 0) samples[at].push(((user + system) * 1000) / units)
    }
  }
  return candidates.map(({ name, units }, at) => ({ name, units, ...spread(samples[at]) }))
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) }
}

/** The exponent with which cost grows between two sizes: 1 is linear. Costs are per unit. */
export const exponent = (small, large) =>
  1 + Math.log(large.median / small.median) / Math.log(large.units / small.units)

// How to measure on a shared, noisy machine: CPU time instead of wall time, the candidates in turn within one process,
// medians of many rounds. Ratios hold; absolute figures drift.

const cpuNs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

/**
 * What is measured. Either `run` does the work once, for `units` of it, or `sample` gives a cost per unit that was found
 * elsewhere.
 *
 * @typedef {object} Candidate
 * @property {string} name
 * @property {number} [units] how many chunks or deltas one run has
 * @property {() => unknown} [run]
 * @property {() => Promise<number>} [sample]
 * @property {number} [rounds] fewer rounds than the others, for what takes long
 * @property {string} [of] what the candidate is a size of, for a growth exponent
 */

/**
 * Asks every candidate once per round, in turn.
 *
 * @param {Candidate[]} candidates
 * @param {{ rounds: number, warmUpMs?: number, sampleMs?: number, clock?: () => number }} options `warmUpMs` of work before
 *   the first round, so that all tiers of the compiler have seen it, as in a server that runs (a first stream has rows of its own); a sample repeats its run until it takes about `sampleMs`, so that a
 *   clock of microseconds can tell
 */
export async function interleaved(candidates, { rounds, warmUpMs = 1000, sampleMs = 30, clock = cpuNs }) {
  const samplers = []
  for (const candidate of candidates)
    samplers.push(candidate.sample ?? (await warmedUp(candidate, warmUpMs, sampleMs, clock)))
  const samples = candidates.map(() => [])
  for (let round = 0; round < rounds; round++)
    for (const [at, sample] of samplers.entries())
      if (round < (candidates[at].rounds ?? rounds)) samples[at].push(await sample())
  return candidates.map(({ name, units, of }, at) => ({ name, units, of, samples: samples[at] }))
}

async function warmedUp({ run, units, rounds }, warmUpMs, sampleMs, clock) {
  let runs = 0
  let cost = 0
  // What is too long to be run often is long enough to be warm.
  if (rounds !== 1)
    for (const begin = clock(); cost <= warmUpMs * 1e6 && runs < 20_000; cost = clock() - begin) {
      await run()
      runs++
    }
  const repeat = runs === 0 ? 1 : Math.max(1, Math.ceil((sampleMs * 1e6 * runs) / Math.max(cost, 1)))
  return async () => {
    // No collection is forced here: a full one throws away the compiled code of Node.js' own streams, which a program that
    // lives keeps. Reading a Response piece by piece then costs five times as much for everybody.
    const begin = clock()
    for (let i = 0; i < repeat; i++) await run()
    return (clock() - begin) / units / repeat
  }
}

/** The middle of values, and where the middle eight tenths of them lie. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { median: at(0.5), p10: at(0.1), p90: at(0.9), rounds: sorted.length }
}

/** How many times the cost of `over` the cost of `of` is, round by round: what disturbs a round disturbs both. */
export function ratio(of, over) {
  const rounds = Math.min(of.samples.length, over.samples.length)
  return spread(Array.from({ length: rounds }, (_, at) => of.samples[at] / over.samples[at]))
}

/**
 * The exponent with which the total cost grows over all sizes, round by round: the slope of a line through the
 * logarithms. 1 is linear.
 */
export function exponent(sizes) {
  const rounds = Math.min(...sizes.map(({ samples }) => samples.length))
  return spread(
    Array.from({ length: rounds }, (_, at) => slope(sizes.map(({ units, samples }) => [units, samples[at]]))),
  )
}

function slope(points) {
  const logs = points.map(([units, perUnit]) => [Math.log(units), Math.log(units * perUnit)])
  const mean = (at) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const covariance = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0)
  return covariance / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
}

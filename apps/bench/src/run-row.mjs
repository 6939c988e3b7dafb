import { loadavg } from 'node:os'
import { computeFigures } from './figures.mjs'
import { interleaved, spread } from './measure.mjs'

/**
 * Measures one row.
 *
 * @param {import('./rows/index.mjs').Row} row
 * @param {object} load its sizes
 * @param {{ rounds?: number, warmUpMs?: number, sampleMs?: number, clock?: () => number }} [options]
 */
export async function runRow(row, load, { rounds = row.rounds, ...options } = {}) {
  const ends = []
  try {
    const candidates = await row.candidates(load, (end) => ends.unshift(end))
    const results = await interleaved(candidates, { ...options, rounds })
    const figures = typeof row.figures === 'function' ? row.figures(load) : row.figures
    return {
      about: row.about,
      unit: row.unit,
      load: Math.round(loadavg()[0] * 10) / 10,
      costs: results.map(({ name, samples }) => ({ name, ...spread(samples) })),
      figures: computeFigures(figures, results),
    }
  } finally {
    for (const end of ends) await end()
  }
}

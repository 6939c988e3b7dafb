import { median, quantile, quiet, table } from './figures.mjs'
import { start } from './program.mjs'

const TIMED = 20

/**
 * The same deltas to so many readers of each kind of server.
 *
 * All servers stand side by side with their readers, and take turns many times: what disturbs the machine disturbs all.
 */
export async function fanOut(kinds, { readers, rounds, ...load }) {
  const lanes = []
  for (const kind of kinds) {
    const server = await start('servers.mjs', [kind])
    const reading = await start('readers.mjs')
    await reading.ask('follow', { ...server.about, count: readers, timed: TIMED })
    lanes.push({ kind, server, reading, runs: [] })
  }
  await quiet(500)
  // The first turn is for the compilers.
  for (let round = -1; round < rounds; round++)
    for (const lane of lanes) {
      const run = await turn(lane, load, readers)
      if (round >= 0) lane.runs.push(run)
    }
  await Promise.all(lanes.flatMap(({ server, reading }) => [server.end(), reading.end()]))
  const base = lanes[0].runs
  return table(
    ['server', 'CPU µs per delta and reader', 'relay ÷ this', 'bytes', 'p50 ms', 'p99 ms'],
    lanes.map(({ kind, runs }) => {
      const of = (name) => median(runs.map((run) => run[name]))
      const ratio = median(runs.map(({ us }, at) => base[at].us / us))
      return [
        kind,
        of('us').toFixed(2),
        ratio.toFixed(2),
        of('bytes').toFixed(0),
        ...['p50', 'p99'].map((name) => of(name).toFixed(1)),
      ]
    }),
  )
}

async function turn({ server, reading }, load, readers) {
  const over = reading.ask('until')
  const { publishedAt, cpuUs } = await server.ask('play', load)
  const { seen } = await over
  const after = await server.ask('cpu')
  const delays = delaysOf(publishedAt, seen)
  const [[first]] = publishedAt
  const bytes = seen.reduce((sum, [o, , length]) => (o >= first ? sum + length : sum), 0)
  return {
    us: (after.cpuUs - cpuUs) / (readers * load.count),
    bytes: bytes / (TIMED * load.count),
    p50: quantile(delays, 0.5),
    p99: quantile(delays, 0.99),
  }
}

/** How long each delta took: one that was summed is seen with the frame that covers it. */
export function delaysOf(publishedAt, seen) {
  const [[first]] = publishedAt
  const offsets = seen.map(([o]) => o)
  const delays = []
  let from = first - 1
  for (const [n, o] of offsets.entries()) {
    // Each reader begins anew.
    if (o <= from) from = first - 1
    for (let at = from + 1; at <= o; at++) {
      const published = publishedAt[at - first]
      if (published !== undefined) delays.push(seen[n][1] - published[1])
    }
    from = o
  }
  return delays
}

import { median, table } from './figures.mjs'
import { start } from './program.mjs'

const LENGTH = 4000
const MISSED = 50
const ROUNDS = 5

/** Each takes turns with the others; what is counted is one of so many. */
const ways = [
  { kind: 'relay', what: 'join late, one after the other', count: 100 },
  { kind: 'ws', what: 'join late: all of it again', count: 50, tellsAll: true },
  { kind: 'relay', what: `resume, ${MISSED} chunks missed`, count: 200, resumes: true },
  { kind: 'ws', what: 'connect, and one frame that is at hand', count: 200, resumes: true },
  { kind: 'relay', what: 'resume, 1,000 at once', count: 1000, resumes: true, atOnce: true },
  { kind: 'ws', what: 'the same, 1,000 at once', count: 1000, resumes: true, atOnce: true },
]

/** A stream of 4,000 chunks that lives on, for those who are late. */
export async function join(only = ways) {
  const lanes = []
  for (const { kind, what, count, tellsAll = false, resumes = false, atOnce = false } of only) {
    const server = await start('servers.mjs', [kind], { TELLS_ALL: tellsAll ? 'yes' : 'no' })
    const reading = await start('readers.mjs')
    await server.ask('play', { rate: 1_000_000, count: LENGTH })
    const from = { e: '7f3a0c21', o: LENGTH - MISSED }
    if (kind === 'relay') [from.e] = (await server.ask('position', server.about)).split('.')
    const task = { ...server.about, ...(resumes && { from }), atOnce }
    lanes.push({ kind, what, count, server, reading, task, runs: [] })
  }
  for (let round = -1; round < ROUNDS; round++)
    for (const { server, reading, task, count, runs } of lanes) {
      const before = await server.ask('cpu')
      const run = await reading.ask('join', { ...task, count })
      const after = await server.ask('cpu')
      if (round >= 0) runs.push({ ...run, us: (after.cpuUs - before.cpuUs) / count })
    }
  await Promise.all(lanes.flatMap(({ server, reading }) => [server.end(), reading.end()]))
  return table(
    ['server', 'what', 'its CPU µs each', 'of the readers', 'bytes', 'p50 ms', 'p99 ms', 'all of them, ms'],
    lanes.map(({ kind, what, count, runs }) => {
      const of = (name) => median(runs.map((run) => run[name]))
      const [us, cpuUs, bytes, wallMs] = ['us', 'cpuUs', 'bytes', 'wallMs'].map((name) => of(name).toFixed(0))
      return [kind, what, us, cpuUs, bytes, of('p50').toFixed(2), of('p99').toFixed(2), `${wallMs} (${count})`]
    }),
  )
}

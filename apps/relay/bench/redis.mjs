import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { median, quiet, table } from './figures.mjs'
import { start } from './program.mjs'

const ROUNDS = 5
const STREAMS = 5_000
const SECONDS = 4

/** How many deltas a source gives at once: what comes while an addition is on its way goes with the next. */
const loads = [
  { streams: 100, count: 1_000, atOnce: 1 },
  { streams: 100, count: 4_000, atOnce: 20 },
]

/** ioredis alone writes each delta into a log and says them on a channel: no lease, no sum, no copy. */
const ways = [
  { who: 'a relay', file: 'redis-node.mjs' },
  { who: 'ioredis alone (XADD and PUBLISH)', file: 'redis-client.mjs' },
]

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', options.map(String), { stdio: ['ignore', 'pipe', 'ignore'] })
  // Whatever fails here, no server stays behind.
  process.on('exit', () => child.kill())
  for await (const text of child.stdout) if (String(text).includes('Ready to accept')) break
  return { child, url: `redis://127.0.0.1:${port}` }
}

/** User and system time of another process, in microseconds. Linux only: a tick is 10 ms there. */
function cpuUsOf(pid) {
  const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const micros = (us) => us.toFixed(1)

/** What a node adds in a second: relay and client take turns. */
async function additions({ child, url }) {
  const lanes = []
  for (const load of loads)
    for (const { who, file } of ways) lanes.push({ who, load, node: await start(file, [url]), runs: [] })
  // The first turn is for the compilers.
  for (let round = -1; round < ROUNDS; round++)
    for (const { load, node, runs } of lanes) {
      const before = cpuUsOf(child.pid)
      const { wallMs, cpuUs, chunks } = await node.ask('produce', load)
      const redisUs = cpuUsOf(child.pid) - before
      if (round >= 0) runs.push({ perSecond: (chunks * 1000) / wallMs, us: cpuUs / chunks, redisUs: redisUs / chunks })
    }
  await Promise.all(lanes.map(({ node }) => node.end()))
  return lanes.map(({ who, load: { streams, atOnce }, runs }) => {
    const of = (name) => median(runs.map((run) => run[name]))
    const what = `${who}, ${streams} streams, deltas at once from each source: ${atOnce}`
    return [what, `${of('perSecond').toFixed(0)} deltas/s`, micros(of('us')), micros(of('redisUs'))]
  })
}

/** How long a delta takes from its addition to who is attached in another process. */
async function deliveries({ child, url }) {
  const producer = await start('redis-node.mjs', [url])
  const reader = await start('redis-node.mjs', [url])
  await producer.ask('create', { streams: STREAMS })
  await reader.ask('attach', { streams: STREAMS })
  const runs = []
  for (let round = -1; round < ROUNDS; round++) {
    const before = [await producer.ask('cpu'), cpuUsOf(child.pid)]
    await producer.ask('append', { streams: STREAMS, seconds: SECONDS })
    await quiet(300)
    const after = [await producer.ask('cpu'), cpuUsOf(child.pid)]
    const { count, p50, p99 } = await reader.ask('delays')
    if (count !== STREAMS * SECONDS) throw new Error(`${count} of ${STREAMS * SECONDS} deltas have come`)
    if (round >= 0)
      runs.push({ p50, p99, us: (after[0].cpuUs - before[0].cpuUs) / count, redisUs: (after[1] - before[1]) / count })
  }
  await Promise.all([producer.end(), reader.end()])
  const of = (name) => median(runs.map((run) => run[name]))
  const what = `addition to delivery, ${STREAMS} streams attached on one connection, one delta a second each`
  const delay = `p50 ${of('p50').toFixed(2)}, p99 ${of('p99').toFixed(1)} ms`
  return [[what, delay, micros(of('us')), micros(of('redisUs'))]]
}

/** The way through Redis, without persistence. */
export async function redis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return 'There is no redis-server on this machine.'
  const server = await startRedis()
  const rows = [...(await additions(server)), ...(await deliveries(server))]
  server.child.kill()
  await once(server.child, 'exit')
  return table(['what', 'measured', 'CPU µs per delta of the node', 'of Redis'], rows)
}

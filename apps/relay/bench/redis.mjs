import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { median, quiet, table } from './figures.mjs'
import { start } from './program.mjs'

const ROUNDS = 3
const STREAMS = 5_000
const SECONDS = 4

/** How many deltas a source gives at once: what comes while an addition is on its way goes with the next. */
const loads = [
  { streams: 100, count: 200, atOnce: 1 },
  { streams: 100, count: 2_000, atOnce: 20 },
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

/** The way through Redis, without persistence: deltas of a node, and from an addition to who is attached elsewhere. */
export async function redis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return 'There is no redis-server on this machine.'
  const { child, url } = await startRedis()
  const rows = []
  for (const load of loads) {
    const runs = []
    for (let round = -1; round < ROUNDS; round++) {
      const node = await start('redis-node.mjs', [url])
      const before = cpuUsOf(child.pid)
      const { wallMs, cpuUs, chunks, done } = await node.ask('produce', load)
      const redisUs = cpuUsOf(child.pid) - before
      await node.end()
      if (done !== load.streams) throw new Error(`${done} of ${load.streams} streams are done`)
      if (round >= 0) runs.push({ perSecond: (chunks * 1000) / wallMs, us: cpuUs / chunks, redisUs: redisUs / chunks })
    }
    const of = (name) => median(runs.map((run) => run[name]))
    const what = `a relay with ${load.streams} streams, ${load.atOnce} deltas at once from each source`
    rows.push([what, `${of('perSecond').toFixed(0)} deltas/s`, of('us').toFixed(1), of('redisUs').toFixed(1)])
  }

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
  child.kill()
  await once(child, 'exit')
  const of = (name) => median(runs.map((run) => run[name]))
  const what = `addition to delivery, ${STREAMS} streams attached on one connection, one delta a second each`
  rows.push([
    what,
    `p50 ${of('p50').toFixed(2)}, p99 ${of('p99').toFixed(1)} ms`,
    of('us').toFixed(1),
    of('redisUs').toFixed(1),
  ])
  return table(['what', 'measured', 'CPU µs per delta of the node', 'of Redis'], rows)
}

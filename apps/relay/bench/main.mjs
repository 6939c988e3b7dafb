// node apps/relay/bench/main.mjs [row…]: what the relay costs beside a plain loop, socket.io and raw sockets.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const ROUNDS = 3
const path = (name) => fileURLToPath(new URL(name, import.meta.url))

/** A process that answers what it is asked. */
function start(name, args, env = {}) {
  const child = fork(path(name), args, { execArgv: ['--expose-gc'], env: { ...process.env, ...env } })
  const next = async () => (await once(child, 'message'))[0]
  return {
    next,
    ask: (asked) => {
      const answer = next()
      child.send(asked)
      return answer
    },
    async end() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function startServer(kind, rate, count, env) {
  const server = start('servers.mjs', [kind, rate, count], env)
  return { ...server, ...(await server.next()) }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const quiet = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** One run of one kind: the same deltas to so many readers. */
async function fanOut(kind, { readers, rate, count }) {
  const server = await startServer(kind, rate, count)
  const reading = start('readers.mjs', [])
  await reading.ask({ do: 'follow', kind, port: server.port, stream: server.stream, count: readers })
  await quiet(300)
  const before = await server.ask({ do: 'figures' })
  const over = reading.next()
  await server.ask({ do: 'go' })
  const { bytes, p50, p99 } = await over
  const after = await server.ask({ do: 'figures' })
  await Promise.all([server.end(), reading.end()])
  const deliveries = readers * count
  return { us: (after.cpuUs - before.cpuUs) / deliveries, bytes: bytes / deliveries, p50, p99 }
}

async function compared(kinds, load) {
  const runs = Object.fromEntries(kinds.map((kind) => [kind, []]))
  // One after the other in each round: what disturbs the machine disturbs all.
  for (let round = 0; round < ROUNDS; round++) for (const kind of kinds) runs[kind].push(await fanOut(kind, load))
  const rows = kinds.map((kind) => {
    const of = (name) => median(runs[kind].map((run) => run[name]))
    return [kind, of('us').toFixed(2), of('bytes').toFixed(0), of('p50').toFixed(0), of('p99').toFixed(0)]
  })
  return table(['server', 'CPU µs per delta and reader', 'bytes', 'p50 ms', 'p99 ms'], rows)
}

const KINDS = ['relay', 'ws', 'socket.io', 'net']

async function memory() {
  const rows = []
  for (const kind of ['relay', 'ws']) {
    const server = await startServer(kind, 1, 1)
    const before = await server.ask({ do: 'figures' })
    const reading = start('readers.mjs', [])
    const count = 10_000
    await reading.ask({ do: 'sit', kind, port: server.port, stream: server.stream, count })
    await quiet(500)
    const after = await server.ask({ do: 'figures' })
    rows.push([kind, String(count), ((after.rss - before.rss) / count / 1000).toFixed(1)])
    await Promise.all([server.end(), reading.end()])
  }
  return table(['server', 'sockets with a subscription', 'kB each'], rows)
}

/** A stream of 4,000 chunks that lives on, for those who are late. */
async function join() {
  const LENGTH = 4000
  const rows = []
  for (const kind of ['relay', 'ws']) {
    const server = await startServer(kind, 1_000_000, LENGTH, { STAYS: 'yes' })
    const reading = start('readers.mjs', [])
    const { port, stream } = server
    await reading.ask({ do: 'follow', kind, port, stream, count: 1 })
    const over = reading.next()
    await server.ask({ do: 'go' })
    await over
    const { position } = await server.ask({ do: 'figures', stream })
    const measure = async (what, count, more) => {
      await reading.ask({ do: 'join', kind, port, stream, count: 20, ...more, atOnce: false })
      const before = await server.ask({ do: 'figures' })
      const { bytes, p50, p99, wallMs } = await reading.ask({ do: 'join', kind, port, stream, count, ...more })
      const after = await server.ask({ do: 'figures' })
      const us = (after.cpuUs - before.cpuUs) / count
      rows.push([
        kind,
        what,
        ...[us, bytes].map((n) => n.toFixed(0)),
        p50.toFixed(2),
        p99.toFixed(2),
        wallMs.toFixed(0),
      ])
    }
    await measure('join late, one after the other', 200, {})
    if (kind === 'relay') {
      const [e, o] = position.split('.')
      const from = { e, o: Number(o) - 50 }
      await measure('resume, 50 chunks missed', 1000, { from })
      await measure('resume, 1,000 at once', 1000, { from, atOnce: true })
    }
    await Promise.all([server.end(), reading.end()])
  }
  return table(['server', 'what', 'CPU µs each', 'bytes', 'p50 ms', 'p99 ms', 'all of them, ms'], rows)
}

const rows = {
  one: {
    about: 'one frame for each delta: 1,000 readers, 15 deltas a second',
    run: () => compared(KINDS, { readers: 1000, rate: 15, count: 60 }),
  },
  merged: {
    about: 'under load: 1,000 readers, 250 deltas a second',
    run: () => compared(['relay', 'ws', 'socket.io'], { readers: 1000, rate: 250, count: 750 }),
  },
  memory: { about: 'what a socket costs that follows a stream', run: memory },
  join: { about: 'coming late to 4,000 chunks, and coming back', run: join },
}

function table(head, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n')
}

const versionOf = (name) => JSON.parse(readFileSync(path(`../node_modules/${name}/package.json`), 'utf8')).version

const asked = process.argv.slice(2)
const unknown = asked.find((name) => !Object.hasOwn(rows, name))
if (asked.includes('--help') || unknown !== undefined) {
  console.log('node apps/relay/bench/main.mjs [row…]: all rows take about three minutes. Run pnpm build first.\n')
  for (const [name, { about }] of Object.entries(rows)) console.log(`  ${name.padEnd(8)} ${about}`)
  process.exitCode = asked.includes('--help') ? 0 : 2
} else {
  const versions = ['ws', 'socket.io'].map((name) => `${name} ${versionOf(name)}`).join(', ')
  console.log(
    `Node.js ${process.version}, ${versions}; ${cpus().length} × ${cpus()[0]?.model}; medians of ${ROUNDS} runs.`,
  )
  for (const name of asked.length > 0 ? asked : Object.keys(rows))
    console.log(`\n## ${name}: ${rows[name].about}\n\n${await rows[name].run()}`)
}

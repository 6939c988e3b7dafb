// node apps/relay/bench/main.mjs [row…]: what the relay costs beside a plain loop, socket.io and raw sockets.
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fanOut } from './fan-out.mjs'
import { join } from './join.mjs'
import { memory } from './memory.mjs'
import { redis } from './redis.mjs'
import { stalled } from './stalled.mjs'

const READERS = 1000

const rows = {
  one: {
    about: 'one frame for each delta: 1,000 readers, 15 deltas a second',
    run: () =>
      fanOut(['relay', 'ws', 'socket.io', 'net'], {
        readers: READERS,
        rounds: 14,
        rate: 15,
        count: 10,
        catchesUp: false,
      }),
  },
  merged: {
    about: 'under load: 1,000 readers, 250 deltas a second',
    run: () => fanOut(['relay', 'ws', 'socket.io'], { readers: READERS, rounds: 4, rate: 250, leadIn: 75, count: 125 }),
  },
  memory: { about: 'what a socket costs that follows a stream', run: () => memory() },
  join: { about: 'coming late to 4,000 chunks, and coming back', run: () => join() },
  stalled: { about: '1,000 readers that stop reading', run: stalled },
  redis: { about: 'through Redis', run: redis },
}

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version

const asked = process.argv.slice(2)
const unknown = asked.find((name) => !Object.hasOwn(rows, name))
if (asked.includes('--help') || unknown !== undefined) {
  console.log('node apps/relay/bench/main.mjs [row…]: all rows take about eight minutes. Run pnpm build first.\n')
  for (const [name, { about }] of Object.entries(rows)) console.log(`  ${name.padEnd(8)} ${about}`)
  process.exitCode = asked.includes('--help') ? 0 : 2
} else {
  const versions = ['ws', 'socket.io'].map((name) => `${name} ${versionOf(name)}`).join(', ')
  console.log(`Node.js ${process.version}, ${versions}; ${cpus().length} × ${cpus()[0]?.model}.`)
  for (const name of asked.length > 0 ? asked : Object.keys(rows)) {
    console.log(`\n## ${name}: ${rows[name].about}\n\n${await rows[name].run()}`)
    console.log(`\nLoad average ${loadavg()[0]?.toFixed(0)}.`)
  }
}

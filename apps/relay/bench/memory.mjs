import { median, quiet, table } from './figures.mjs'
import { start } from './program.mjs'

/** Sockets of one process of readers: it has file descriptors for so many, whatever the server has. */
const PER_PROCESS = 7_500

/** What the memory of the process grows by for each socket that follows a stream and was sent a few frames. */
export async function memory(count = 15_000) {
  const rows = []
  for (const kind of ['relay', 'ws']) {
    const server = await start('servers.mjs', [kind])
    const before = await server.ask('memory')
    const readings = []
    for (let left = count; left > 0; left -= PER_PROCESS) {
      const reading = await start('readers.mjs')
      await reading.ask('follow', { ...server.about, count: Math.min(left, PER_PROCESS) })
      readings.push(reading)
    }
    const over = readings.map((reading) => reading.ask('until'))
    await server.ask('play', { rate: 1, count: 3, catchesUp: false })
    await Promise.all(over)
    const after = []
    for (let look = 0; look < 3; look++) {
      await quiet(500)
      after.push((await server.ask('memory')).rss)
    }
    rows.push([kind, String(count), ((median(after) - before.rss) / count / 1000).toFixed(1)])
    await Promise.all([server, ...readings].map((one) => one.end()))
  }
  return table(['server', 'sockets with a subscription', 'kB each'], rows)
}

import { spawnSync } from 'node:child_process'
import { delaysOf } from './fan-out.mjs'
import { quantile, quiet, sharedNow, table } from './figures.mjs'
import { start } from './program.mjs'

const STALLED = 1000
const OTHERS = 20

/** Long ones, so that seven seconds are more than a window whatever is summed. */
const text = ' six words of a model that'.repeat(2)

/** What the kernel holds for the sockets of a port, at both ends, in bytes: received and unread, and sent. */
function kernelBytes(port) {
  const { stdout } = spawnSync('ss', ['-tmnH', `( sport = :${port} or dport = :${port} )`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const found = [...stdout.matchAll(/skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)/g)]
  return found.reduce((sum, [, ...parts]) => parts.reduce((bytes, part) => bytes + Number(part), sum), 0)
}

/**
 * A thousand readers stop (SIGSTOP) while a stream of seven seconds goes on, and wake when it is over.
 *
 * Shorter than the ten seconds after which a relay takes whoever does not answer a ping for dead. Linux only.
 */
export async function stalled() {
  const server = await start('servers.mjs', ['relay'])
  const slow = await start('readers.mjs')
  const others = await start('readers.mjs')
  await slow.ask('follow', { ...server.about, count: STALLED, ack: true })
  await others.ask('follow', { ...server.about, count: OTHERS, timed: OTHERS, ack: true })
  const play = async (load) => {
    const over = others.ask('until')
    const { publishedAt } = await server.ask('play', load)
    const delays = delaysOf(publishedAt, (await over).seen)
    return [quantile(delays, 0.5).toFixed(1), quantile(delays, 0.99).toFixed(1)]
  }

  const read = slow.ask('until')
  const calm = await play({ rate: 100, count: 300, text })
  await read
  await quiet(500)
  const { rss: before } = await server.ask('memory')
  const awake = slow.ask('until')
  await quiet(200)
  process.kill(slow.pid, 'SIGSTOP')
  const meanwhile = await play({ rate: 100, count: 700, text })
  const kernel = kernelBytes(server.about.port)
  const { rss } = await server.ask('memory')
  const framesBefore = await server.ask('frames')
  const woken = sharedNow()
  process.kill(slow.pid, 'SIGCONT')
  const took = (await awake).at.map((at) => at - woken)
  const frames = (await server.ask('frames')) - framesBefore
  await Promise.all([server, slow, others].map((one) => one.end()))
  const kib = (bytes) => (bytes / STALLED / 1024).toFixed(1)
  return table(
    ['what', 'measured'],
    [
      ['kernel memory for each stalled reader', `${kib(kernel)} KiB`],
      ['memory of the relay for each', `${kib(Math.max(0, rss - before))} KiB`],
      [
        'at the head after waking, p50 / last',
        `${quantile(took, 0.5).toFixed(0)} / ${quantile(took, 1).toFixed(0)} ms`,
      ],
      ['frames sent to each after waking', (frames / STALLED).toFixed(2)],
      ['delay of the others before, p50 / p99', `${calm.join(' / ')} ms`],
      ['delay of the others meanwhile, p50 / p99', `${meanwhile.join(' / ')} ms`],
    ],
  )
}

// One process at a Redis server with no relay in it: what the way of a delta costs the client alone.
import { createRequire } from 'node:module'
import { answerWith } from './program.mjs'

const [redis] = process.argv.slice(2)
const engine = import.meta.resolve('@deltawire/websocket-bridge/redis')
const { Redis } = createRequire(engine)('ioredis')
const cpuUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Each delta into the log of its stream, and said on the channel of it, which this process hears: no lease, no sum, no copy.
 *
 * All streams in one write, and the next while the last is on its way.
 */
async function produce({ streams, count, atOnce }) {
  const asking = new Redis(redis)
  const hearing = new Redis(redis)
  const names = Array.from({ length: streams }, (_, n) => `bench:${process.pid}:${n}`)
  let heard = 0
  let all = () => {}
  const isOver = new Promise((resolve) => (all = resolve))
  hearing.on('message', (_channel, message) => {
    heard += message.split('\n').length
    if (heard === streams * count) all()
  })
  await hearing.subscribe(...names)
  const before = cpuUs()
  const began = performance.now()
  const sent = []
  for (let at = 0; at < count; at += atOnce) {
    const pipeline = asking.pipeline()
    for (const name of names) {
      const chunks = Array.from({ length: atOnce }, () =>
        JSON.stringify({ choices: [{ index: 0, delta: { content: ' tok' } }] }),
      )
      for (const [n, chunk] of chunks.entries()) pipeline.xadd(name, `${at + n + 1}-0`, 'c', chunk)
      pipeline.publish(name, chunks.join('\n'))
    }
    await sent.at(-2)
    sent.push(pipeline.exec())
  }
  await Promise.all(sent)
  await isOver
  const wallMs = performance.now() - began
  const used = cpuUs() - before
  await asking.del(...names)
  asking.disconnect()
  hearing.disconnect()
  return { wallMs, cpuUs: used, chunks: heard }
}

answerWith({ begin: () => ({}), produce })

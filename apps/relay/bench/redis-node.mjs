// One process at a Redis server: a whole relay that produces, or one side of the engine alone.
import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay } from '@deltawire/websocket-bridge'
import { createRedisEngine } from '@deltawire/websocket-bridge/redis'
import { quantile, sharedNow } from './figures.mjs'
import { answerWith } from './program.mjs'

const [redis] = process.argv.slice(2)
const cpuUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Streams that this process has begun: each has a key of its own. */
let begun = 0

/** Streams whose sources have so many deltas at once and then let others go on, until each has had its count. */
async function produce({ streams, count, atOnce }) {
  const relay = createRelay({
    // What has ended makes room for the next turn.
    engine: createRedisEngine({ redis, endedTtlMs: 1000 }),
    limits: { maxLiveStreams: streams },
    open: async function* () {
      for (let at = 0; at < count; at++) {
        if (at % atOnce === 0) await new Promise(setImmediate)
        yield {
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'm',
          choices: [{ index: 0, delta: { content: ' tok' }, finish_reason: null }],
        }
      }
    },
  })
  const before = cpuUs()
  const began = performance.now()
  const request = { model: 'm', messages: [] }
  for (let n = 0; n < streams; n++)
    await relay.hub.start({ id: 'bench' }, { key: `${process.pid}.${begun++}`, request })
  await relay.hub.productions.idle()
  const wallMs = performance.now() - began
  const used = cpuUs() - before
  const { chunksRead, streamsEnded } = relay.stats
  await relay.hub.engine.close()
  if (streamsEnded.done !== streams) throw new Error(`${streamsEnded.done} of ${streams} streams are done`)
  return { wallMs, cpuUs: used, chunks: chunksRead }
}

const MAX_PENDING = 100
const idOf = (n) => `st_bench_${n}`
let engine
const attached = []
let offsets = []
let delays = []

answerWith({
  begin: () => ({}),
  produce,
  /** Makes streams. */
  async create({ streams }) {
    engine = createRedisEngine({ redis })
    offsets = Array.from({ length: streams }, () => 0)
    for (let n = 0; n < streams; n++) {
      const about = { id: idOf(n), epoch: 'e1', node: 'bench', owner: 'bench', key: String(n), request: '{}' }
      await engine.create({ ...about, orphan: 'continue' })
    }
  },
  /** Follows them all. */
  async attach({ streams }) {
    engine = createRedisEngine({ redis })
    const listener = (event) => {
      if (event.kind !== 'chunks') return
      const now = sharedNow()
      for (const chunk of event.chunks) delays.push(now - JSON.parse(chunk).at)
    }
    for (let n = 0; n < streams; n++) attached.push(await engine.attach(idOf(n), listener))
  },
  /** Adds one delta to each stream a second, evenly spread. */
  async append({ streams, seconds }) {
    const pending = new Set()
    const began = performance.now()
    for (let at = 0; at < streams * seconds;) {
      const due = ((performance.now() - began) * streams) / 1000
      // A machine that was busy elsewhere does not make up for it all at once.
      for (; at < due && at < streams * seconds && pending.size < MAX_PENDING; at++) {
        const n = at % streams
        const chunks = [JSON.stringify({ at: sharedNow(), choices: [{ index: 0, delta: { content: ' tok' } }] })]
        const adding = engine.append(idOf(n), { fence: 1, expect: offsets[n]++, chunks })
        pending.add(adding)
        adding.then(
          () => pending.delete(adding),
          () => {},
        )
      }
      await sleep(1)
    }
    await Promise.all(pending)
  },
  delays() {
    const found = { count: delays.length, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) }
    delays = []
    return found
  },
  cpu: () => ({ cpuUs: cpuUs() }),
})

// A server in a process of its own, each client in one of its own.
import { startChild } from '../processes/child.mjs'

const OURS = { completion: 'deltawire completion', iterate: 'deltawire iterate' }
const PEERS = { completion: 'openai completion', iterate: 'openai iterate' }
const FLOOR = 'fetch alone'
const NAMES = {
  [OURS.completion]: 'streamChatCompletion(…).completion()',
  [OURS.iterate]: 'for await (… of streamChatCompletion(…))',
  [PEERS.completion]: 'openai chat.completions.stream(…).finalChatCompletion()',
  [PEERS.iterate]: 'openai chat.completions.create({ stream: true }), iterated',
  [FLOOR]: 'fetch, bytes thrown away',
}

/** At most so many writes in a millisecond, so that a read is mostly a write. */
const everyMs = (streams) => (streams >= 100 ? 10 : 1)

async function serve(plan, defer) {
  const server = startChild('server.mjs')
  defer(() => server.end())
  const { port } = await server.ask({ do: 'port' })
  await server.ask({ do: 'plan', ...plan })
  return { server, baseURL: `http://127.0.0.1:${port}/v1` }
}

async function open(client, baseURL) {
  const child = startChild('client.mjs')
  await child.ask({ do: 'open', client, baseURL })
  return child
}

/** A client alone at one event per millisecond would take minutes to be warm. */
const WARMING_STREAMS = 50
const WARM_UP_MS = 1_000

const cpuRow = (streams, eventsPerWrite) => ({
  about: `CPU, ${streams} at once, ${eventsPerWrite} ${eventsPerWrite === 1 ? 'event' : 'events'} per write`,
  unit: 'ns of CPU per chunk',
  load: {
    streams,
    count: (streams >= 100 ? 100 : 400) * (eventsPerWrite === 1 ? 1 : 10),
    eventsPerWrite,
    warmUpMs: WARM_UP_MS,
  },
  tiny: { streams: 2, count: 30, warmUpMs: 0 },
  rounds: 7,
  async candidates(load, defer) {
    const { baseURL } = await serve({ ...load, everyMs: everyMs(streams) }, defer)
    const children = await Promise.all(Object.keys(NAMES).map((client) => open(client, baseURL)))
    for (const child of children) defer(() => child.end())
    const candidates = []
    for (const [at, name] of Object.values(NAMES).entries()) {
      const child = children[at]
      const cost = async (atOnce) => {
        const { cpuNs, lengths } = await child.ask({ do: 'cost', streams: atOnce })
        if (new Set(lengths).size !== 1) throw new Error(`${name} read different texts`)
        return cpuNs
      }
      for (let spent = 0; spent < load.warmUpMs * 1e6;) spent += await cost(WARMING_STREAMS)
      candidates.push({ name, sample: async () => (await cost(load.streams)) / load.streams / load.count })
    }
    return candidates
  },
  figures: [
    { kind: 'ratio', of: NAMES[PEERS.completion], over: NAMES[OURS.completion], atLeast: 5 },
    { kind: 'ratio', of: NAMES[PEERS.iterate], over: NAMES[OURS.iterate], atLeast: 5 },
    { kind: 'ratio', of: NAMES[OURS.completion], over: NAMES[FLOOR] },
  ],
})

/** The most that a new process grows by, and what its streams hold when all of them are before their end. */
async function memoryOf(client, load, server, baseURL) {
  const child = await open(client, baseURL)
  await server.ask({ do: 'plan', ...load, everyMs: 1 })
  await child.ask({ do: 'peak', streams: 1 })
  const { bytes: peak } = await child.ask({ do: 'peak', streams: load.streams })
  await server.ask({ do: 'plan', ...load, everyMs: 1, holds: true })
  await child.ask({ do: 'begin', streams: load.streams })
  await server.ask({ do: 'waiting', streams: load.streams })
  const { bytes } = await child.ask({ do: 'held' })
  await server.ask({ do: 'release' })
  await child.ask({ do: 'finish' })
  await child.end()
  return { peak: peak / load.streams, held: bytes / load.streams }
}

const memoryRow = (streams) => ({
  about: `memory, ${streams} at once`,
  unit: 'bytes per live stream',
  load: { streams, count: 1_000, eventsPerWrite: 10 },
  tiny: { streams: 2, count: 30 },
  rounds: 3,
  async candidates(load, defer) {
    const { server, baseURL } = await serve(load, defer)
    return Object.entries(NAMES).flatMap(([client, name]) => {
      let latest
      return [
        { name: `${name}: peak`, sample: async () => (latest = await memoryOf(client, load, server, baseURL)).peak },
        { name: `${name}: held`, sample: async () => latest.held },
      ]
    })
  },
  figures: ['peak', 'held'].flatMap((what) =>
    ['completion', 'iterate'].map((way) => ({
      kind: 'ratio',
      of: `${NAMES[PEERS[way]]}: ${what}`,
      over: `${NAMES[OURS[way]]}: ${what}`,
      atLeast: 2,
    })),
  ),
})

export const http = {
  title: 'Over HTTP',
  text: '`streamChatCompletion` of `@deltawire/node` against the `openai` SDK, streaming from the same local server. The server is a process of its own, and each client is. Writes are paced (each stream gets one every millisecond, every ten with 100 streams), so that a read is mostly one write. Each client has worked for a second before its first round. `peak` is the resident memory that a process grows by while its streams run, garbage included; `held` is what all streams hold before their last event, after a full collection.',
  rows: {
    ...Object.fromEntries(
      [1, 10, 100].flatMap((streams) =>
        [1, 20].map((events) => [`http-${streams}-${events === 1 ? 'event' : events}`, cpuRow(streams, events)]),
      ),
    ),
    ...Object.fromEntries([1, 10, 100].map((streams) => [`http-memory-${streams}`, memoryRow(streams)])),
  },
}

import { createMockServer, type MockServer } from '@deltawire/cli/mock'
import type { RedisServer } from '@deltawire/testkit/redis'
import type { NextNode } from './follow.ts'
import { type RelayNode, startNode } from './relay-node.ts'
import { createTruth, type Truth } from './truth.ts'

/** Some nodes, their store and the model that they ask. */
export interface World {
  readonly redis: RedisServer
  readonly nodes: readonly RelayNode[]
  readonly truths: readonly Truth[]
  readonly leaseMs: number
  /** How often the model was asked for this answer. */
  timesAsked(truth: Truth): number
  /** Starts another node. */
  addNode(): Promise<RelayNode>
  /** A balancer that prefers a node, and takes any other that lives when it has to. */
  balancer(preferred?: RelayNode): NextNode
  /** Begins an answer on this node, which will be the one that reads it. */
  begin(node: RelayNode, truth: Truth): Promise<string>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly nodes: number
  readonly redis: RedisServer
  /** One for each answer: its seed, and how many chunks it has. */
  readonly answers: readonly { readonly seed: number; readonly length: number }[]
  /** Between two chunks of the model. */
  readonly chunkMs: number
  readonly leaseMs?: number
  readonly graceMs?: number
}

/** Starts everything, each node as a process of its own. The store is the caller's. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { redis, chunkMs, leaseMs = 2000, graceMs = 20_000 } = options
  const truths = await Promise.all(options.answers.map(({ seed, length }) => createTruth(seed, length)))
  const upstream = await startUpstream(truths, chunkMs)
  const settings = {
    UPSTREAM_URL: upstream.server.baseURL,
    UPSTREAM_KEY: 'mock',
    REDIS: redis.url,
    LEASE_MS: leaseMs,
    GRACE_MS: graceMs,
    MAX_LIVE_STREAMS: 1000,
  }
  const nodes = await Promise.all(Array.from({ length: options.nodes }, () => startNode(settings)))

  function balancer(preferred?: RelayNode): NextNode {
    let turn = nodes.length
    return () => {
      if (preferred?.isAlive === true && turn-- % 2 === 0) return preferred
      const living = nodes.filter(({ isAlive }) => isAlive)
      const node = living[turn % living.length] ?? living[0]
      if (node === undefined) throw new Error('no node lives')
      return node
    }
  }

  return {
    redis,
    nodes,
    truths,
    leaseMs,
    timesAsked: ({ name }) => upstream.asked.get(name) ?? 0,
    async addNode() {
      const node = await startNode(settings)
      nodes.push(node)
      return node
    },
    balancer,
    async begin({ origin }, { name }) {
      const body = { model: name, messages: [{ role: 'user', content: 'Hi' }], stream: true }
      const response = await fetch(`${origin}/v1/streams`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ body }),
      })
      const { id } = (await response.json()) as { id?: string }
      if (id === undefined) throw new Error(`refused with ${response.status}`)
      return id
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()))
      await upstream.server.close()
    },
  }
}

async function startUpstream(
  truths: readonly Truth[],
  chunkMs: number,
): Promise<{ server: MockServer; asked: Map<string, number> }> {
  const asked = new Map<string, number>()
  const server = await createMockServer({
    recordings: truths.map(({ recording }) => recording),
    pace: { firstChunkMs: 50, chunkMs, jitter: 0 },
    apiKey: 'mock',
    isStrict: true,
    onAnswer: ({ recording, path }) => asked.set(recording ?? path, (asked.get(recording ?? path) ?? 0) + 1),
  })
  return { server, asked }
}

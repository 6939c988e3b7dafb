import { createMockServer, type MockServer } from '@deltawire/cli/mock'
import type { RedisServer } from '@deltawire/testkit/redis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NextNode } from './follow.ts'
import { type RelayNode, startNode } from './relay-node.ts'
import { createTruth, type Truth } from './truth.ts'

/** Some nodes, their store and the model that they ask. */
export interface World {
  readonly redis: RedisServer
  readonly nodes: readonly RelayNode[]
  readonly truths: readonly Truth[]
  readonly leaseMs: number
  readonly graceMs: number
  /** How often the model was asked for this answer. */
  timesAsked(truth: Truth): number
  /** Starts another node. */
  addNode(): Promise<RelayNode>
  /** A balancer that prefers a node, and takes any other that lives when it has to. */
  balancer(preferred?: RelayNode): NextNode
  /** Begins an answer on this node, which will be the one that reads it. */
  begin(node: RelayNode, truth: Truth): Promise<string>
  /**
   * Begins an answer with a key, here or there, until somebody says that it has begun: what a client does whose answer was
   * lost.
   *
   * @returns the nodes of which one reads it
   */
  beginAnyhow(truth: Pick<Truth, 'name'>, next: NextNode): Promise<{ id: string; producers: readonly RelayNode[] }>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly nodes: number
  readonly redis: RedisServer
  /** One for each answer: its seed, and how many chunks it has. */
  readonly answers: readonly { readonly seed: number; readonly length: number }[]
  /** Another model, which has its own answers. */
  readonly upstreamURL?: string
  /** Between two chunks of the model. */
  readonly chunkMs: number
  /** Before its first chunk. */
  readonly firstChunkMs?: number
  readonly leaseMs?: number
  readonly graceMs?: number
}

/** Starts everything, each node as a process of its own. The store is the caller's. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { redis, chunkMs, firstChunkMs = 50, leaseMs = 2000, graceMs = 20_000 } = options
  const truths = await Promise.all(options.answers.map(({ seed, length }) => createTruth(seed, length)))
  const upstream = await startUpstream(truths, { firstChunkMs, chunkMs })
  const settings = {
    UPSTREAM_URL: options.upstreamURL ?? upstream.server.baseURL,
    UPSTREAM_KEY: 'mock',
    REDIS: redis.url,
    LEASE_MS: leaseMs,
    GRACE_MS: graceMs,
    MAX_LIVE_STREAMS: 1000,
  }
  const nodes = await Promise.all(Array.from({ length: options.nodes }, () => startNode(settings)))

  function balancer(preferred?: RelayNode): NextNode {
    let turn = 0
    return () => {
      const isTurnOfPreferred = turn % 2 === 0 && preferred?.isAlive === true
      const living = nodes.filter(({ isAlive }) => isAlive)
      // Every other time, or each time where there is no preference: all of them, one after the other.
      const node = isTurnOfPreferred ? preferred : living[(turn >> 1) % living.length]
      turn += preferred?.isAlive === true ? 1 : 2
      if (node === undefined) throw new Error('no node lives')
      return node
    }
  }

  return {
    redis,
    nodes,
    truths,
    leaseMs,
    graceMs,
    timesAsked: ({ name }) => upstream.asked.get(name) ?? 0,
    async addNode() {
      const node = await startNode(settings)
      nodes.push(node)
      return node
    },
    balancer,
    async begin(node, { name }) {
      const { id } = await ask(node, name)
      return id
    },
    async beginAnyhow({ name }, next) {
      const asked = new Set<RelayNode>()
      for (;;) {
        const { origin } = next()
        const node = nodes.find((one) => one.origin === origin)
        if (node === undefined) throw new Error(`${origin} is no node of this world`)
        asked.add(node)
        try {
          const { id, fresh } = await ask(node, name, `key of ${name}`)
          return { id, producers: fresh ? [node] : [...asked] }
        } catch {
          // It has gone, sleeps, drains, or does not reach its store: the next one is asked, with the same key.
          await sleep(20)
        }
      }
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()))
      await upstream.server.close()
    },
  }
}

/** A node that sleeps answers nothing. */
const PATIENCE_MS = 2_000

/** Asks a node for an answer of this model. */
export async function ask(
  { origin }: Pick<RelayNode, 'origin'>,
  model: string,
  key?: string,
): Promise<{ id: string; fresh: boolean }> {
  const body = { model, messages: [{ role: 'user', content: 'Hi' }], stream: true }
  const response = await fetch(`${origin}/v1/streams`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, body }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const { id, fresh } = (await response.json()) as { id?: string; fresh?: boolean }
  if (id === undefined || fresh === undefined) throw new Error(`refused with ${response.status}`)
  return { id, fresh }
}

async function startUpstream(
  truths: readonly Truth[],
  pace: { readonly firstChunkMs: number; readonly chunkMs: number },
): Promise<{ server: MockServer; asked: Map<string, number> }> {
  const asked = new Map<string, number>()
  const server = await createMockServer({
    recordings: truths.map(({ recording }) => recording),
    pace: { ...pace, jitter: 0 },
    apiKey: 'mock',
    isStrict: true,
    onAnswer: ({ recording, path }) => asked.set(recording ?? path, (asked.get(recording ?? path) ?? 0) + 1),
  })
  return { server, asked }
}

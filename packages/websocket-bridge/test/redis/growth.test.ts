import { randomUUID } from 'node:crypto'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine, Lease, NewStream, Retention } from '../../src/engine.ts'
import { createRelay } from '../../src/index.ts'
import { createRedisEngine } from '../../src/redis/index.ts'
import { chunkOf, handSource } from '../support/chunks.ts'
import { ann } from '../support/hub-world.ts'

const newStream = (over: Partial<NewStream> = {}): NewStream => ({
  id: `st_${randomUUID()}`,
  epoch: 'e',
  node: 'n1',
  owner: 'ann',
  key: randomUUID(),
  request: '{}',
  orphan: 'continue',
  ...over,
})

async function begin(engine: Engine, over: Partial<NewStream> = {}): Promise<Lease> {
  const created = await engine.create(newStream(over))
  if (created.outcome !== 'created') throw new Error(created.outcome)
  return created.lease
}

const end = (engine: Engine, { id, fence }: Lease) =>
  engine.append(id, { fence, expect: 0, chunks: ['{}'], end: { st: 'done', h: '' } })

describeWithProgram('redis', 'what is left in Redis', (program) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(program, { keepsData: false })
  })
  afterAll(() => server.close())

  async function opened(retention: Retention, work: (engine: Engine, prefix: string) => Promise<void>): Promise<void> {
    const prefix = `${randomUUID()}:`
    const engine = createRedisEngine({ redis: server.url, prefix, ...retention })
    try {
      await work(engine, prefix)
    } finally {
      await engine.close()
    }
  }

  const keysOf = async (prefix: string): Promise<string[]> =>
    (await server.admin.keys(`${prefix}*`))
      .map((key) => key.slice(prefix.length))
      // Tells one life of the store from another.
      .filter((key) => key !== 'mark')
      .sort()

  test('of streams whose time is over is nothing but their places in the list of all, until others come', async () => {
    const times = { leaseMs: 200, liveTtlMs: 200, endedTtlMs: 200, keyTtlMs: 200 }
    await opened(times, async (engine, prefix) => {
      for (let round = 0; round < 10; round++) {
        const leases = await Promise.all(Array.from({ length: 30 }, () => begin(engine, { topic: `t${round}` })))
        await Promise.all(leases.map(({ id }, at) => engine.flag(id, `tool:${at}`, '1')))
        await engine.renew(leases)
        await engine.once(`ticket:${round}`, 200)
        // Of some the nodes are all gone.
        await Promise.all(leases.slice(5).map((lease) => end(engine, lease)))
      }
      await expect.poll(() => keysOf(prefix), { timeout: 10_000 }).toEqual(['all', 'leases'])
      expect(await engine.list('orphaned', 100)).toEqual([])
      for (let at = 0; at < 300; at++) await end(engine, await begin(engine))
      expect(await server.admin.zcard(`${prefix}all`)).toBeLessThanOrEqual(301)
      expect(await server.admin.exists(`${prefix}leases`)).toBe(0)
    })
  })

  test('of short streams beside two that never end is no list that grows for ever', async () => {
    const times = { leaseMs: 60_000, liveTtlMs: 60_000, endedTtlMs: 1, keyTtlMs: 60_000 }
    await opened(times, async (engine, prefix) => {
      await begin(engine)
      await begin(engine)
      for (let at = 0; at < 2000; at++) await end(engine, await begin(engine))
      expect(await server.admin.zcard(`${prefix}all`)).toBeLessThan(100)
      await expect.poll(() => engine.list('all', 1000)).toHaveLength(2)
    })
  })

  test('a long output of a tool is not told with every chunk that follows', async () => {
    await opened({}, async (engine) => {
      const source = handSource()
      const relay = createRelay({ engine, open: () => source })
      const messages = [{ role: 'user' as const, content: 'Hi' }]
      const { id } = await relay.hub.start(ann, { key: 'k', request: { model: 'm', messages } })
      const { log, flags } = await relay.hub.open(ann, id)
      await relay.hub.toolOutput(ann, id, 'c', 'x'.repeat(100_000))
      await expect.poll(() => Object.keys(flags)).toEqual(['tool:c'])
      const toldBytes = async (): Promise<number> =>
        Number(/total_net_output_bytes:(\d+)/.exec(await server.admin.info('stats'))?.[1])
      const before = await toldBytes()
      for (let at = 1; at <= 50; at++) {
        source.give(chunkOf({ content: 'a' }))
        while (log.tail < at) await new Promise((resolve) => setImmediate(resolve))
      }
      expect((await toldBytes()) - before).toBeLessThan(500_000)
      await relay.close()
    })
  })

  test('a topic is kept as long as a stream of it is begun, renewed, taken over or brought back', async () => {
    const times = { leaseMs: 1, liveTtlMs: 60_000, endedTtlMs: 1, keyTtlMs: 60_000 }
    await opened(times, async (engine, prefix) => {
      const place = `${prefix}t:t`
      const lease = await begin(engine, { topic: 't' })
      const state = await engine.read(lease.id)
      if (state === undefined) throw new Error('it was begun')
      const steps: (() => Promise<unknown>)[] = [
        async () => {},
        () => engine.renew([lease]),
        () => expect.poll(() => engine.takeOver(lease.id, { node: 'n2', epoch: 'e2' })).toBeDefined(),
        () => begin(engine, { topic: 't' }),
        () => engine.restore(state, { node: 'n3', fence: 9 }),
      ]
      for (const step of steps) {
        await step()
        expect(await server.admin.pttl(place)).toBeGreaterThan(30_000)
        await server.admin.pexpire(place, 20_000)
      }
    })
  })
})

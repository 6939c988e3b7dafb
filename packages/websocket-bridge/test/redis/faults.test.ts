import { randomUUID } from 'node:crypto'
import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { WebSocket } from 'ws'
import { connectRelay, type Relay as RelayClient } from '../../src/client/index.ts'
import type { Relay } from '../../src/index.ts'
import { createRedisEngine } from '../../src/redis/index.ts'
import { chunkOf, handSource } from '../support/chunks.ts'
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts'
import { compiler, storeClock } from '../support/store-clock.ts'
import { createStage } from '../support/listen.ts'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { canonicalOf, type Testimony, witness } from './witness.ts'

const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] }
const TIMEOUT = { timeout: 60_000 }

describeWithProgram('redis', 'the relay on Redis, when things break', (program) => {
  const { serve, clear } = createStage()
  const opened: { close(): unknown }[] = []
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
    await clear()
    for (const one of last.splice(0).reverse()) await one.close()
  })
  /** What has to be there until the nodes are closed. */
  const last: { close(): unknown }[] = []

  interface Node {
    /** Before the store. */
    readonly proxy: ChaosProxy
    readonly port: number
    readonly url: string
    readonly socketUrl: string
    readonly relay: Relay
  }

  /** What a fault may use. */
  interface About {
    readonly near: Node
    readonly far: Node
    readonly prefix: string
    readonly id: string
    /** Waits until more chunks have come to everybody. */
    flow(): Promise<void>
  }

  /** Two nodes on one store, each behind a network of its own; the first one reads the source. */
  async function relayOfTwo({ keepsData = true, leaseMs = 10_000, env = {} } = {}) {
    const redis = await startRedis(program, { keepsData, env })
    last.push(redis)
    const prefix = `${randomUUID()}:`
    const source = handSource()
    let asked = 0
    const node = async (): Promise<Node> => {
      const proxy = await startChaosProxy(redis.port)
      last.push(proxy)
      const engine = createRedisEngine({ redis: `redis://127.0.0.1:${proxy.port}`, prefix, watchMs: 100, leaseMs })
      last.push(engine)
      const { port, url, socketUrl, relay } = await serve({
        engine,
        open: () => {
          asked++
          return source
        },
      })
      return { proxy, port, url, socketUrl, relay }
    }
    return { redis, prefix, source, asked: () => asked, near: await node(), far: await node(), another: node }
  }

  function connect({ socketUrl }: Pick<Node, 'socketUrl'>): RelayClient {
    const client = connectRelay(socketUrl, { WebSocket })
    opened.push(client)
    return client
  }

  /** A source that goes on giving, while a test breaks something, until it is told to end. */
  function giveOn(source: ReturnType<typeof handSource>) {
    const truth: ChatCompletionChunk[] = []
    const give = (chunk: ChatCompletionChunk): void => {
      truth.push(chunk)
      source.give(chunk)
    }
    give(chunkOf({ role: 'assistant', content: '' }))
    const timer = setInterval(() => give(chunkOf({ content: `word ${truth.length} ` })), 4)
    opened.push({ close: () => clearInterval(timer) })
    return {
      truth,
      end() {
        clearInterval(timer)
        give(chunkOf({}, 'stop'))
        source.end()
      },
    }
  }

  /** Starts a stream, and follows it on both nodes. */
  async function followed(options: Parameters<typeof relayOfTwo>[0] = {}) {
    const all = await relayOfTwo(options)
    const first = await connect(all.near).start(body)
    const giving = giveOn(all.source)
    const streams = [first, connect(all.far).subscribe(first.id), connect(all.near).subscribe(first.id)]
    const testimonies = Promise.all(streams.map((stream) => witness(stream, giving.truth)))
    /** Waits until so many more chunks have come to everybody. */
    const flow = async (chunks = 50): Promise<void> => {
      const until = giving.truth.length + chunks
      const isThere = (): boolean => streams.every(({ position }) => (position?.o ?? 0) >= until)
      await expect.poll(isThere, { ...TIMEOUT, interval: 10 }).toBe(true)
    }
    await flow()
    return { ...all, ...giving, id: first.id, streams, testimonies, flow }
  }

  /** What everybody says who has seen the truth, and never had to forget anything. */
  function truthfully(truth: readonly ChatCompletionChunk[], readers = 3): Testimony[] {
    const sum = truth.reduce<ChatCompletionChunk | undefined>((all, chunk) => mergeChunk(all, chunk), undefined)
    const testimony = { status: 'done', error: undefined, sum: canonicalOf(sum), replaced: 0, strangers: [] } as const
    return Array.from({ length: readers }, () => testimony)
  }

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  it.each<[string, { keepsData?: boolean }, (redis: RedisServer, about: About) => Promise<void> | void]>([
    ['the store is killed and started again, with its data', {}, restart],
    ['the store is killed and started again, and has lost everything', { keepsData: false }, restart],
    ['the store is emptied', {}, async ({ admin }) => void (await admin.flushall())],
    [
      'the store hangs for three seconds',
      {},
      async (redis) => {
        redis.freeze()
        await wait(3000)
        redis.thaw()
      },
    ],
    [
      'the connections that are listened on are cut',
      {},
      async ({ admin }) => void (await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')),
    ],
    ['all connections of the producing node are cut', {}, (_redis, { near }) => near.proxy.cut()],
    ['all connections of the other node are cut', {}, (_redis, { far }) => far.proxy.cut()],
    [
      'answers of the store are lost',
      {},
      async (_redis, { near }) => {
        near.proxy.swallowAnswers()
        await wait(100)
        near.proxy.mend()
      },
    ],
    [
      'the store throws a slow node out, because too much waits for it',
      {},
      async ({ admin }, { far, prefix, id }) => {
        await admin.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0')
        far.proxy.hold()
        // Of a version that nobody here knows: to be ignored, and long.
        const message = 'z'.repeat(100_000)
        for (let sent = 0; sent < 300; sent++) await admin.publish(`${prefix}c:${id}`, message)
        far.proxy.mend()
      },
    ],
    [
      'the store takes 50 ms for everything',
      {},
      async (_redis, { near, far, flow }) => {
        for (const { proxy } of [near, far]) proxy.delay(50)
        await flow()
        for (const { proxy } of [near, far]) proxy.mend()
      },
    ],
    [
      'the memory of the store is full for a while',
      {},
      async ({ admin }) => {
        await admin.config('SET', 'maxmemory', '1')
        await wait(500)
        await admin.config('SET', 'maxmemory', '0')
      },
    ],
    [
      'the store is a replica for a while',
      {},
      async ({ admin }) => {
        await admin.replicaof('127.0.0.1', 1)
        await wait(500)
        await admin.replicaof('NO', 'ONE')
      },
    ],
    [
      'the keys of the stream expire under those who follow it',
      {},
      async ({ admin }, { prefix, id }) => {
        for (const kind of ['s', 'l']) await admin.pexpire(`${prefix}${kind}:${id}`, 1)
      },
    ],
    ['the store forgets its scripts', {}, async ({ admin }) => void (await admin.script('FLUSH'))],
  ])(
    'everybody has the truth, and nobody has to forget anything, when %s',
    async (_name, options, fault) => {
      const { redis, testimonies, truth, end, flow, asked, ...about } = await followed(options)
      for (let times = 0; times < 2; times++) {
        await fault(redis, { ...about, flow })
        await flow()
      }
      end()
      expect(await testimonies).toEqual(truthfully(truth))
      expect(asked()).toBe(1)
    },
    TIMEOUT.timeout,
  )

  async function restart(redis: RedisServer): Promise<void> {
    await redis.kill()
    await wait(300)
    await redis.start()
  }

  it(
    'who comes to a node that knows nothing, before the producer has brought back what the store lost, is told to wait',
    async () => {
      const { redis, source, near, another, asked } = await relayOfTwo({ leaseMs: 3000 })
      const truth = [chunkOf({ content: 'lost and ' }), chunkOf({ content: 'found' }), chunkOf({}, 'stop')]
      const network = await startChaosProxy(near.port)
      opened.push(network)
      const stream = await connect({ socketUrl: near.socketUrl.replace(`${near.port}`, `${network.port}`) }).start(body)
      source.give(...truth.slice(0, 1))
      const testimony = witness(stream, truth)
      await expect.poll(() => stream.position?.o, TIMEOUT).toBe(1)
      const elsewhere = await another()
      const unknown = (): Promise<number> => fetch(`${elsewhere.url}/v1/streams/st_never`).then(({ status }) => status)
      expect(await unknown()).toBe(404)
      await redis.admin.flushall()
      const events = await fetch(`${elsewhere.url}/v1/streams/${stream.id}/events`)
      expect([events.status, events.headers.get('retry-after')]).toEqual([503, '1'])
      // One who has a position, and one who has nothing yet.
      network.leadTo(elsewhere.port)
      network.cut()
      const late = witness(connect(elsewhere).subscribe(stream.id), truth)
      await expect.poll(async () => (await fetch(`${elsewhere.url}/v1/streams/${stream.id}`)).status, TIMEOUT).toBe(200)
      source.give(...truth.slice(1))
      source.end()
      expect([await testimony, await late]).toEqual(truthfully(truth, 2))
      expect(asked()).toBe(1)
      // What nobody brings back within a lease is not there.
      await expect.poll(unknown, TIMEOUT).toBe(404)
    },
    TIMEOUT.timeout,
  )

  it(
    'everybody has the truth, and nobody has to forget anything, whatever error the store answers for a while',
    async () => {
      const { near, far, testimonies, truth, end, flow, asked } = await followed()
      for (const error of ERRORS) {
        for (const { proxy } of [near, far]) proxy.refuse(error)
        await wait(200)
        for (const { proxy } of [near, far]) proxy.mend()
        await flow()
      }
      end()
      expect(await testimonies).toEqual(truthfully(truth))
      expect(asked()).toBe(1)
      expect(near.relay.stats.storeFailures['append']).toBeGreaterThanOrEqual(ERRORS.length)
    },
    TIMEOUT.timeout,
  )

  it.skipIf(compiler === undefined).each([2, -2])(
    'everybody has the truth when the clock of the store jumps by %i hours, and back',
    async (hours) => {
      const clock = await storeClock()
      last.push(clock)
      const { redis, far, testimonies, truth, end, flow, asked, id } = await followed({ env: clock.env })
      await clock.set(hours * 3600)
      const [seconds] = await redis.admin.time()
      expect(Math.round((Number(seconds) - Date.now() / 1000) / 3600)).toBe(hours)
      await flow()
      await clock.set(0)
      await flow()
      const late = witness(connect(far).subscribe(id), truth)
      end()
      expect([...(await testimonies), await late]).toEqual(truthfully(truth, 4))
      expect(asked()).toBe(1)
    },
    TIMEOUT.timeout,
  )

  it(
    'everybody has the truth when the store has lost its newest chunks, and their producer lives',
    async () => {
      const { redis, prefix, id, testimonies, truth, end, flow } = await followed()
      // The producer is stopped between two additions: the script does all of it at once.
      await redis.admin.eval(LOSE_TEN, 0, prefix, id)
      await flow()
      end()
      expect(await testimonies).toEqual(truthfully(truth))
    },
    TIMEOUT.timeout,
  )

  it(
    'everybody has the truth when the store has lost a part of a stream only',
    async () => {
      for (const part of ['s', 'l']) {
        const { redis, prefix, id, testimonies, truth, end, flow } = await followed()
        await redis.admin.del(`${prefix}${part}:${id}`)
        await flow()
        end()
        expect(await testimonies).toEqual(truthfully(truth))
      }
    },
    TIMEOUT.timeout,
  )

  it(
    'chunks that are too long to be said are read',
    async () => {
      const { source, near, far } = await relayOfTwo()
      const first = await connect(near).start(body)
      const second = connect(far).subscribe(first.id)
      const truth = [chunkOf({ content: 'x'.repeat(300_000) }), chunkOf({ content: 'y' }, 'stop')]
      const testimonies = Promise.all([witness(first, truth), witness(second, truth)])
      source.give(...truth)
      source.end()
      expect(await testimonies).toEqual(truthfully(truth, 2))
    },
    TIMEOUT.timeout,
  )

  it('a connection that carries nothing any more is left for a new one', async () => {
    const redis = await startRedis(program)
    const proxy = await startChaosProxy(redis.port)
    const engine = createRedisEngine({ redis: `redis://127.0.0.1:${proxy.port}` })
    last.push(redis, proxy, engine)
    expect(await engine.read('st_never')).toBeUndefined()
    proxy.strand()
    const answer = (): Promise<string> =>
      engine.list('all', 1).then(
        () => 'answered',
        () => 'unreached',
      )
    expect(await answer()).toBe('unreached')
    expect(engine.isReachable).toBe(false)
    await expect.poll(answer, { timeout: 20_000 }).toBe('answered')
    expect(engine.isReachable).toBe(true)
  })

  it('what a store answered while this node stood still counts: neither it nor the connection is given up', async () => {
    const redis = await startRedis(program)
    last.push(redis)
    const engine = createRedisEngine({ redis: redis.url })
    last.push(engine)
    expect(await engine.read('st_never')).toBeUndefined()
    const before = await redis.admin.client('LIST')
    const answers = Array.from({ length: 3 }, () => engine.list('all', 1))
    // They are sent in this turn, and answered in another.
    await new Promise((resolve) => process.nextTick(resolve))
    for (const until = performance.now() + 3000; performance.now() < until;);
    expect(await Promise.all(answers)).toEqual([[], [], []])
    const idsOf = (list: unknown): string[] => String(list).match(/^id=\d+/gm) ?? []
    expect(idsOf(await redis.admin.client('LIST'))).toEqual(idsOf(before))
  })

  it('a store that is a cluster is refused, in so many words', async () => {
    const cluster = await startRedis(program, { isCluster: true })
    last.push(cluster)
    const engine = createRedisEngine({ redis: cluster.url })
    last.push(engine)
    await expect(engine.list('all', 1)).rejects.toThrow(/this Redis is a cluster, which the relay does not support/)
    await expect(engine.read('st_x')).rejects.toThrow(TypeError)
  })

  describe('a replica that takes the place of the store, without the newest chunks', () => {
    /** Follows a stream on a store that has a replica, which falls behind; then the replica is the store. */
    async function promoted() {
      const all = await followed({ leaseMs: 1500 })
      const replica = await startRedis(program)
      last.push(replica)
      await all.redis.admin.config('SET', 'repl-diskless-sync-delay', '0')
      await replica.admin.replicaof('127.0.0.1', all.redis.port)
      await expect.poll(() => replica.admin.exists(`${all.prefix}s:${all.id}`), TIMEOUT).toBe(1)
      await all.flow()
      await replica.admin.replicaof('NO', 'ONE')
      // What comes now, the replica does not get.
      await all.flow(20)
      return { ...all, replica }
    }

    it(
      'gets them again from their producer: everybody has the truth',
      async () => {
        const { redis, replica, near, far, testimonies, truth, flow, end } = await promoted()
        await redis.kill()
        for (const { proxy } of [near, far]) proxy.leadTo(replica.port)
        await flow()
        end()
        expect(await testimonies).toEqual(truthfully(truth))
      },
      TIMEOUT.timeout,
    )

    it(
      'ends the stream once where the producer is gone too, and everybody has the same beginning',
      async () => {
        const { redis, replica, near, far, id, truth, streams, asked } = await promoted()
        const seen = Math.min(...streams.map(({ position }) => position?.o ?? 0))
        near.proxy.swallow()
        far.proxy.leadTo(replica.port)
        await redis.kill()
        const [, reader] = streams
        await expect.poll(() => reader?.status, TIMEOUT).toBe('interrupted')
        const late = await witness(connect(far).subscribe(id), truth)
        expect(late).toMatchObject({ status: 'interrupted', strangers: [] })
        // It had more than the store has now, and was told to forget it.
        expect(reader?.position?.o).toBeLessThan(seen)
        expect(asked()).toBe(1)
      },
      TIMEOUT.timeout,
    )
  })

  describe('a producer that is cut off from the store', () => {
    it(
      'is replaced, ends as interrupted everywhere at one place, and adds nothing when it is back',
      async () => {
        const { near, testimonies, truth, far, id, asked, source } = await followed({ leaseMs: 1500 })
        near.proxy.swallow()
        const late = await witnessOn(far, id, truth)
        near.proxy.mend()
        const all = [...(await testimonies), late]
        expect(new Set(all.map(({ sum }) => sum)).size).toBe(1)
        for (const testimony of all)
          expect(testimony).toMatchObject({
            status: 'interrupted',
            error: { code: 'interrupted' },
            replaced: 0,
            strangers: [],
          })
        expect(asked()).toBe(1)
        // Whoever lost the stream lets go of the source.
        await source.left
      },
      TIMEOUT.timeout,
    )

    const witnessOn = (node: Node, id: string, truth: readonly ChatCompletionChunk[]): Promise<Testimony> =>
      witness(connect(node).subscribe(id), truth)
  })
})

/** What a server of Redis may answer that starts, is busy, is part of something larger, or has trouble with its disk. */
const ERRORS = [
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'MOVED 3999 127.0.0.1:1',
  'ASK 3999 127.0.0.1:1',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'CLUSTERDOWN The cluster is down',
  'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
  "READONLY You can't write against a read only replica.",
  'NOREPLICAS Not enough good replicas to write.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
  'NOSCRIPT No matching script. Please use EVAL.',
  "OOM command not allowed when used memory > 'maxmemory'.",
  'NOAUTH Authentication required.',
  'ERR of a later version',
]

/** Takes a store back by ten chunks, as a power cut does that comes before the disk. */
const LOSE_TEN = `local state, log = ARGV[1] .. 's:' .. ARGV[2], ARGV[1] .. 'l:' .. ARGV[2]
local o = tonumber(redis.call('HGET', state, 'o'))
for i = o - 9, o do redis.call('XDEL', log, i .. '-0') end
redis.call('XSETID', log, (o - 10) .. '-0')
return redis.call('HSET', state, 'o', o - 10)`

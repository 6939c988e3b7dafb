import { createHash } from 'node:crypto'
import type { RedisOptions } from 'ioredis'
import { type Clock, systemClock } from '../clock.ts'
import {
  type Attachment,
  type Created,
  DEFAULT_RETENTION,
  type Engine,
  type EngineEvent,
  type Following,
  type Lease,
  type NewStream,
  type Retention,
  type StreamState,
  type StreamSummary,
} from '../engine.ts'
import { onlyGiven } from '../only-given.ts'
import { epochOf } from '../protocol/position.ts'
import { createAppend } from './append-together.ts'
import { openChannels } from './channels.ts'
import { formatLineage } from './lineage.ts'
import { createLosses } from './losses.ts'
import { readStreamOf, summaryOf } from './state-of.ts'
import { openStore, type Reply } from './store.ts'
import { createTail, type Glance, type Tail } from './tail.ts'
import { createTopicTail } from './topic-tail.ts'

/** Where the store is, what its keys are called, and how long it keeps what. */
export interface RedisEngineOptions extends Retention {
  /**
   * Where the server is: an address, or the options of ioredis (a password, TLS, sentinels).
   *
   * @defaultValue `'redis://127.0.0.1:6379'`
   */
  redis?: string | RedisOptions | undefined
  /**
   * What the names of all keys and channels begin with. Relays with the same one are nodes of one relay.
   *
   * @defaultValue `'deltawire:'`
   */
  prefix?: string | undefined
  /**
   * How often the store is asked whether a message of it was lost.
   *
   * @defaultValue `1_500`: messages are lost with connections, and seldom otherwise
   */
  watchMs?: number | undefined
  /**
   * For how often to ask, and when a turn is over. Leases go by the clock of the store.
   *
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined
}

/** Streams that are compared at once. */
const WATCH_BATCH = 500

/**
 * Keeps streams in Redis 6.2 and later, or in Valkey, so that every node serves every stream.
 *
 * Opens two connections, one to ask on and one to listen on, whatever the number of streams and clients. A Redis Cluster
 * is not supported: what belongs together is done at once, which there only works within one slot.
 */
export function createRedisEngine(options: RedisEngineOptions = {}): Engine {
  const {
    redis: target = 'redis://127.0.0.1:6379',
    prefix = 'deltawire:',
    watchMs = 1500,
    clock = systemClock,
  } = options
  const { leaseMs, liveTtlMs, endedTtlMs, keyTtlMs } = { ...DEFAULT_RETENTION, ...onlyGiven(options) }
  const store = openStore(target)
  const channels = openChannels(target)
  const losses = createLosses({
    readMark: async () => String(await store.run('mark', prefix)),
    now: clock.now,
    recentMs: leaseMs,
  })
  const tails = new Set<Tail>()
  const watch = clock.repeat(watchMs, () => void compareAll().catch(() => {}))

  /** Who asks twice with the same key gets the same. */
  const placeOf = (owner: string, key: string): string => `${prefix}k:${digest(JSON.stringify([owner, key]))}`

  async function create(stream: NewStream): Promise<Created> {
    const { id, epoch, node, owner, key, request, topic = '', orphan, mustExist = false } = stream
    const about = [id, epoch, node, owner, key, request, topic, JSON.stringify(orphan), digest(request)]
    const kept = [placeOf(owner, key), leaseMs, liveTtlMs, keyTtlMs, Number(mustExist)]
    const reply = await store.run('create', prefix, ...about, ...kept)
    const [outcome, known = ''] = texts(reply)
    if (outcome === 'exists' || outcome === 'conflict') return { outcome, id: known }
    if (outcome === 'absent') return { outcome }
    return { outcome: 'created', lease: { id, fence: 1, ttlMs: leaseMs } }
  }

  const append = createAppend({ store, soon: clock.soon, about: [prefix, leaseMs, liveTtlMs, endedTtlMs] })

  const readFrom = async (id: string, from: number) => readStreamOf(await store.run('read', prefix, id, from), id, from)

  async function read(id: string): Promise<StreamState | undefined> {
    const found = await readFrom(id, -1)
    if (found !== undefined) return found.state
    await losses.look()
    if (losses.isRecent) throw new Error('the store has lost everything: what has a producer comes back within a lease')
    return undefined
  }

  async function attach(id: string, listener: (event: EngineEvent) => void): Promise<Attachment | undefined> {
    const tail = createTail({
      id,
      read: readFrom,
      tell: listener,
      now: clock.now,
      patienceMs: Math.max(3 * leaseMs, 30_000),
    })
    // First the channel, then the state: nothing falls between them.
    const stop = await channels.listen(`${prefix}c:${id}`, tail)
    const detach = (): void => {
      tail.stop()
      tails.delete(tail)
      stop()
    }
    try {
      const state = await read(id)
      if (state !== undefined) {
        tails.add(tail)
        tail.begin(state)
        return { state, detach }
      }
    } catch (reason) {
      detach()
      throw reason
    }
    detach()
    return undefined
  }

  /** Finds what was said and not heard. */
  async function compareAll(): Promise<void> {
    const all = [...tails]
    await losses.look()
    for (let at = 0; at < all.length; at += WATCH_BATCH) {
      const batch = all.slice(at, at + WATCH_BATCH)
      const fields = ['e', 'o', 'nf', 'end'] as const
      const found = await store.ask(async (redis) => {
        const pipeline = redis.pipeline()
        for (const { id } of batch) pipeline.hmget(`${prefix}s:${id}`, ...fields)
        return pipeline.exec()
      })
      for (const [n, tail] of batch.entries()) {
        const [failure, fieldsFound] = found?.[n] ?? []
        if (failure === null) tail.compare(glanceOf(fieldsFound as (string | null)[]))
      }
    }
  }

  async function takeOver(id: string, { node, epoch }: { node: string; epoch: string }): Promise<Lease | undefined> {
    const fence = await store.run('takeOver', prefix, id, node, epoch, leaseMs, liveTtlMs)
    return fence === null ? undefined : { id, fence: Number(fence), ttlMs: leaseMs }
  }

  async function renew(leases: readonly Lease[]): Promise<readonly string[]> {
    if (leases.length === 0) return []
    const asked = leases.flatMap(({ id, fence }) => [id, fence])
    return texts(await store.run('renew', prefix, leaseMs, liveTtlMs, ...asked))
  }

  async function restore(state: StreamState, { node, fence }: { node: string; fence: number }): Promise<boolean> {
    const { id, owner, key, request, topic = '', orphan, createdAt, lineage, base, sum = '', chunks } = state
    const flags = Object.entries(state.flags)
    const made = [
      owner,
      key,
      request,
      topic,
      JSON.stringify(orphan),
      createdAt,
      formatLineage(lineage),
      epochOf(lineage),
    ]
    const held = [id, node, fence, leaseMs, liveTtlMs, keyTtlMs, placeOf(owner, key), digest(request)]
    const kept = [base, sum, flags.length, ...flags.flat(), ...chunks]
    const reply = await store.run('restore', prefix, ...held, ...made, ...kept)
    return reply === 1
  }

  const readLive = async (topic: string): Promise<StreamSummary[]> =>
    summariesOf(await store.run('topic', prefix, topic))

  async function follow(topic: string, listener: (stream: StreamSummary) => void): Promise<Following> {
    const tail = createTopicTail({
      topic,
      tell: listener,
      readLive: () => readLive(topic),
      readSome: async (ids) => (ids.length === 0 ? [] : summariesOf(await store.run('summaries', prefix, ...ids))),
    })
    const leave = await channels.listen(`${prefix}u:${topic}`, tail)
    const stop = (): void => {
      tail.stop()
      leave()
    }
    try {
      const streams = await readLive(topic)
      tail.begin(streams)
      return { streams, stop }
    } catch (reason) {
      stop()
      throw reason
    }
  }

  return {
    create,
    append,
    async compact(id, { fence, o, sum }) {
      await store.run('compact', prefix, id, fence, o, sum)
    },
    read,
    attach,
    async watchers(id) {
      const [, count] = await store.ask((redis) => redis.pubsub('NUMSUB', `${prefix}c:${id}`))
      return Number(count)
    },
    takeOver,
    renew,
    restore,
    async flag(id, name, value) {
      const standing = await store.run('flag', prefix, id, name, value)
      return standing === null ? undefined : String(standing)
    },
    follow,
    list: async (which, limit) => summariesOf(await store.run(which === 'all' ? 'all' : 'orphaned', prefix, limit)),
    async once(word, ttlMs) {
      const answer = await store.ask((redis) => redis.set(`${prefix}o:${word}`, '', 'PX', Math.ceil(ttlMs), 'NX'))
      return answer === 'OK'
    },
    get isReachable() {
      return store.isReachable
    },
    async close() {
      watch.cancel()
      for (const tail of tails) tail.stop()
      tails.clear()
      channels.close()
      store.close()
    },
  }
}

/** Of what may be long or secret, as the name of something. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** A list of texts, as scripts give it. */
const texts = (reply: Reply): string[] => (Array.isArray(reply) ? reply.map(String) : [])

const summariesOf = (reply: Reply): StreamSummary[] =>
  (reply as readonly Reply[]).flatMap((one) => summaryOf(one) ?? [])

function glanceOf([epoch, tail, flags, end]: readonly (string | null)[]): Glance | undefined {
  if (typeof epoch !== 'string') return undefined
  return { epoch, tail: Number(tail), flags: Number(flags), isEnded: typeof end === 'string' }
}

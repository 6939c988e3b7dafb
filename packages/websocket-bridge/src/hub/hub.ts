import type { ChatCompletionRequest } from '@deltawire/core'
import type { Clock, Timer } from '../clock.ts'
import type { Created, Engine, Following, Lease, NewStream, StreamState, StreamSummary } from '../engine.ts'
import type { OrphanPolicy, Status } from '../protocol/frame.ts'
import { fromStore, Refusal, STORE_RETRY_MS } from '../refusal.ts'
import { createFlusher, type Flusher } from './flusher.ts'
import type { Limits } from './limits.ts'
import { createLocalStreams, type LocalStream, type LocalStreams } from './local-streams.ts'
import type { AboutStream, Action, Authorize, Principal } from './principal.ts'
import { CANCEL_FLAG, toolFlag } from './producer.ts'
import { createProductions, type EndedStream, type Open, type Productions, type Resume } from './productions.ts'
import { createStats, type Stats } from './stats.ts'
import { watchedEngine } from './watched-engine.ts'

export interface HubOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly limits: Limits
  readonly node: string
  readonly newId: () => string
  readonly newEpoch: () => string
  readonly authorize: Authorize
  readonly open: Open
  readonly resume: Resume | undefined
  readonly orphan: OrphanPolicy
  readonly onEnd: (ended: EndedStream) => Promise<void> | void
  readonly onError: (reason: unknown, about: { readonly id?: string }) => void
}

/** What somebody asks for who starts a stream. */
export interface StartOrder {
  /** The same key and request give the same stream, for each principal. */
  readonly key: string
  /** What the source is asked. */
  readonly request: ChatCompletionRequest
  /** Announces the stream under this name. */
  readonly topic?: string | undefined
  /**
   * What becomes of it when nobody follows it.
   *
   * @defaultValue that of the relay
   */
  readonly orphan?: OrphanPolicy | undefined
}

/** A stream that was asked for, new or not. */
export interface Started {
  readonly id: string
  /** What it is doing, or how it has ended: the key may be an old one. */
  readonly status: Status
  /** Whether it did not exist before. */
  readonly fresh: boolean
}

/** One node's streams, without any door: what may be asked, by whom, and what then happens. */
export interface Hub {
  /** Starts a stream, once per principal and key. */
  start(principal: Principal, order: StartOrder): Promise<Started>
  /** The stream, to follow it (`streams.follow`). */
  open(principal: Principal, id: string): Promise<LocalStream>
  /** Stops the source, wherever it is read. Gives how the stream ended, or `live` where it is about to. */
  cancel(principal: Principal, id: string): Promise<Status>
  /** Cancels whoever's stream it is: for admins. */
  kill(id: string): Promise<Status>
  /** @returns whether this output is the one that counts */
  toolOutput(principal: Principal, id: string, call: string, output: unknown): Promise<boolean>
  /** The live streams of a topic that the principal may read, and each that begins or ends there. */
  followTopic(principal: Principal, topic: string, listener: (stream: StreamSummary) => void): Promise<Following>
  /** All that is stored of a stream, without following it. */
  read(principal: Principal, id: string): Promise<StreamState>
  readonly streams: LocalStreams
  readonly productions: Productions
  readonly flusher: Flusher<LocalStream>
  readonly stats: Stats
  readonly engine: Engine
  readonly limits: Limits
  readonly clock: Clock
  readonly node: string
  /** Whether it begins nothing new. */
  readonly isDraining: boolean
  /** Since when the store has not answered, by the clock of the relay. */
  readonly unreachableSince: number | undefined
  /** Begins nothing new from now on. */
  drain(): void
  /** Called once a second. */
  onTick(listener: () => void): void
  close(): void
}

/** How often what runs out is looked at: leases of dead nodes, silent sources, tokens. */
const TICK_MS = 1_000
/** How often it is tried to make a stream, so that a short pause of the store costs nobody a request. */
const CREATE_ATTEMPTS = 3
const CREATE_PAUSE_MS = 250

export function createHub(options: HubOptions): Hub {
  const { clock, limits, node, newId, newEpoch, authorize, onError } = options
  const stats = createStats()
  const engine = watchedEngine(options.engine, {
    clock,
    onFailure: (call) => void (stats.storeFailures[call] = (stats.storeFailures[call] ?? 0) + 1),
    onError: (reason) => onError(reason, {}),
  })
  const flusher = createFlusher<LocalStream>(clock, flush)
  const streams = createLocalStreams({
    engine,
    clock,
    stalledAfterMs: limits.stalledAfterMs,
    onChange: (stream, chunks, isUrgent) => flusher.mark(stream, chunks * stream.readers.size, isUrgent),
  })
  const productions = createProductions({ ...options, engine, streams, stats })
  const listeners = new Set<() => void>()
  let isDraining = false
  let isClosed = false
  let unreachableSince: number | undefined
  let renewedAt = clock.now()
  const live = new Map<string, number>()
  const timer: Timer = clock.repeat(TICK_MS, tick)

  function flush(stream: LocalStream): void {
    for (const reader of stream.readers) streams.serve(stream, reader)
    stream.log.trim()
  }

  function tick(): void {
    const now = clock.now()
    unreachableSince = engine.isReachable ? undefined : (unreachableSince ?? now)
    streams.tick()
    productions.tick()
    for (const listener of listeners) listener()
    // A third of the shortest lease. A store that does not answer is asked again in a second.
    const shortest = Math.min(...[...productions.all.values()].map(({ lease }) => lease.ttlMs))
    if (now - renewedAt >= shortest / 3) {
      renewedAt = now
      void productions.renew().catch(() => (renewedAt = -Infinity))
    }
    if (!isDraining) void productions.sweep().catch(() => {})
  }

  async function allow(principal: Principal, action: Action): Promise<boolean> {
    // A function that forgets to answer must not let anybody do anything.
    return (await authorize(principal, action)) === true
  }

  /** To whoever may not even read a stream, it does not exist. */
  async function allowOn(principal: Principal, kind: 'cancel' | 'read' | 'tool', stream: AboutStream): Promise<void> {
    const { id, owner, topic } = stream
    const about = { id, owner, topic }
    if (await allow(principal, { kind, stream: about })) return
    const mayRead = kind !== 'read' && (await allow(principal, { kind: 'read', stream: about }))
    throw mayRead ? new Refusal('forbidden', 'This is not yours to do.') : unknownStream()
  }

  async function known(id: string): Promise<LocalStream> {
    const stream = await fromStore(streams.open(id))
    if (isClosed) throw goingAway()
    if (stream === undefined) throw unknownStream()
    return stream
  }

  function counted(principal: Principal, by: 1 | -1): void {
    const count = (live.get(principal.id) ?? 0) + by
    if (count === 0) live.delete(principal.id)
    else live.set(principal.id, count)
  }

  async function start(principal: Principal, order: StartOrder): Promise<Started> {
    if (isDraining) throw new Refusal('draining', 'This node begins nothing new.')
    // A drain that begins now waits for it: nobody else would begin the stream.
    return productions.during(() => startNow(principal, order))
  }

  async function startNow(principal: Principal, order: StartOrder): Promise<Started> {
    const { key, request, topic, orphan = options.orphan } = order
    if (!(await allow(principal, { kind: 'start', request, topic })))
      throw new Refusal('forbidden', 'This is not yours to start.')
    // One that there is already may be asked for again: the answer to who started it was lost.
    const isFull = (live.get(principal.id) ?? 0) >= limits.maxLiveStreams
    let isCounted = !isFull
    if (isCounted) counted(principal, 1)
    const release = (): void => {
      if (isCounted) counted(principal, -1)
      isCounted = false
    }
    try {
      const about = { owner: principal.id, key, request: JSON.stringify(request), topic, orphan }
      const created = await fromStore(create({ ...about, id: newId(), epoch: newEpoch(), node, mustExist: isFull }))
      if (created.outcome === 'absent')
        throw new Refusal('too_many', `No more than ${limits.maxLiveStreams} streams at once (maxLiveStreams).`)
      if (created.outcome === 'conflict') throw new Refusal('conflict', 'This key was used with another request.')
      if (created.outcome === 'created') {
        stats.streamsStarted++
        void produce(created.lease).finally(release)
        return { id: created.lease.id, status: 'live', fresh: true }
      }
      const { log } = await known(created.id)
      release()
      return { id: created.id, status: log.end?.st ?? 'live', fresh: false }
    } catch (reason) {
      release()
      throw reason
    }
  }

  /** With the same id, only this node can ask again: a stream that was made and not begun would wait for its lease to end. */
  async function create(stream: NewStream, attempts = CREATE_ATTEMPTS): Promise<Created> {
    try {
      return await engine.create(stream)
    } catch (reason) {
      if (attempts <= 1) throw reason
      await new Promise<void>((resolve) => void clock.start(CREATE_PAUSE_MS, resolve))
      return create(stream, attempts - 1)
    }
  }

  async function produce(lease: Lease): Promise<void> {
    try {
      await productions.begin(lease)
      await productions.all.get(lease.id)?.done
    } catch (reason) {
      // The lease runs out, and somebody ends the stream.
      onError(reason, { id: lease.id })
    }
  }

  async function cancel(principal: Principal, id: string): Promise<Status> {
    const stream = await known(id)
    await allowOn(principal, 'cancel', stream)
    return kill(id)
  }

  async function kill(id: string): Promise<Status> {
    const stream = await known(id)
    if (stream.log.end === undefined && (await fromStore(engine.flag(id, CANCEL_FLAG, '1'))) === undefined)
      throw lostStream()
    return stream.log.end?.st ?? 'live'
  }

  async function toolOutput(principal: Principal, id: string, call: string, output: unknown): Promise<boolean> {
    const stream = await known(id)
    await allowOn(principal, 'tool', stream)
    if (stream.log.end !== undefined) return false
    const name = toolFlag(call)
    const outputs = Object.keys(stream.flags).filter((flag) => flag !== CANCEL_FLAG)
    if (!outputs.includes(name) && outputs.length >= limits.maxToolOutputs)
      throw new Refusal('too_large', `No more than ${limits.maxToolOutputs} outputs of tools (maxToolOutputs).`)
    // Whose output it is tells whether it is the one that stands.
    const given = JSON.stringify({ by: newId(), output })
    const standing = await fromStore(engine.flag(id, name, given))
    if (standing === undefined) throw lostStream()
    return standing === given
  }

  async function followTopic(
    principal: Principal,
    topic: string,
    listener: (stream: StreamSummary) => void,
  ): Promise<Following> {
    if (!(await allow(principal, { kind: 'follow', topic })))
      throw new Refusal('forbidden', 'This topic is not yours to follow.')
    const mayRead = (stream: StreamSummary): Promise<boolean> => allow(principal, { kind: 'read', stream })
    const fail = (reason: unknown, stream: StreamSummary): false => {
      onError(reason, stream)
      return false
    }
    // In the order in which it happened, however long each answer takes: who hears of an end last believes that.
    let told: Promise<unknown> = Promise.resolve()
    const following = await fromStore(
      engine.follow(topic, (stream) => {
        const verdict = mayRead(stream).catch((reason: unknown) => fail(reason, stream))
        told = Promise.all([verdict, told])
          .then(([may]) => may && listener(stream))
          .catch((reason: unknown) => fail(reason, stream))
      }),
    )
    try {
      const readable = await Promise.all(following.streams.map(mayRead))
      return { streams: following.streams.filter((_stream, at) => readable[at] === true), stop: following.stop }
    } catch (reason) {
      following.stop()
      throw reason
    }
  }

  async function read(principal: Principal, id: string): Promise<StreamState> {
    const state = await fromStore(engine.read(id))
    if (state === undefined) throw unknownStream()
    await allowOn(principal, 'read', state)
    return state
  }

  return {
    start,
    async open(principal, id) {
      const stream = await known(id)
      await allowOn(principal, 'read', stream)
      // This node may have let it go while that was asked.
      return streams.all.get(id) === stream ? stream : known(id)
    },
    cancel,
    kill,
    toolOutput,
    followTopic,
    read,
    streams,
    productions,
    flusher,
    stats,
    engine,
    limits,
    clock,
    node,
    get isDraining() {
      return isDraining
    },
    get unreachableSince() {
      return unreachableSince
    },
    drain() {
      isDraining = true
    },
    onTick: (listener) => void listeners.add(listener),
    close() {
      isDraining = isClosed = true
      timer.cancel()
      flusher.close()
      productions.abandon()
      streams.close()
    },
  }
}

/** This node follows it, and the store does not know it any more: its producer may bring it back. */
const lostStream = (): Refusal =>
  new Refusal('unavailable', 'The store has lost this stream, which may come back.', { retryMs: STORE_RETRY_MS })

/** This node is closed: another one has everything that its store has. */
export const goingAway = (): Refusal => new Refusal('draining', 'This node goes away.', { retryMs: STORE_RETRY_MS })

const unknownStream = (): Refusal => new Refusal('not_found', 'There is no such stream.')

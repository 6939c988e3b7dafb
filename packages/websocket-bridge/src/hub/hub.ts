import type { Clock, Timer } from '../clock.ts'
import type { Engine, Following, StreamState, StreamSummary } from '../engine.ts'
import type { OrphanPolicy, Status } from '../protocol/frame.ts'
import { fromStore, Refusal } from '../refusal.ts'
import { createFlusher, type Flusher } from './flusher.ts'
import { followTopic } from './follow-topic.ts'
import type { Limits } from './limits.ts'
import { createLocalStreams, type LocalStream, type LocalStreams } from './local-streams.ts'
import { createPermissions } from './permissions.ts'
import type { Authorize, Principal } from './principal.ts'
import { CANCEL_FLAG, toolFlag } from './producer.ts'
import { createProductions, type EndedStream, type Open, type Productions, type Resume } from './productions.ts'
import { goingAway, lostStream, unknownStream } from './refusals.ts'
import { createStart, type StartOrder, type Started } from './start.ts'
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

export function createHub(options: HubOptions): Hub {
  const { clock, limits, node, newId, onError } = options
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
  const permissions = createPermissions(options.authorize)
  const begin = createStart({ ...options, engine, permissions, productions, stats, known })
  const listeners = new Set<() => void>()
  let isDraining = false
  let isClosed = false
  let unreachableSince: number | undefined
  let renewedAt = clock.now()
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

  async function known(id: string): Promise<LocalStream> {
    const stream = await fromStore(streams.open(id))
    if (isClosed) throw goingAway()
    if (stream === undefined) throw unknownStream()
    return stream
  }

  async function start(principal: Principal, order: StartOrder): Promise<Started> {
    if (isDraining) throw new Refusal('draining', 'This node begins nothing new.')
    // A drain that begins now waits for it: nobody else would begin the stream.
    return productions.during(() => begin(principal, order))
  }

  async function cancel(principal: Principal, id: string): Promise<Status> {
    const stream = await known(id)
    await permissions.checkOn(principal, 'cancel', stream)
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
    await permissions.checkOn(principal, 'tool', stream)
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

  async function read(principal: Principal, id: string): Promise<StreamState> {
    const state = await fromStore(engine.read(id))
    if (state === undefined) throw unknownStream()
    await permissions.checkOn(principal, 'read', state)
    return state
  }

  return {
    start,
    async open(principal, id) {
      const stream = await known(id)
      await permissions.checkOn(principal, 'read', stream)
      // This node may have let it go while that was asked.
      return streams.all.get(id) === stream ? stream : known(id)
    },
    cancel,
    kill,
    toolOutput,
    async followTopic(principal, topic, listener) {
      if (!(await permissions.may(principal, { kind: 'follow', topic })))
        throw new Refusal('forbidden', 'This topic is not yours to follow.')
      const mayRead = (stream: StreamSummary): Promise<boolean> => permissions.may(principal, { kind: 'read', stream })
      return followTopic({ engine, topic, mayRead, onError }, listener)
    },
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

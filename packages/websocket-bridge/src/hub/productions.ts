import type { ChatCompletionRequest } from '@deltawire/core'
import type { Clock } from '../clock.ts'
import type { Engine, Lease, StreamEnd } from '../engine.ts'
import type { WireChunk } from '../protocol/frame.ts'
import type { Limits } from './limits.ts'
import type { LocalStream, LocalStreams } from './local-streams.ts'
import { type Production, type Source, type SourceContext, startProducer } from './producer.ts'
import type { Stats } from './stats.ts'

/** What a source is told of the stream that it is for. */
export interface OpenContext extends SourceContext {
  readonly stream: { readonly id: string; readonly owner: string; readonly topic: string | undefined }
}

/** What a source is told that goes on where another has broken off. */
export interface ResumeContext extends OpenContext {
  /** How many chunks there are already. The source gives those that follow. */
  readonly offset: number
}

/** Begins an answer. */
export type Open = (request: ChatCompletionRequest, context: OpenContext) => Promise<Source> | Source

/** Goes on with an answer whose producer has died. `undefined` where that is not possible. */
export type Resume = (
  request: ChatCompletionRequest,
  context: ResumeContext,
) => Promise<Source | undefined> | Source | undefined

/** A stream that has ended, for whoever keeps finished answers. */
export interface EndedStream {
  readonly id: string
  /** The `id` of the principal who started it. */
  readonly owner: string
  /** Under which it was announced, if at all. */
  readonly topic: string | undefined
  readonly request: ChatCompletionRequest
  /** How it ended. */
  readonly end: StreamEnd
  /** All that arrived. `undefined`: nothing did. */
  readonly sum: WireChunk | undefined
}

export interface ProductionsOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly limits: Limits
  readonly node: string
  readonly newEpoch: () => string
  readonly streams: LocalStreams
  readonly stats: Stats
  readonly open: Open
  readonly resume: Resume | undefined
  readonly onEnd: (ended: EndedStream) => Promise<void> | void
  readonly onError: (reason: unknown, stream: { readonly id: string }) => void
}

/** The streams that this node produces. */
export interface Productions {
  /**
   * Begins the stream that this lease is for.
   *
   * @throws what the store threw, when it did not answer as long as the lease lasted
   */
  begin(lease: Lease): Promise<void>
  /** Takes streams over whose producers have died. */
  sweep(): Promise<void>
  /** Keeps the leases. */
  renew(): Promise<void>
  /** Once a second. */
  tick(): void
  readonly all: ReadonlyMap<string, Production>
  /** Does what may lead to a production. Nobody is idle meanwhile. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when none is left, and none is about to begin. */
  idle(): Promise<void>
  /** Ends all of them with what has come, those that are about to begin too. */
  interrupt(): void
  /** Gives all of them up: others will take them over. */
  abandon(): void
}

/** Streams that one sweep looks at. */
const SWEEP_LIMIT = 32
/** How soon a store that did not answer is asked again. */
const AGAIN_MS = 500

export function createProductions(options: ProductionsOptions): Productions {
  const { engine, clock, limits, node, newEpoch, streams, stats, open, resume, onEnd, onError } = options
  const all = new Map<string, Production>()
  let nowIdle: (() => void)[] = []
  /** How much is being done that may lead to a production. */
  let pending = 0
  /** What becomes of whatever begins from now on. */
  let fate: 'abandoned' | 'interrupted' | undefined
  const unfollowedSince = new WeakMap<Production, number>()

  /** While the lease lasts: a store that does not answer now is asked again, and nothing of the source has been read. */
  async function begin(lease: Lease): Promise<void> {
    const startedAt = clock.now()
    for (;;) {
      try {
        await run(lease, (stream, context) => open(requestOf(stream), context))
        // All leases are renewed in turns, of which the next may be too late for one of which much is over.
        if (clock.now() - startedAt >= lease.ttlMs / 3) void renew().catch(() => {})
        return
      } catch (reason) {
        if (fate === 'abandoned' || clock.now() + AGAIN_MS >= startedAt + lease.ttlMs) throw reason
        await new Promise<void>((resolve) => void clock.start(AGAIN_MS, resolve))
      }
    }
  }

  /** Goes on with a stream that was taken over, or ends it: somebody must say that it is over. */
  async function goOn(lease: Lease): Promise<void> {
    stats.streamsTakenOver++
    await run(lease, (stream, context, offset) => resume?.(requestOf(stream), { ...context, offset }))
  }

  async function run(
    lease: Lease,
    source: (
      stream: LocalStream,
      context: OpenContext,
      offset: number,
    ) => Promise<Source | undefined> | Source | undefined,
  ): Promise<void> {
    // First the state, then the stream: what nobody holds is let go while a store thinks.
    const state = await engine.read(lease.id)
    const stream = await streams.open(lease.id)
    // A store that has lost it at once: nobody has seen anything of it.
    if (stream === undefined || state === undefined || fate === 'abandoned') return
    const { id, owner, topic } = stream
    const offset = state.base + state.chunks.length
    const production = startProducer({
      engine,
      clock,
      limits,
      node,
      newEpoch,
      lease,
      stream,
      state,
      open: (context) =>
        fate === undefined ? source(stream, { ...context, stream: { id, owner, topic } }, offset) : undefined,
      onChunk: () => void stats.chunksRead++,
      onError: (reason) => onError(reason, stream),
    })
    all.set(id, production)
    void production.done.then((end) => over(production, end))
  }

  function over(production: Production, end: StreamEnd | undefined): void {
    const { stream, sum } = production
    const { id, owner, topic } = stream
    if (all.get(id) === production) all.delete(id)
    if (end === undefined) stats.streamsLost++
    else {
      stats.streamsEnded[end.st]++
      const ended: EndedStream = { id, owner, topic, request: requestOf(stream), end, sum }
      // A node that leaves waits for whoever keeps the answer.
      void during(() => tell(ended))
    }
    tellIdle()
  }

  async function tell(ended: EndedStream): Promise<void> {
    try {
      await onEnd(ended)
    } catch (reason) {
      onError(reason, ended)
    }
  }

  async function during<T>(work: () => Promise<T>): Promise<T> {
    pending++
    try {
      return await work()
    } finally {
      pending--
      tellIdle()
    }
  }

  const isIdle = (): boolean => all.size === 0 && pending === 0

  function tellIdle(): void {
    if (!isIdle()) return
    for (const resolve of nowIdle) resolve()
    nowIdle = []
  }

  async function sweep(): Promise<void> {
    for (const { id } of await engine.list('orphaned', SWEEP_LIMIT)) {
      // Ours, of which the store has not heard for a while.
      if (all.has(id)) continue
      await during(async () => {
        const lease = await engine.takeOver(id, { node, epoch: newEpoch() })
        if (lease !== undefined) await goOn(lease)
      })
    }
  }

  async function renew(): Promise<void> {
    if (all.size === 0) return
    const askedAt = clock.now()
    const asked = [...all.values()]
    const lost = new Set(await engine.renew(asked.map(({ lease }) => lease)))
    for (const production of asked) {
      if (lost.has(production.lease.id)) production.doubt()
      else production.confirm(askedAt)
    }
  }

  /** Whether nobody follows a stream on any node. The producer's own node is attached to it. */
  async function isUnfollowed({ stream }: Production): Promise<boolean> {
    return stream.readers.size === 0 && (await engine.watchers(stream.id)) <= 1
  }

  async function mindOrphan(production: Production, afterMs: number): Promise<void> {
    if (!(await isUnfollowed(production))) {
      unfollowedSince.delete(production)
      return
    }
    const since = unfollowedSince.get(production) ?? clock.now()
    unfollowedSince.set(production, since)
    if (clock.now() - since >= afterMs) production.stop({ st: 'cancelled' })
  }

  function tick(): void {
    const now = clock.now()
    for (const production of all.values()) {
      production.tick(now)
      const { orphan } = production.stream
      // A store that does not answer now is asked again in a second.
      if (orphan !== 'continue') void mindOrphan(production, orphan.cancelAfterMs).catch(() => {})
    }
  }

  return {
    begin: (lease) => during(() => begin(lease)),
    sweep,
    renew,
    tick,
    all,
    during,
    idle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => nowIdle.push(resolve))),
    interrupt() {
      fate = 'interrupted'
      for (const production of all.values()) production.stop({ st: 'interrupted' })
    },
    abandon() {
      fate = 'abandoned'
      for (const production of all.values()) production.abandon()
    },
  }
}

/** What was asked for, as it was written when the stream was made. */
const requestOf = ({ request }: { readonly request: string }): ChatCompletionRequest =>
  JSON.parse(request) as ChatCompletionRequest

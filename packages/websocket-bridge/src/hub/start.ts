import type { ChatCompletionRequest } from '@deltawire/core'
import type { Clock } from '../clock.ts'
import type { Created, Engine, Lease, NewStream } from '../engine.ts'
import type { OrphanPolicy, Status } from '../protocol/frame.ts'
import { fromStore, Refusal } from '../refusal.ts'
import type { Limits } from './limits.ts'
import type { LocalStream } from './local-streams.ts'
import type { Permissions } from './permissions.ts'
import type { Principal } from './principal.ts'
import type { Productions } from './productions.ts'
import type { Stats } from './stats.ts'

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

/** Starts a stream, once per principal and key. */
export type Start = (principal: Principal, order: StartOrder) => Promise<Started>

export interface StartOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly limits: Limits
  readonly node: string
  readonly newId: () => string
  readonly newEpoch: () => string
  /** Of streams whose order does not say. */
  readonly orphan: OrphanPolicy
  readonly permissions: Permissions
  readonly productions: Productions
  readonly stats: Stats
  /** The stream of this id. @throws Refusal where there is none */
  readonly known: (id: string) => Promise<LocalStream>
  readonly onError: (reason: unknown, about: { readonly id?: string }) => void
}

/** How often it is tried to make a stream, so that a short pause of the store costs nobody a request. */
const CREATE_ATTEMPTS = 3
const CREATE_PAUSE_MS = 250

export function createStart(options: StartOptions): Start {
  const { engine, clock, limits, node, newId, newEpoch, permissions, productions, stats, known, onError } = options
  /** How many streams each principal has that this node makes. */
  const live = new Map<string, number>()

  function counted(principal: Principal, by: 1 | -1): void {
    const count = (live.get(principal.id) ?? 0) + by
    if (count === 0) live.delete(principal.id)
    else live.set(principal.id, count)
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

  return async function start(principal, order) {
    const { key, request, topic, orphan = options.orphan } = order
    if (!(await permissions.may(principal, { kind: 'start', request, topic })))
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
}

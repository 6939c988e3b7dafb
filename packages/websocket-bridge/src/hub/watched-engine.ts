import type { Clock } from '../clock.ts'
import type { Engine } from '../engine.ts'

/** What a store is asked for. */
export type StoreCall = Exclude<keyof Engine, 'close' | 'isReachable'>

export interface WatchedEngineOptions {
  readonly clock: Clock
  /** Called with each failure: to be counted. */
  readonly onFailure: (call: StoreCall) => void
  /** Called with why the store failed, now and then while it goes on. Clients are told nothing of it. */
  readonly onError: (reason: Error) => void
}

/** How often the same failure is told: a store that is away fails many times a second. */
const TELL_AGAIN_MS = 5_000
/** Different ones that are remembered. */
const MAX_REMEMBERED = 32

/** An engine whose failures are counted and told. What it answers, and how fast, stays as it is. */
export function watchedEngine(engine: Engine, { clock, onFailure, onError }: WatchedEngineOptions): Engine {
  const told = new Map<string, number>()

  function fail(call: StoreCall, cause: unknown): void {
    onFailure(call)
    const message = `the store failed (${call}): ${cause instanceof Error ? cause.message : String(cause)}`
    const now = clock.now()
    if (now - (told.get(message) ?? -Infinity) < TELL_AGAIN_MS) return
    if (told.size >= MAX_REMEMBERED) told.clear()
    told.set(message, now)
    onError(new Error(message, { cause }))
  }

  /** Looks at an answer beside those who wait for it, so that nobody waits longer. */
  function watch<T>(call: StoreCall, answer: Promise<T>): Promise<T> {
    answer.catch((reason: unknown) => fail(call, reason))
    return answer
  }

  return {
    create: (stream) => watch('create', engine.create(stream)),
    append: (id, addition) => watch('append', engine.append(id, addition)),
    compact: (id, snapshot) => watch('compact', engine.compact(id, snapshot)),
    read: (id) => watch('read', engine.read(id)),
    attach: (id, listener) => watch('attach', engine.attach(id, listener)),
    watchers: (id) => watch('watchers', engine.watchers(id)),
    takeOver: (id, lease) => watch('takeOver', engine.takeOver(id, lease)),
    renew: (leases) => watch('renew', engine.renew(leases)),
    restore: (state, lease) => watch('restore', engine.restore(state, lease)),
    flag: (id, name, value) => watch('flag', engine.flag(id, name, value)),
    follow: (topic, listener) => watch('follow', engine.follow(topic, listener)),
    list: (which, limit) => watch('list', engine.list(which, limit)),
    once: (word, ttlMs) => watch('once', engine.once(word, ttlMs)),
    get isReachable() {
      return engine.isReachable
    },
    close: () => engine.close(),
  }
}

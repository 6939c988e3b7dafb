import { Redis, type RedisOptions } from 'ioredis'
import { endSilent, inTime, readyInTime } from './in-time.ts'
import { type ScriptName, SCRIPTS } from './scripts.ts'

/** A script's answer: what it says, with numbers, texts and lists. */
export type Reply = string | number | null | readonly Reply[]

/** The connection on which this node asks. */
export interface Store {
  run(script: ScriptName, ...args: readonly (string | number)[]): Promise<Reply>
  /** Asks for something that is no script. */
  ask<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  /** Whether the store answered last. */
  readonly isReachable: boolean
  close(): void
}

/**
 * How a connection behaves that must rather fail than hang.
 *
 * A command whose answer does not come is not sent again by itself: whoever asked knows whether that is right.
 */
const CAREFUL: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // How long an answer may take is ours to say (`inTime`).
  connectTimeout: 2500,
  // A store that is back is soon found: leases do not wait.
  retryStrategy: (times) => Math.min(times * 50, 250),
  // A replica that is no primary any more, or not yet.
  reconnectOnError: (reason) => reason.message.startsWith('READONLY'),
}

/** Opens a connection, which opens again whenever it is lost. Its failures are told by the commands. */
export function openConnection(target: string | RedisOptions, over: RedisOptions): Redis {
  // The constructor takes `RedisOptions`, but for an `undefined` that stands in them: its types say so, not its code.
  const options: object = { ...CAREFUL, ...(typeof target === 'object' && target), ...over }
  const redis = typeof target === 'string' ? new Redis(target, options) : new Redis(options)
  redis.on('error', (reason) => failures.set(redis, reason))
  redis.on('ready', () => failures.delete(redis))
  // A store that is stopped accepts connections and does not answer.
  redis.on('connect', () => endSilent(redis))
  return redis
}

/** Why a connection was lost, or could not be opened: the commands only say that it is not there. */
const failures = new WeakMap<Redis, Error>()

function unreached(redis: Redis, cause = failures.get(redis)): Error {
  return new Error(`the store is not reached: ${cause?.message ?? redis.status}`, { cause })
}

const waiting = new WeakMap<Redis, Promise<void>>()

/** Resolves when a connection may be used; rejects when that takes too long. All who wait share one timer. */
export async function readiness(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  const known = waiting.get(redis)
  if (known !== undefined) return known
  const ready = untilReady(redis).finally(() => waiting.delete(redis))
  waiting.set(redis, ready)
  await ready
}

async function untilReady(redis: Redis): Promise<void> {
  if (!(await readyInTime(redis))) throw unreached(redis)
}

const CLUSTER =
  'this Redis is a cluster, which the relay does not support: what belongs to one stream is done at once, in keys of many slots. Give it a Redis of its own, with a replica if it must not be away'

export function openStore(target: string | RedisOptions): Store {
  const scripts = Object.fromEntries(
    Object.entries(SCRIPTS).map(([name, lua]) => [scriptName(name), { lua, numberOfKeys: 0 }]),
  )
  const redis = openConnection(target, { scripts })
  let isAnswering = true

  // Asked on each connection, as it is told there.
  let isCluster = false
  redis.on('ready', () => {
    void redis.info('cluster').then(
      (info) => (isCluster = info.includes('cluster_enabled:1')),
      () => {},
    )
  })

  async function ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    await readiness(redis)
    if (isCluster) throw new TypeError(CLUSTER)
    try {
      const answer = await inTime(redis, command(redis))
      isAnswering = true
      return answer
    } catch (reason) {
      isAnswering = false
      throw isCluster ? new TypeError(CLUSTER, { cause: reason }) : reason
    }
  }

  return {
    ask,
    run: (script, ...args) => ask(() => scriptOf(redis, script)(...args)),
    get isReachable() {
      return isAnswering && redis.status === 'ready'
    },
    close: () => redis.disconnect(),
  }
}

type Script = (...args: readonly (string | number)[]) => Promise<Reply>

function scriptOf(redis: Redis, name: ScriptName): Script {
  // Defined by the option `scripts`, which its types do not know.
  const { [scriptName(name)]: script } = redis as unknown as { readonly [name: string]: Script }
  if (script === undefined) throw new TypeError(`there is no script ${name}`)
  return script.bind(redis)
}

/** Under a name that no command has. */
const scriptName = (name: string): string => `deltawire_${name}`

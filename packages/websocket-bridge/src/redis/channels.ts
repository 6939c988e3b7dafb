import type { RedisOptions } from 'ioredis'
import { inTime } from './in-time.ts'
import { openConnection, readiness } from './store.ts'

/** What is said on channels, over one connection however many there are. */
export interface Channels {
  /** Listens on a channel. Resolves when nothing is missed any more, to what stops that. */
  listen(channel: string, listener: Listener): Promise<() => void>
  close(): void
}

export interface Listener {
  hear(message: string): void
  /** The connection was lost, and is back: messages may have been missed. */
  missed(): void
}

/** Channels that one command subscribes to. */
const BATCH = 500

export function openChannels(target: string | RedisOptions): Channels {
  const redis = openConnection(target, {
    // Done here, so that what was missed is asked for when all channels are there again.
    autoResubscribe: false,
    // There may be nothing to hear for hours.
    keepAlive: 10_000,
  })
  const listening = new Map<string, Set<Listener>>()

  redis.on('message', (channel: string, message: string) => {
    for (const listener of listening.get(channel) ?? []) listener.hear(message)
  })
  redis.on('ready', () => void subscribeAgain().catch(() => redis.disconnect(true)))

  async function subscribeAgain(): Promise<void> {
    const names = [...listening.keys()]
    for (let at = 0; at < names.length; at += BATCH) {
      const batch = names.slice(at, at + BATCH)
      await inTime(redis, redis.subscribe(...batch))
      for (const name of batch) for (const listener of listening.get(name) ?? []) listener.missed()
    }
  }

  function leave(channel: string, listener: Listener): void {
    const listeners = listening.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    listening.delete(channel)
    // A connection that is lost has no subscriptions.
    redis.unsubscribe(channel).catch(() => {})
  }

  return {
    async listen(channel, listener) {
      await readiness(redis)
      const listeners = listening.get(channel) ?? new Set()
      listening.set(channel, listeners.add(listener))
      try {
        await inTime(redis, redis.subscribe(channel))
      } catch (reason) {
        leave(channel, listener)
        throw reason
      }
      return () => leave(channel, listener)
    },
    close() {
      listening.clear()
      redis.disconnect()
    },
  }
}

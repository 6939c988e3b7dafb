import type { MessageStore } from './message-store.ts'

/** How much a store in memory may hold. */
export interface MemoryStoreOptions {
  /**
   * How many messages are kept. Beyond it, those that nobody has read or written for longest are forgotten.
   *
   * @defaultValue `10_000`
   */
  maxMessages?: number | undefined
}

/** Messages in the memory of this process, gone with it. */
export function createMemoryStore({ maxMessages = 10_000 }: MemoryStoreOptions = {}): MessageStore {
  if (!(maxMessages >= 1))
    throw new TypeError(`maxMessages must be a number of at least 1, as in { maxMessages: 10_000 }`)
  // A map remembers in which order keys came: the first has not been touched for longest.
  const messages = new Map<string, object>()
  return {
    get(id) {
      const message = messages.get(id)
      if (message === undefined) return undefined
      messages.delete(id)
      messages.set(id, message)
      return message
    },
    set(id, message) {
      messages.delete(id)
      messages.set(id, message)
      for (const [oldest] of messages) {
        if (messages.size <= maxMessages) break
        messages.delete(oldest)
      }
    },
  }
}

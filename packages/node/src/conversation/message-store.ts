import { ConversationError } from './conversation-error.ts'

/**
 * Where messages are kept, each under its id: a `Map`, a Keyv over any of its adapters, or an adapter of your own.
 *
 * Values are plain JSON. A key is written by the one `send` that made its id, and never read, changed and written back:
 * processes that share a store don't lose each other's messages, as long as the store writes keys one by one.
 */
export interface MessageStore {
  /** The value, or `undefined` where there is none. */
  get(id: string): unknown
  /** Keeps the value. Resolving to `false` means that it could not, as with Keyv. */
  set(id: string, value: object): unknown
}

/** A store, or a `TypeError` that shows one. */
export function checkStore(store: MessageStore): MessageStore {
  if (typeof store?.get === 'function' && typeof store.set === 'function') return store
  throw new TypeError('store must have get and set, as in { store: new Map() } or { store: new Keyv(…) }')
}

/** @throws ConversationError `store_failed` */
export async function readValue(store: MessageStore, messageId: string): Promise<unknown> {
  try {
    return await store.get(messageId)
  } catch (cause) {
    throw failed('read', messageId, cause)
  }
}

/** @throws ConversationError `store_failed` */
export async function writeValue(store: MessageStore, messageId: string, value: object): Promise<void> {
  let kept: unknown
  try {
    kept = await store.set(messageId, value)
  } catch (cause) {
    throw failed('write', messageId, cause)
  }
  if (kept === false) throw failed('write', messageId, undefined)
}

function failed(action: 'read' | 'write', messageId: string, cause: unknown): ConversationError<'store_failed'> {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  const message = `the store could not ${action} the message ${messageId}${why}`
  return new ConversationError('store_failed', message, { messageId, action }, { cause })
}

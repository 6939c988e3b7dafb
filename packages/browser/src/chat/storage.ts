import type { Message } from './message.ts'
import type { ToolSet } from './tool.ts'

/** A chat as plain data: for a store, another page, the server's first rendering. */
export interface SerializedChat<T extends ToolSet = ToolSet> {
  readonly id: string
  readonly messages: readonly Message<T>[]
  /** The answer that was on its way: which stream, and which message it fills. */
  readonly live?: LiveAnswer
  /** Streams that were stopped, the last 20: they are never taken up by themselves. */
  readonly stopped?: readonly string[]
}

/** An answer that was under way when the chat was kept, to be taken up. */
export interface LiveAnswer {
  /** The server's name for the stream. */
  readonly streamId: string
  /** The message that it fills. */
  readonly messageId: string
}

/** Where a chat is kept while the page reloads. */
export interface ChatStorage {
  /** What was kept; `undefined` if nothing was. Asked once, when somebody first subscribes. */
  get(): SerializedChat | undefined
  /** Keeps the chat. It may be called often: what is slow should wait by itself. */
  set(chat: SerializedChat): void
}

/** Keeps a chat in the tab's `sessionStorage`: it survives a reload, and no other tab sees it. */
export const sessionChatStorage = (key: string): ChatStorage => inWebStorage(() => sessionStorage, key)

/**
 * Keeps a chat in `localStorage`: other tabs that open it have it too, and follow its answer.
 *
 * Tabs that are open do not tell each other of new messages. The one that writes last is kept.
 */
export const localChatStorage = (key: string): ChatStorage => inWebStorage(() => localStorage, key)

/** A store that is full or forbidden is passed over: a chat that can't be kept is still a chat. */
function inWebStorage(storage: () => Storage, key: string): ChatStorage {
  return {
    get() {
      try {
        const chat = JSON.parse(storage().getItem(key) ?? '') as SerializedChat
        // It was put there by `set`, or by another version of the page, or by anybody else.
        return chat.messages.every(({ parts }) => Array.isArray(parts)) ? chat : undefined
      } catch {
        return undefined
      }
    },
    set(chat) {
      try {
        storage().setItem(key, JSON.stringify(chat))
      } catch {
        // Nothing depends on it.
      }
    },
  }
}

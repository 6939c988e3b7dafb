import type { Chat, ChatSnapshot, ToolSet } from './index.ts'
import { readable, type Readable } from 'svelte/store'

/** The snapshot of a chat as a store: `$state.messages`. */
export const toReadable = <T extends ToolSet>(chat: Chat<T>): Readable<ChatSnapshot<T>> =>
  readable(chat.getSnapshot(), (set) => {
    // Something may have happened before anybody subscribed.
    set(chat.getSnapshot())
    return chat.subscribe(() => set(chat.getSnapshot()))
  })

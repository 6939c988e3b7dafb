import type { Chat, ChatSnapshot, ToolSet } from './index.ts'
import { getCurrentScope, onScopeDispose, shallowRef, type ShallowRef } from 'vue'

/** The snapshot of a chat as a ref, up to date until the component goes. Snapshots are not made reactive: they never change. */
export function useChatRef<T extends ToolSet>(chat: Chat<T>): Readonly<ShallowRef<ChatSnapshot<T>>> {
  const snapshot = shallowRef(chat.getSnapshot())
  // A server only looks: there, nobody would end it.
  if (typeof window === 'undefined') return snapshot
  const unsubscribe = chat.subscribe(() => (snapshot.value = chat.getSnapshot()))
  if (getCurrentScope() !== undefined) onScopeDispose(unsubscribe)
  return snapshot
}

import type { Chat, ChatSnapshot, ToolSet } from './index.ts'
import { type Accessor, createSignal, getOwner, onCleanup } from 'solid-js'

/** A part of a chat's snapshot as a signal, up to date until its owner goes. In `<For>`, messages are told apart by identity. */
export function fromChat<T extends ToolSet, S>(chat: Chat<T>, select: (snapshot: ChatSnapshot<T>) => S): Accessor<S> {
  const part = chat.select(select)
  const [value, setValue] = createSignal(part.getSnapshot())
  // A server only looks: there, nobody would end it.
  if (typeof window === 'undefined') return value
  const unsubscribe = part.subscribe(() => setValue(() => part.getSnapshot()))
  if (getOwner() !== null) onCleanup(unsubscribe)
  return value
}

'use client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { type Chat, type ChatOptions, type ChatSnapshot, createChat, type ToolSet } from './index.ts'

/**
 * A chat and its snapshot, which renders anew with every change.
 *
 * Given options, the component has a chat of its own, made once and left when it goes. Given a chat, it only watches.
 */
export function useChat<const T extends ToolSet>(from: Chat<T> | ChatOptions<T>): ChatSnapshot<T> & { chat: Chat<T> } {
  const [own] = useState(() => ('transport' in from ? createChat(from) : undefined))
  const chat = 'transport' in from ? (own ?? createChat(from)) : from
  useEffect(() => () => own?.disconnect(), [own])
  const snapshot = useSyncExternalStore(chat.subscribe, chat.getSnapshot, chat.getServerSnapshot)
  return { ...snapshot, chat }
}

/** A part of a chat's snapshot: renders anew when that part changes. */
export function useChatSelector<T extends ToolSet, S>(chat: Chat<T>, select: (snapshot: ChatSnapshot<T>) => S): S {
  const [part] = useState(() => chat.select(select))
  return useSyncExternalStore(part.subscribe, part.getSnapshot, () => select(chat.getServerSnapshot()))
}

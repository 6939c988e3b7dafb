'use client'
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { type Chat, type ChatOptions, type ChatSnapshot, createChat, type ToolSet } from './index.ts'

/**
 * A chat and its snapshot, which renders anew with every change.
 *
 * Given options, the component has a chat of its own, made once and left when it goes. Given a chat, it only watches.
 */
export function useChat<const T extends ToolSet>(from: Chat<T> | ChatOptions<T>): ChatSnapshot<T> & { chat: Chat<T> } {
  const [own] = useState(() => ('transport' in from ? createChat(from) : undefined))
  const chat = 'transport' in from ? (own ?? createChat(from)) : from
  const isLeft = useRef(false)
  useEffect(() => {
    // A component that was hidden is shown again.
    if (isLeft.current) void own?.resume()
    return () => {
      isLeft.current = true
      own?.disconnect()
    }
  }, [own])
  const snapshot = useSyncExternalStore(chat.subscribe, chat.getSnapshot, chat.getServerSnapshot)
  return { ...snapshot, chat }
}

/** A part of a chat's snapshot: renders anew when that part changes. */
export function useChatSelector<T extends ToolSet, S>(chat: Chat<T>, select: (snapshot: ChatSnapshot<T>) => S): S {
  const part = useMemo(() => chat.select(select), [chat, select])
  return useSyncExternalStore(part.subscribe, part.getSnapshot, () => select(chat.getServerSnapshot()))
}

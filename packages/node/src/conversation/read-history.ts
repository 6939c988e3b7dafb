/** A message that knows what it follows. */
interface Node {
  id: string
  parentMessageId?: string | null | undefined
}

/** Where the way back ended before the beginning of a conversation, and why. */
export interface Unread {
  messageId: string
  /** `missing`: the store has forgotten it. `limit`: there are more than are read. `cycle`: it has been read already. */
  why: 'cycle' | 'limit' | 'missing'
}

export interface History<M> {
  /** Oldest first. */
  messages: M[]
  unread?: Unread
}

/**
 * Reads back from a message to the beginning of its conversation.
 *
 * Nothing that we write can turn in a circle, since what is new only ever follows what is there; a store that others have
 * written into might.
 */
export async function readHistory<M extends Node>(
  last: string,
  read: (id: string) => M | undefined | Promise<M | undefined>,
  maxMessages: number,
): Promise<History<M>> {
  const found = new Map<string, M>()
  let next: string | null | undefined = last
  let unread: Unread | undefined
  while (next !== null && next !== undefined && next !== '') {
    const messageId: string = next
    if (found.has(messageId)) unread = { messageId, why: 'cycle' }
    else if (found.size >= maxMessages) unread = { messageId, why: 'limit' }
    const message: M | undefined = unread === undefined ? await read(messageId) : undefined
    if (message === undefined) {
      unread ??= { messageId, why: 'missing' }
      break
    }
    found.set(messageId, message)
    next = message.parentMessageId
  }
  return { messages: [...found.values()].reverse(), ...(unread && { unread }) }
}

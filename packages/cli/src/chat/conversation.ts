import type { RequestMessage } from '@deltawire/core'
import { createId } from '../store/create-id.ts'
import { callText } from '../store/message-text.ts'
import type { AnswerRecord, HistoryRecord, MessageRecord } from '../store/record.ts'

/** A conversation as a tree of messages, of which one path is being continued. */
export interface Conversation {
  readonly id: string
  readonly title: string | null
  /** The last message of the path; `null` before the first. */
  readonly tip: string | null
  /** The messages from the first to the tip. */
  path(): readonly MessageRecord[]
  /** Every message, in the order in which they were written. */
  all(): readonly MessageRecord[]
  /** Adds a message behind the tip, which it becomes. Several go into one write. */
  add(...messages: readonly StoredMessage[]): MessageRecord
  /** The record that `add` would write, for a draft. */
  draft(message: RequestMessage, answer: AnswerRecord): MessageRecord
  /** Writes that record, finished. */
  finish(draft: MessageRecord, message: RequestMessage, answer: AnswerRecord): void
  /** Continues elsewhere: what follows makes a branch. */
  goTo(tip: string | null): void
  rename(title: string): void
}

/** A message, and how it came about when it is an answer. */
export type StoredMessage = readonly [message: RequestMessage, answer?: AnswerRecord]

export interface ConversationOptions {
  /** Where records are kept. Without it, the conversation is forgotten. */
  readonly write?: ((...records: readonly HistoryRecord[]) => void) | undefined
  readonly now: () => number
  readonly title?: string | null | undefined
  /** What there is of it already. */
  readonly stored?: {
    readonly id: string
    readonly title: string
    readonly tip: string | null
    readonly messages: readonly MessageRecord[]
  }
}

export function createConversation({
  write = () => {},
  now,
  title: given = null,
  stored,
}: ConversationOptions): Conversation {
  const id = stored?.id ?? createId()
  const nodes = new Map<string, MessageRecord>(stored?.messages.map((record) => [record.id, record]))
  let title = given ?? stored?.title ?? null
  let tip = stored?.tip ?? null
  let isBegun = stored !== undefined

  const at = () => new Date(now()).toISOString()

  function begin(): HistoryRecord[] {
    if (isBegun) return []
    isBegun = true
    return [{ type: 'thread', id, title, at: at() }]
  }

  function toRecord(parent: string | null, message: RequestMessage, answer?: AnswerRecord): MessageRecord {
    return { type: 'message', id: createId(), thread: id, parent, at: at(), message, ...(answer && { answer }) }
  }

  function keep(record: MessageRecord) {
    nodes.set(record.id, record)
    tip = record.id
  }

  return {
    id,
    get title() {
      return title
    },
    get tip() {
      return tip
    },
    path: () => pathTo(tip, nodes),
    all: () => [...nodes.values()],
    add(...messages) {
      const before = { tip, isBegun }
      const thread = begin()
      const records = messages.map(([message, answer]) => {
        const record = toRecord(tip, message, answer)
        keep(record)
        return record
      })
      const last = records.at(-1)
      if (last === undefined) throw new TypeError('there is no message to add')
      try {
        write(...thread, ...records)
      } catch (error) {
        // What follows does not go on behind what was not kept.
        ;({ tip, isBegun } = before)
        throw error
      }
      return last
    },
    draft: (message, answer) => toRecord(tip, message, answer),
    finish(draft, message, answer) {
      const record = { ...draft, at: at(), message, answer }
      keep(record)
      write(...begin(), record)
    },
    goTo(next) {
      tip = next
      if (next !== null && isBegun) write({ type: 'tip', thread: id, message: next, at: at() })
    },
    rename(next) {
      title = next
      if (isBegun) write({ type: 'thread', id, title, at: at() })
    },
  }
}

/** From the first message to that one. A damaged history ends it, and cannot make it go round. */
export function pathTo(tip: string | null, nodes: ReadonlyMap<string, MessageRecord>): MessageRecord[] {
  const path: MessageRecord[] = []
  const seen = new Set<string>()
  for (let id = tip; id !== null && !seen.has(id);) {
    seen.add(id)
    const record = nodes.get(id)
    if (record === undefined) break
    path.push(record)
    id = record.parent
  }
  return path.reverse()
}

/** The messages of a path as a request takes them: a server refuses calls that nobody has answered. */
export function toMessages(path: readonly MessageRecord[]): RequestMessage[] {
  return path.map(({ message }, at) => {
    if (message.role !== 'assistant' || !Array.isArray(message.tool_calls)) return message
    const answered = new Set(
      path.slice(at + 1).flatMap(({ message: next }) => (next.role === 'tool' ? [next.tool_call_id] : [])),
    )
    if (message.tool_calls.every((call) => answered.has(call?.id))) return message
    const { tool_calls, ...rest } = message
    return { ...rest, content: rest.content ? rest.content : `I would call ${tool_calls.map(callText).join(', ')}.` }
  })
}

import type { CompletionUsage, RequestMessage } from '@deltawire/core'

/** One line of the history. Lines are only ever added; the last one about a thing is right. */
export type HistoryRecord = MessageRecord | RemovalRecord | ThreadRecord | TipRecord

/** A conversation, when it begins and when it gets another title. */
export interface ThreadRecord {
  readonly type: 'thread'
  readonly id: string
  /** `null`: the first words of the first prompt. */
  readonly title: string | null
  readonly at: string
}

/** A message of a conversation: the conversation is a tree, and a message knows what it answers. */
export interface MessageRecord {
  readonly type: 'message'
  readonly id: string
  readonly thread: string
  readonly parent: string | null
  readonly at: string
  /** As it is sent to a model again. */
  readonly message: RequestMessage
  readonly answer?: AnswerRecord | undefined
}

/** How an answer came about. */
export interface AnswerRecord {
  readonly model: string
  readonly profile?: string | undefined
  /** `partial`: it was stopped or it broke, and what had arrived was kept. */
  readonly status: 'complete' | 'partial'
  readonly finish_reason: string | null
  /** Why it is partial. */
  readonly reason?: string | undefined
  readonly reasoning?: string | undefined
  readonly usage?: CompletionUsage | undefined
  readonly timing?: { readonly first_chunk_ms: number | null; readonly total_ms: number } | undefined
  readonly cost?: number | undefined
  /** The file that the stream was recorded to. */
  readonly recording?: string | undefined
}

/** Where a conversation goes on, when that is not its newest message. */
export interface TipRecord {
  readonly type: 'tip'
  readonly thread: string
  readonly message: string
  readonly at: string
}

/** The conversation is gone, its lines are blank. */
export interface RemovalRecord {
  readonly type: 'removal'
  readonly thread: string
  readonly at: string
}

/** A line of the file as a record. A line that a killed run left half-written, or of a later version, is none. */
export function readRecord(line: string): HistoryRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isObject(value) || typeof value['type'] !== 'string' || !Object.hasOwn(fields, value['type'])) return undefined
  const wanted = fields[value['type'] as HistoryRecord['type']]
  // Every field that the rest relies on was looked at.
  return Object.entries(wanted).every(([name, is]) => is(value[name])) ? (value as unknown as HistoryRecord) : undefined
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
/** What a clock has written: everything is sorted by it. */
const isTime: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value))
const isTextOrNull: Check = (value) => value === null || typeof value === 'string'

const fields: { readonly [T in HistoryRecord['type']]: Readonly<Record<string, Check>> } = {
  thread: { id: isText, title: isTextOrNull, at: isTime },
  message: {
    id: isText,
    thread: isText,
    parent: isTextOrNull,
    at: isTime,
    message: (value) => isObject(value) && isText(value['role']),
    answer: (value) => value === undefined || (isObject(value) && isText(value['model']) && isText(value['status'])),
  },
  tip: { thread: isText, message: isText, at: isTime },
  removal: { thread: isText, at: isTime },
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

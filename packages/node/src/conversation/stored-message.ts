import type { ChatCompletion, ChatCompletionMessage, RequestMessage } from '@deltawire/core'
import type { Usage } from '../usage-estimate.ts'
import { ConversationError } from './conversation-error.ts'

/** One message of a conversation, as the store has it: a node of a tree, which knows what it follows. */
export interface StoredMessage {
  /** Made on this side, never the server's: some servers give every answer the same. */
  id: string
  /** The message that this one follows; `null` at the beginning of a conversation. */
  parentMessageId: string | null
  /** Unix milliseconds. */
  createdAt: number
  message: RequestMessage
  /** Only on answers. */
  answer?: StoredAnswer
}

/** What is known of an answer besides its message. */
export interface StoredAnswer {
  /** Whether it ended as it should. What arrived of one that did not is kept too. */
  complete: boolean
  /** Why it did not. */
  error?: { name: string; message: string; code?: string }
  /** The server's id of the completion. */
  completionId: string
  model: string
  finishReason: string | null
  /** The server's, or an estimate that says so. */
  usage?: Usage
}

export function answerOf(
  place: Pick<StoredMessage, 'createdAt' | 'id' | 'parentMessageId'>,
  completion: ChatCompletion,
  failure: { reason: unknown } | undefined,
  usage: Usage | undefined,
): StoredMessage {
  const [choice] = completion.choices
  return {
    ...place,
    message: withoutNulls(choice?.message),
    answer: {
      complete: failure === undefined,
      ...(failure && { error: errorOf(failure.reason) }),
      completionId: completion.id,
      model: completion.model,
      finishReason: choice?.finish_reason ?? null,
      ...(usage && { usage }),
    },
  }
}

/**
 * A message without the keys that say nothing: some servers refuse what they don't know, `refusal: null` say.
 *
 * Spoken answers are sent back by their id; the sound itself is megabytes, and with the completion.
 */
function withoutNulls(message: ChatCompletionMessage | undefined): RequestMessage {
  const { content = null, audio, ...rest } = message ?? { role: 'assistant' }
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined))
  return { ...said, role: 'assistant', content, ...(audio && { audio: { id: audio.id } }) }
}

function errorOf(reason: unknown): NonNullable<StoredAnswer['error']> {
  if (!(reason instanceof Error)) return { name: 'Error', message: String(reason) }
  const { name, message } = reason
  return { name, message, ...('code' in reason && typeof reason.code === 'string' && { code: reason.code }) }
}

/**
 * A message that comes out of a store.
 *
 * @throws ConversationError `invalid_message` for what is none
 */
export function storedMessageIn(value: unknown, messageId: string): StoredMessage | undefined {
  if (value === undefined || value === null) return undefined
  if (isStoredMessage(value) && value.id === messageId) return value
  throw new ConversationError('invalid_message', `what the store has as ${messageId} is no message of a conversation`, {
    messageId,
  })
}

function isStoredMessage(value: unknown): value is StoredMessage {
  if (typeof value !== 'object' || value === null) return false
  const { id, parentMessageId, message } = value as { [Key in keyof StoredMessage]?: unknown }
  if (typeof id !== 'string' || (parentMessageId !== null && typeof parentMessageId !== 'string')) return false
  return typeof message === 'object' && message !== null && 'role' in message
}

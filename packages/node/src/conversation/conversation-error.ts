/** What each code carries besides its message. */
export interface ConversationErrorDetails {
  /** The question does not fit into the context, even without anything before it. Nothing was sent or stored. */
  context_too_long: { tokens: number; limit: number }
  /** A message was to follow one that is not in the store. */
  unknown_message: { messageId: string }
  /** The id of a new message is another's: it would have replaced that, and what follows it. */
  duplicate_message: { messageId: string }
  /** What the store has under an id is no message of a conversation. */
  invalid_message: { messageId: string }
  /** The store could not read or write. */
  store_failed: { messageId: string; action: 'read' | 'write' }
}

/** What can go wrong with a conversation, each with its own `details`. */
export type ConversationErrorCode = keyof ConversationErrorDetails

/**
 * Why a message could not be sent or kept. What goes wrong with the answer itself is a `StreamError`.
 *
 * Switch on `code`; `details` narrows with it.
 */
export class ConversationError<C extends ConversationErrorCode = ConversationErrorCode> extends Error {
  override readonly name = 'ConversationError'
  readonly code: C
  readonly details: ConversationErrorDetails[C]

  constructor(code: C, message: string, details: ConversationErrorDetails[C], options?: { cause?: unknown }) {
    super(`[${code}] ${message}`, options)
    this.code = code
    this.details = details
  }
}

/** The union over all codes: a `switch` on `code` narrows `details`. */
export type AnyConversationError = { [C in ConversationErrorCode]: ConversationError<C> }[ConversationErrorCode]

/** Whether a caught value is a `ConversationError`, also one of another copy of this package. */
export function isConversationError(value: unknown): value is AnyConversationError {
  return value instanceof Error && value.name === 'ConversationError' && 'code' in value && 'details' in value
}

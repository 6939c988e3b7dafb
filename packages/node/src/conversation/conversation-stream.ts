import type { Accumulated } from '@deltawire/core'
import { ChatStream } from '../chat-stream.ts'
import type { CountTokensOption } from '../tokenizer.ts'
import type { ConversationContext, Exchange } from './exchange.ts'
import type { StoredMessage } from './stored-message.ts'
import type { Turn } from './turn.ts'

/** An answer like any, with its message in the store. */
export interface ConversationResult extends Accumulated {
  /** What was kept of the answer; `null` if nothing had arrived. */
  message: StoredMessage | null
}

/**
 * An answer that arrives, and is kept when it has: everything that a `ChatStream` is, and the message.
 *
 * Nothing is sent before something of it is asked for.
 */
export class ConversationStream extends ChatStream {
  /** The id that the answer will have in the store. */
  readonly id: string
  /** The id of the question: of the last message, where several were sent. */
  readonly questionId: string
  readonly #exchange: Exchange

  /** Made by `send`. */
  constructor(turn: Turn, exchange: Exchange, countTokens: CountTokensOption | undefined) {
    super(turn, countTokens)
    this.#exchange = exchange
    this.id = exchange.answerId
    this.questionId = exchange.questionId
    // A reader who waits for a client that has gone reads no further: what has arrived is kept all the same.
    turn.onAbort = () => void this.fold()
  }

  /**
   * The whole answer as it was kept: its `id` is the `parentMessageId` of what follows.
   *
   * @throws as `completion` does; what had arrived is kept all the same, and `result` has it
   */
  async message(): Promise<StoredMessage> {
    await this.completion()
    // A complete answer has been kept, or `completion` has thrown why not.
    return this.#exchange.saved as StoredMessage
  }

  /** The answer or what arrived of it, its message, and why it broke if it did. Never rejects. */
  override async result(): Promise<ConversationResult> {
    return { ...(await super.result()), message: this.#exchange.saved ?? null }
  }

  /**
   * What the question is sent with, and what is left out to make it fit. Sends nothing itself.
   *
   * @throws ConversationError `context_too_long`, `unknown_message`, `invalid_message`, `store_failed`
   */
  context(): Promise<ConversationContext> {
    return this.#exchange.context()
  }
}

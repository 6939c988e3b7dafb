import type { RequestMessage } from '@deltawire/core'
import { checkSignal } from '../follow-abort.ts'
import type { StreamChatCompletionOptions, StreamRequest } from '../stream-chat-completion.ts'
import { systemTime } from '../time.ts'
import { allowedOf, givenTimeouts, type Timeouts } from '../timeouts.ts'
import { ConversationStream } from './conversation-stream.ts'
import { Exchange, readStoredHistory } from './exchange.ts'
import { checkBudget, type ContextBudget } from './fit-context.ts'
import { createMemoryStore } from './memory-store.ts'
import { checkStore, type MessageStore, readValue } from './message-store.ts'
import { type Question, questionMessages } from './question.ts'
import { type StoredMessage, storedMessageIn } from './stored-message.ts'
import { type OnProgress, Turn } from './turn.ts'

/** What every question of a conversation is asked with. */
export interface ConversationRequest extends Omit<StreamRequest, 'messages' | 'n'> {
  /** Sent before everything else, never dropped, and not stored: instructions, examples. */
  messages?: RequestMessage[] | undefined
}

/** Where messages are kept and how many of them are sent, and whatever `streamChatCompletion` takes. */
export interface ConversationOptions extends Omit<StreamChatCompletionOptions, 'n' | 'signal'>, ContextBudget {
  /**
   * Where the messages are kept: anything with `get` and `set`, such as a Keyv.
   *
   * @defaultValue `createMemoryStore()`, which forgets with the process
   */
  store?: MessageStore | undefined
  /**
   * The message to go on from.
   *
   * @defaultValue `null`: the conversation begins
   */
  parentMessageId?: string | null | undefined
  /**
   * How many messages before a question are read. Older ones are not sent.
   *
   * @defaultValue `1_000`: each is a request to the store
   */
  maxMessages?: number | undefined
}

/** What goes for one question alone. */
export interface SendOptions extends Timeouts {
  /**
   * The message to follow; `null` begins anew. To follow one that has been followed before makes a branch.
   *
   * @defaultValue the `parentMessageId` of the conversation: its last answer
   */
  parentMessageId?: string | null | undefined
  /**
   * The id of the message that is sent. It must be new, or that of the same question, asked again.
   *
   * @defaultValue a random UUID
   */
  messageId?: string | undefined
  /** Who is asking, among several. The model is told. */
  name?: string | undefined
  /** Ends the answer. Its reason is passed on as it is, and what has arrived is kept. */
  signal?: AbortSignal | undefined
  /**
   * Called with every chunk as it arrives. A promise that it returns is waited for, unless the answer is aborted; what it
   * throws ends the answer.
   */
  onProgress?: OnProgress | undefined
  /** Asks this one question otherwise: another `model`, say. */
  request?: Partial<ConversationRequest> | undefined
}

/** A conversation with a model. Made by `createConversation`. */
export class Conversation {
  readonly #request: ConversationRequest
  readonly #options: ConversationOptions
  readonly #store: MessageStore
  readonly #maxMessages: number
  #parentMessageId: string | null

  constructor(request: ConversationRequest, options: ConversationOptions) {
    const { store = createMemoryStore(), parentMessageId = null, maxMessages = 1_000 } = options
    if (!(maxMessages >= 1)) throw new TypeError('maxMessages must be at least 1, as in { maxMessages: 1_000 }')
    checkBudget(options)
    this.#request = request
    this.#options = options
    this.#store = checkStore(store)
    this.#maxMessages = maxMessages
    this.#parentMessageId = parentMessageId
  }

  /** What the next message will follow: the last answer that was kept. Keep it yourself to go on later or elsewhere. */
  get parentMessageId(): string | null {
    return this.#parentMessageId
  }

  /**
   * Says something, and gives the answer as it arrives.
   *
   * Nothing is sent before something of the answer is asked for. Then the history is read, the question stored and asked,
   * and what arrives is stored at the end, however it ends.
   *
   * @throws TypeError at once for a question or options that are none
   */
  send(question: Question, options: SendOptions = {}): ConversationStream {
    const { parentMessageId = this.#parentMessageId, messageId, name, signal, onProgress } = options
    const { messages = [], ...request } = { ...this.#request, ...options.request }
    const asking = { ...this.#options, ...givenTimeouts(options) }
    const exchange = new Exchange({
      store: this.#store,
      request: { ...request, messages },
      // The turn sees to the whole, which begins before anything is sent.
      options: { ...asking, totalTimeoutMs: undefined },
      maxMessages: this.#maxMessages,
      asked: questionMessages(question, name),
      parentMessageId,
      messageId,
      onSaved: ({ id }) => (this.#parentMessageId = id),
    })
    const turn = new Turn({
      prepare: (abort) => exchange.prepare(abort),
      save: (sum, failure) => exchange.save(sum, failure),
      signal: checkSignal(signal),
      totalTimeoutMs: allowedOf(asking).total,
      time: asking.time ?? systemTime,
      onProgress,
    })
    return new ConversationStream(turn, exchange, this.#options.countTokens)
  }

  /**
   * The messages that lead to one, oldest first: to the last answer unless you name another.
   *
   * @throws ConversationError `invalid_message`, `store_failed`
   */
  async history(messageId: string | null = this.#parentMessageId): Promise<StoredMessage[]> {
    if (messageId === null) return []
    return (await readStoredHistory(this.#store, messageId, this.#maxMessages)).messages
  }

  /** One message, or `undefined` if the store does not have it. Throws as `history` does. */
  async message(messageId: string): Promise<StoredMessage | undefined> {
    return storedMessageIn(await readValue(this.#store, messageId), messageId)
  }
}

/**
 * Begins a conversation, or goes on with one: questions and answers are kept in a store, as a tree of messages.
 *
 * One object is one conversation: who shares it between users shares what they say.
 *
 * ```ts
 * const conversation = createConversation({ model: 'demo' })
 * await conversation.send('My name is Ann.').text()
 * for await (const chunk of conversation.send('What is my name?')) process.stdout.write(textOf(chunk))
 * ```
 *
 * @throws TypeError at once for options that are none
 */
export function createConversation(request: ConversationRequest, options: ConversationOptions = {}): Conversation {
  return new Conversation(request, options)
}

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type ChatCompletionChunk, type RequestMessage, toChatCompletion } from '@deltawire/core'
import type { Attempts } from '../attempts.ts'
import {
  attemptsOf,
  bodiesOf,
  type StreamChatCompletionOptions,
  type StreamRequest,
} from '../stream-chat-completion.ts'
import { systemTime } from '../time.ts'
import { countTokensOf } from '../tokenizer.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { type CountTokens, estimateUsage } from '../usage-estimate.ts'
import { ConversationError } from './conversation-error.ts'
import { type ContextBudget, fitContext, type FittedContext } from './fit-context.ts'
import { type MessageStore, readValue, writeValue } from './message-store.ts'
import { promptMessages } from './prompt-messages.ts'
import { type History, readHistory, type Unread } from './read-history.ts'
import { answerOf, storedMessageIn, type StoredMessage } from './stored-message.ts'

/** What a question is sent with. */
export interface ConversationContext extends Pick<FittedContext, 'messages' | 'tokens'> {
  /** What of the history is left out to fit `contextTokens`, oldest first. */
  dropped: StoredMessage[]
  /** Where reading the history ended before its beginning. */
  unread?: Unread
}

export interface ExchangeInit {
  readonly store: MessageStore
  /** Its messages come before the history. */
  readonly request: StreamRequest
  readonly options: StreamChatCompletionOptions & ContextBudget
  readonly maxMessages: number
  readonly asked: readonly RequestMessage[]
  readonly parentMessageId: string | null
  /** The id of the question, where the caller has one. */
  readonly messageId: string | undefined
  readonly onSaved: (answer: StoredMessage) => void
}

interface Reading {
  readonly context: ConversationContext
  readonly countTokens: CountTokens
}

/** A question and its answer: what it is asked with, and how both get into the store. */
export class Exchange {
  readonly answerId = randomUUID()
  readonly questionId: string
  readonly #init: ExchangeInit
  #reading: Promise<Reading> | undefined
  /** The answer, once it is kept. */
  saved: StoredMessage | undefined

  constructor(init: ExchangeInit) {
    this.#init = init
    this.questionId = init.messageId ?? randomUUID()
    // Options that are none are told at once.
    void this.#attempts([], undefined)
  }

  async context(): Promise<ConversationContext> {
    return (await this.#read()).context
  }

  /** Stores the question, and makes what asks it. */
  async prepare(signal: AbortSignal): Promise<Attempts> {
    const { messages } = await unlessAborted(signal, this.context())
    await unlessAborted(signal, this.#storeQuestion())
    return this.#attempts(messages, signal)
  }

  /** Stores what has come of the answer. */
  async save(sum: ChatCompletionChunk, failure: { reason: unknown } | undefined): Promise<void> {
    const { store, request, options, onSaved } = this.#init
    const { context, countTokens } = await this.#read()
    const completion = toChatCompletion(sum)
    const usage = completion.usage ?? estimateUsage({ ...request, messages: context.messages }, completion, countTokens)
    const createdAt = (options.time ?? systemTime).date()
    const place = { id: this.answerId, parentMessageId: this.questionId, createdAt }
    const answer = answerOf(place, completion, failure, usage)
    await writeValue(store, answer.id, answer)
    this.saved = answer
    onSaved(answer)
  }

  #attempts(messages: RequestMessage[], signal: AbortSignal | undefined): Attempts {
    const request = { ...this.#init.request, messages }
    return attemptsOf(request, bodiesOf(request), { ...this.#init.options, signal })
  }

  #read(): Promise<Reading> {
    return (this.#reading ??= this.#fit())
  }

  async #fit(): Promise<Reading> {
    const { request, options, asked } = this.#init
    const { messages: before, unread } = await this.#readHistory()
    const countTokens = await countTokensOf(options.countTokens, request.model)
    const prompt = promptMessages([...before.map(({ message }) => message), ...asked])
    const fitted = fitContext(
      {
        instructions: request.messages,
        history: prompt.slice(0, before.length).filter(isMessage),
        question: prompt.slice(before.length).filter(isMessage),
        tools: request.tools,
      },
      { ...options, answerTokens: options.answerTokens ?? answerTokensOf(request), countTokens },
    )
    const last = fitted.dropped.at(-1)
    const dropped = last === undefined ? [] : before.slice(0, prompt.indexOf(last) + 1)
    const { messages, tokens } = fitted
    return { context: { messages, tokens, dropped, ...(unread && { unread }) }, countTokens }
  }

  async #readHistory(): Promise<History<StoredMessage>> {
    const { store, parentMessageId, maxMessages } = this.#init
    if (parentMessageId === null) return { messages: [] }
    const history = await readStoredHistory(store, parentMessageId, maxMessages)
    if (history.messages.length > 0) return history
    throw new ConversationError('unknown_message', `the store has no message ${parentMessageId} to go on from`, {
      messageId: parentMessageId,
    })
  }

  /** Whether the same has been asked under this id before: who got no answer may ask again. */
  async #isStored(messageId: string): Promise<boolean> {
    const { store, asked, parentMessageId } = this.#init
    const stored = (await readValue(store, messageId)) ?? undefined
    if (stored === undefined) return false
    const { parentMessageId: parent, message } = stored as Partial<StoredMessage>
    if (asked.length === 1 && parent === parentMessageId && isDeepStrictEqual(message, asked[0])) return true
    throw new ConversationError('duplicate_message', `there is another message ${messageId} already`, { messageId })
  }

  async #storeQuestion(): Promise<void> {
    const { store, asked, messageId, options } = this.#init
    if (messageId !== undefined && (await this.#isStored(messageId))) return
    const createdAt = (options.time ?? systemTime).date()
    let { parentMessageId } = this.#init
    for (const [at, message] of asked.entries()) {
      const id = at === asked.length - 1 ? this.questionId : randomUUID()
      await writeValue(store, id, { id, parentMessageId, createdAt, message } satisfies StoredMessage)
      parentMessageId = id
    }
  }
}

/** The way from the beginning of a conversation to one of its messages. */
export function readStoredHistory(
  store: MessageStore,
  messageId: string,
  maxMessages: number,
): Promise<History<StoredMessage>> {
  return readHistory(messageId, async (id) => storedMessageIn(await readValue(store, id), id), maxMessages)
}

const isMessage = (message: RequestMessage | undefined): message is RequestMessage => message !== undefined

/** What the request lets the answer have, the prompt cannot. */
const answerTokensOf = ({ max_completion_tokens: most, max_tokens: older }: StreamRequest): number | undefined =>
  most ?? older ?? undefined

import type { CreateChatCompletionStreamResponse, Role } from '@deltawire/core'
import type { MessageStore } from '../conversation/message-store.ts'
import type { CountTokensOption } from '../tokenizer.ts'
import type { openai } from './openai.ts'

/** The `fetch` that is used. */
export type FetchFn = typeof fetch

/** What is sent beside the messages. Keys that are not named here are sent too. */
export type CompletionParams = {
  [Key in Exclude<keyof openai.CreateChatCompletionRequest, 'messages' | 'n' | 'stream'>]?:
    | openai.CreateChatCompletionRequest[Key]
    | undefined
} & { [key: string]: unknown }

/** Who is asked and with what, by the names that `chatgpt@5` has for it. */
export interface ChatGPTAPIOptions {
  /** Sent as `Authorization: Bearer`. */
  apiKey: string
  /**
   * Where the endpoint is, up to and without `/chat/completions`.
   *
   * @defaultValue `process.env.OPENAI_BASE_URL`, else `https://api.openai.com/v1`
   */
  apiBaseUrl?: string | undefined
  /**
   * Whose organization pays, sent as `OpenAI-Organization`.
   *
   * @defaultValue none is sent
   */
  apiOrg?: string | undefined
  /**
   * Writes what is sent to stderr.
   *
   * @defaultValue `false`
   */
  debug?: boolean | undefined
  /** Sent with every message. @defaultValue `{ model: 'gpt-3.5-turbo', temperature: 0.8, top_p: 1, presence_penalty: 1 }` */
  completionParams?: CompletionParams | undefined
  /** What the model is told first; `''` for nothing. @defaultValue that it is ChatGPT, and the date */
  systemMessage?: string | undefined
  /**
   * How many tokens the model can hold, question and answer together.
   *
   * @defaultValue `4_000`, as it was
   */
  maxModelTokens?: number | undefined
  /**
   * How many of them are kept free for the answer, and the most that it may have.
   *
   * @defaultValue `1_000`
   */
  maxResponseTokens?: number | undefined
  /** Where messages are kept: a Keyv, or anything with its `get` and `set`. @defaultValue the memory, 10,000 messages */
  messageStore?: MessageStore | undefined
  /** Instead of `messageStore.get`. */
  getMessageById?: GetMessageByIdFunction | undefined
  /** Instead of `messageStore.set`. */
  upsertMessage?: UpsertMessageFunction | undefined
  /**
   * Sends the requests.
   *
   * @defaultValue as in `streamChatCompletion`
   */
  fetch?: FetchFn | undefined
  /**
   * Not in the ancestor: how tokens are counted. `'gpt-tokenizer'` counts exactly, with the package of that name.
   *
   * @defaultValue `estimateTokens`, a guess
   */
  countTokens?: CountTokensOption | undefined
  /**
   * Not in the ancestor: how often a request is sent again that got no answer.
   *
   * @defaultValue `2`
   */
  maxRetries?: number | undefined
}

/** What goes for one message alone. */
export interface SendMessageOptions {
  /** Who is asking, in a conversation of several. */
  name?: string | undefined
  /** The message that this one follows: the `id` of an answer. */
  parentMessageId?: string | undefined
  /** Copied to the question and the answer. */
  conversationId?: string | undefined
  /** The id of the question. @defaultValue a random UUID */
  messageId?: string | undefined
  /**
   * Whether the answer is asked for in chunks.
   *
   * @defaultValue whether there is an `onProgress`
   */
  stream?: boolean | undefined
  /** What the model is told first, in the place of that of the constructor. */
  systemMessage?: string | undefined
  /** Ends the whole call after so long, and the request with it. `0` for never. */
  timeoutMs?: number | undefined
  /** Called with what has arrived so far, each time that something arrives. A promise that it returns is waited for. */
  onProgress?: ((partialResponse: ChatMessage) => unknown) | undefined
  /** Ends the call, and the request with it. */
  abortSignal?: AbortSignal | undefined
  /** Sent with this message, over those of the constructor. */
  completionParams?: CompletionParams | undefined
}

/** A question or an answer, as it is stored and given. */
export interface ChatMessage {
  id: string
  text: string
  role: Role
  name?: string
  /** In `onProgress`: what is new in `text`. */
  delta?: string
  /** In `onProgress` the chunk, at the end the whole answer. */
  detail?: openai.CreateChatCompletionResponse | CreateChatCompletionStreamResponse
  parentMessageId?: string
  conversationId?: string
}

/** Finds a stored message; nothing where there is none. */
export type GetMessageByIdFunction = (id: string) => Promise<ChatMessage | null | undefined>

/** Stores a message under its `id`. */
export type UpsertMessageFunction = (message: ChatMessage) => Promise<void>

import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { type ChatCompletion, type ChatCompletionChunk, isStreamError, textOf } from '@deltawire/core'
import { ChatStream } from '../chat-stream.ts'
import { createMemoryStore } from '../conversation/memory-store.ts'
import { readValue, writeValue } from '../conversation/message-store.ts'
import { attemptsOf, bodiesOf, type StreamRequest } from '../stream-chat-completion.ts'
import { countTokensOf } from '../tokenizer.ts'
import { toChatGPTError } from './chatgpt-error.ts'
import { detailOf } from './detail-of.ts'
import { type Prompt, promptOf } from './prompt-of.ts'
import type { ChatGPTAPIOptions, ChatMessage, CompletionParams, SendMessageOptions } from './types.ts'

/** What the ancestor sent when it was told nothing else. */
const defaults = { model: 'gpt-3.5-turbo', temperature: 0.8, top_p: 1, presence_penalty: 1 }

/**
 * The client of the npm package `chatgpt` (5.2.5), over this package: the same calls, options, defaults and results.
 *
 * What is deliberately otherwise is listed in docs/migrating-from-chatgpt.md.
 *
 * ```ts
 * const api = new ChatGPTAPI({ apiKey: 'sk-…' })
 * const { id, text } = await api.sendMessage('Hello!')
 * await api.sendMessage('And now?', { parentMessageId: id, onProgress: ({ delta }) => console.log(delta) })
 * ```
 */
export class ChatGPTAPI {
  #apiKey: string
  #apiOrg: string | undefined
  readonly #options: ChatGPTAPIOptions
  readonly #systemMessage: string
  readonly #read: (id: string) => Promise<ChatMessage | null | undefined>
  readonly #write: (message: ChatMessage) => Promise<void>

  /** @throws Error without `apiKey`, or with a `fetch` that is none */
  constructor(options: ChatGPTAPIOptions) {
    const { apiKey, apiOrg, systemMessage, messageStore = createMemoryStore(), getMessageById, upsertMessage } = options
    if (!apiKey) throw new Error('OpenAI missing required apiKey')
    if (options.fetch === null) throw new Error('Invalid environment; fetch is not defined')
    if (options.fetch !== undefined && typeof options.fetch !== 'function')
      throw new Error('Invalid "fetch" is not a function')
    this.#options = options
    this.#apiKey = apiKey
    this.#apiOrg = apiOrg
    this.#systemMessage = systemMessage ?? defaultSystemMessage()
    // What is in there is ours, or what the ancestor wrote.
    this.#read =
      getMessageById?.bind(this) ?? (async (id) => (await readValue(messageStore, id)) as ChatMessage | undefined)
    this.#write = upsertMessage?.bind(this) ?? ((message) => writeValue(messageStore, message.id, message))
  }

  /** Sent with the next message. Not shown when somebody logs the object. */
  get apiKey(): string {
    return this.#apiKey
  }

  set apiKey(apiKey: string) {
    this.#apiKey = apiKey
  }

  /** The organization that pays. */
  get apiOrg(): string | undefined {
    return this.#apiOrg
  }

  set apiOrg(apiOrg: string | undefined) {
    this.#apiOrg = apiOrg
  }

  /**
   * Sends a message, and resolves to the whole answer. Question and answer are then in the store.
   *
   * @throws ChatGPTError, with what had arrived as `partial`; what `onProgress` throws, and an abort's reason, as they came
   */
  async sendMessage(text: string, options: SendMessageOptions = {}): Promise<ChatMessage> {
    const { parentMessageId, conversationId, messageId = randomUUID(), name, onProgress } = options
    const isStream = options.stream ?? onProgress !== undefined
    const conversation = conversationId === undefined ? {} : { conversationId }
    const question: ChatMessage = {
      role: 'user',
      id: messageId,
      text,
      ...conversation,
      ...(parentMessageId !== undefined && { parentMessageId }),
      ...(name !== undefined && { name }),
    }
    // The server's id is in `detail`: some servers give every answer the same.
    const answer: ChatMessage = {
      role: 'assistant',
      id: randomUUID(),
      text: '',
      ...conversation,
      parentMessageId: messageId,
    }
    const answered = await this.#ask(text, options, answer, isStream)
    await Promise.all([this.#write(question), this.#write(answered)])
    return answered
  }

  async #ask(text: string, options: SendMessageOptions, answer: ChatMessage, isStream: boolean): Promise<ChatMessage> {
    const who = isStream ? 'ChatGPT' : 'OpenAI'
    let stream: ChatStream | undefined
    try {
      stream = await this.#open(text, options, isStream)
      const { onProgress } = options
      if (isStream && onProgress !== undefined) await report(stream, answer, onProgress)
      const completion = await (isStream ? stream.completion() : documentOf(stream))
      return wholeOf(answer, completion, await stream.usage(), isStream)
    } catch (reason) {
      const partial = (await stream?.result())?.completion ?? undefined
      throw toChatGPTError(reason, who, partial && { ...answer, text: textOf(partial) })
    }
  }

  async #open(text: string, options: SendMessageOptions, isStream: boolean): Promise<ChatStream> {
    const { apiBaseUrl, fetch, countTokens, maxRetries, debug = false } = this.#options
    const params = { ...defaults, ...this.#options.completionParams, ...options.completionParams }
    const { tokens, messages, max_tokens } = await this.#prompt(text, options, params)
    // Keys of all kinds have always been sent as they are.
    const request = { ...(max_tokens !== undefined && { max_tokens }), ...params, messages } as StreamRequest
    const bodies: [string, string?] = isStream ? bodiesOf(request) : [JSON.stringify({ ...request, stream: false })]
    if (debug)
      process.stderr.write(
        `sendMessage (${tokens} tokens) ${inspect({ ...request, stream: isStream }, { depth: 4 })}\n`,
      )
    const attempts = attemptsOf(request, bodies, {
      baseURL: apiBaseUrl,
      apiKey: this.#apiKey,
      // Not that of the environment, which the ancestor did not know.
      organization: this.#apiOrg ?? '',
      project: '',
      fetch,
      maxRetries,
      signal: options.abortSignal,
      totalTimeoutMs: options.timeoutMs || undefined,
    })
    return new ChatStream(attempts, countTokens)
  }

  async #prompt(
    text: string,
    options: SendMessageOptions,
    params: CompletionParams,
  ): Promise<Prompt & { max_tokens: number | undefined }> {
    const { maxModelTokens, maxResponseTokens = 1_000, countTokens } = this.#options
    const asked = params['max_completion_tokens'] ?? params.max_tokens
    // 4,000 is seldom the model's window today: only against a window that somebody knows is a wish of theirs held.
    const answerTokens = maxModelTokens !== undefined && typeof asked === 'number' ? asked : maxResponseTokens
    const window = maxModelTokens ?? 4_000
    const prompt = await promptOf({
      text,
      systemMessage: options.systemMessage ?? this.#systemMessage,
      name: options.name,
      parentMessageId: options.parentMessageId,
      read: this.#read,
      maxModelTokens: window,
      answerTokens,
      countTokens: await countTokensOf(countTokens, params.model ?? ''),
    })
    const max_tokens = Math.max(1, Math.min(window - prompt.tokens, maxResponseTokens))
    return { ...prompt, max_tokens: 'max_completion_tokens' in params ? undefined : max_tokens }
  }
}

function defaultSystemMessage(): string {
  const date = new Date().toISOString().slice(0, 10)
  return `You are ChatGPT, a large language model trained by OpenAI. Answer as concisely as possible.\nKnowledge cutoff: 2021-09-01\nCurrent date: ${date}`
}

/** Tells what has arrived of the first choice, each time as an object of its own. Waits for what is promised. */
async function report(
  stream: ChatStream,
  answer: ChatMessage,
  onProgress: (partial: ChatMessage) => unknown,
): Promise<void> {
  let text = ''
  for await (const chunk of stream) {
    const [choice] = chunk.choices.filter(({ index }) => index === 0)
    if (choice === undefined) continue
    const delta = textOf(choice)
    text += delta
    await onProgress({ ...answer, text, delta, detail: asDetail(chunk) })
  }
}

/** A document is whole without a finish reason, which small servers and mocks leave out. */
async function documentOf(stream: ChatStream): Promise<ChatCompletion> {
  try {
    return await stream.completion()
  } catch (reason) {
    const { completion } = await stream.result()
    const isWhole = isStreamError(reason) && reason.code === 'incomplete_stream' && !reason.details.insideEvent
    if (isWhole && completion !== null) return completion
    throw reason
  }
}

/** The ancestor gave the chunk as it came, which its type did not say. */
const asDetail = (chunk: ChatCompletionChunk): NonNullable<ChatMessage['detail']> =>
  chunk as unknown as NonNullable<ChatMessage['detail']>

function wholeOf(
  answer: ChatMessage,
  completion: ChatCompletion,
  usage: Awaited<ReturnType<ChatStream['usage']>>,
  isStream: boolean,
): ChatMessage {
  const text = textOf(completion)
  return { ...answer, text: isStream ? text.trim() : text, detail: detailOf(completion, usage, isStream) }
}

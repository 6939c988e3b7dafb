import {
  accumulate,
  type Accumulated,
  type AnyStreamError,
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatCompletionRequest,
  type Folded,
  isStreamError,
  type Part,
  readParts,
  textOf,
  toChatCompletion,
  type Warning,
} from '@deltawire/core'
import { type EventStreamResponseInit, toEventStreamResponse } from './server/to-event-stream-response.ts'
import { type ChunkReader, type Chunks, SharedChunks } from './shared-chunks.ts'
import { type CountTokensOption, countTokensOf } from './tokenizer.ts'
import { estimateUsage, type Usage } from './usage-estimate.ts'

/** What a server said before the answer. */
export interface ResponseHead {
  status: number
  headers: Headers
  /** What the provider calls this request: tell it when you ask about one. */
  requestId: string | undefined
}

/** Where an answer comes from. */
export interface AnswerSource extends Chunks {
  /** Sends the request if nobody has, and resolves to the response that is read. */
  open(): Promise<Response>
  /** As soon as there is one. */
  readonly response: Response | undefined
  readonly warnings: readonly Warning[]
  /** What is asked: for the estimate of its tokens, at the end. */
  readonly request: Pick<ChatCompletionRequest, 'messages' | 'model' | 'tools'>
  abort(reason: unknown): void
}

/** An error that a {@link ChatStream} broke with. */
export type BrokenStream = AnyStreamError & {
  /** What had arrived of the answer; `null` if no choice ever appeared. */
  readonly partial: ChatCompletion | null
}

/**
 * An answer that arrives: its chunks to iterate over, or whatever you want to make of them.
 *
 * Take as many of its views as you like, together or one after the other: the request is sent once, when something is
 * first asked for. The fastest reader sets the pace; a reader that comes late first gets the sum of what it missed.
 * Leaving the last loop early closes the connection.
 *
 * ```ts
 * for await (const chunk of stream) process.stdout.write(textOf(chunk))
 * const { choices, usage } = await stream.completion()
 * ```
 */
export class ChatStream implements AsyncIterable<ChatCompletionChunk> {
  readonly #source: AnswerSource
  readonly #shared: SharedChunks
  readonly #countTokens: CountTokensOption | undefined

  /** Made by `streamChatCompletion`. */
  constructor(source: AnswerSource, countTokens: CountTokensOption | undefined) {
    this.#source = source
    this.#shared = new SharedChunks(source, attachPartial)
    this.#countTokens = countTokens
  }

  /**
   * The chunks, normalized.
   *
   * @throws after everything that arrived, a {@link BrokenStream}; an abort's reason as it came
   */
  [Symbol.asyncIterator](): ChunkReader {
    return this.#shared.read()
  }

  /**
   * The whole answer.
   *
   * When only this, `result` or `text` is asked for, no chunks are made, which is several times as fast.
   *
   * @throws a {@link BrokenStream}, with the partial answer; an abort's reason as it came
   */
  async completion(): Promise<ChatCompletion> {
    const { sum, failure } = await this.fold()
    if (failure !== undefined) throw failure.reason
    // A stream without a choice is broken.
    return toChatCompletion(sum as ChatCompletionChunk)
  }

  /** The whole text of the first choice. Throws as `completion` does. */
  async text(): Promise<string> {
    return textOf(await this.completion())
  }

  /** The answer or what arrived of it, and why it broke if it did. Never rejects. */
  result(): Promise<Accumulated> {
    return accumulate(this)
  }

  /** What happens in the answer, as typed events. An error is the last event and not thrown. */
  parts(): AsyncGenerator<Part, void, undefined> {
    return readParts(this)
  }

  /**
   * The tokens that were used: the provider's account if there is one, else an estimate that says so.
   *
   * Waits for the end, and does not reject when the stream breaks: a broken stream has its usage too.
   *
   * @throws TypeError when tokens are to be counted with a package that is not installed
   */
  async usage(): Promise<Usage> {
    const { completion } = await this.result()
    if (completion?.usage !== undefined) return completion.usage
    const { request } = this.#source
    return estimateUsage(request, completion, await countTokensOf(this.#countTokens, request.model))
  }

  /** The chunks as a stream of the web's kind. Nothing is read ahead; cancelling it is leaving early. */
  toReadableStream(): ReadableStream<ChatCompletionChunk> {
    const reader = this.#shared.read()
    return new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await reader.next()
          if (done === true) controller.close()
          else controller.enqueue(value)
        },
        async cancel() {
          await reader.return()
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** The answer as an event stream for a browser or another client, from a server of your own. */
  toResponse(init?: EventStreamResponseInit): Response {
    return toEventStreamResponse(this, init)
  }

  /**
   * Sends the request if that has not been done, and waits for the head of the response.
   *
   * @throws StreamError `connect_failed`, `http_status`, `timeout`
   */
  async response(): Promise<ResponseHead> {
    try {
      const { status, headers } = await this.#source.open()
      return { status, headers, requestId: requestIdOf(headers) }
    } catch (reason) {
      throw this.#source.reasonOf(reason)
    }
  }

  /** Of the response; `undefined` before there is one. */
  get headers(): Headers | undefined {
    return this.#source.response?.headers
  }

  /** What the provider calls this request; `undefined` before there is a response. */
  get requestId(): string | undefined {
    return this.headers && requestIdOf(this.headers)
  }

  /** What could not be decided while decoding and was kept as it came. Grows while the stream is read. */
  get warnings(): readonly Warning[] {
    return this.#source.warnings
  }

  /** Closes the connection. Readers get what has arrived, then the reason. */
  abort(reason: unknown = new DOMException('The stream was aborted', 'AbortError')): void {
    this.#source.abort(reason)
  }

  /** Reads to the end and resolves to the sum: for `accumulate`. */
  fold(): Promise<Folded> {
    return this.#shared.fold()
  }

  /** Closes the connection at the end of a block that began with `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shared.stop()
  }
}

/** The names of the header, the most usual first: OpenAI and most others, Anthropic, Azure, Amazon. */
const requestIdHeaders = ['x-request-id', 'request-id', 'apim-request-id', 'x-amzn-requestid']

function requestIdOf(headers: Headers): string | undefined {
  for (const name of requestIdHeaders) {
    const id = headers.get(name)
    if (id !== null) return id
  }
  return undefined
}

/** Hidden from logs, and only made when somebody looks: an answer is long. */
function attachPartial(reason: unknown, sum: () => ChatCompletionChunk | undefined): void {
  // A reason that is not ours is passed on untouched.
  if (!isStreamError(reason) || !Object.isExtensible(reason)) return
  const get = (): ChatCompletion | null => {
    const all = sum()
    return all === undefined || all.choices.length === 0 ? null : toChatCompletion(all)
  }
  Object.defineProperty(reason, 'partial', { configurable: true, enumerable: false, get })
}

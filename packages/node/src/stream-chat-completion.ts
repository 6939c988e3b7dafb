import type { ChatCompletionRequest, DecodeOptions } from '@deltawire/core'
import { Attempts } from './attempts.ts'
import { ChatStream } from './chat-stream.ts'
import { type EndpointOptions, endpointOf } from './endpoint.ts'
import { environmentFetch } from './environment-fetch.ts'
import { checkSignal } from './follow-abort.ts'
import { type RetryOptions, retryPolicyOf } from './retry.ts'
import { systemTime, type Time } from './time.ts'
import { allowedOf, type Timeouts } from './timeouts.ts'
import type { CountTokensOption } from './tokenizer.ts'

/** A request; that the answer is to be streamed goes without saying. */
export type StreamRequest = Omit<ChatCompletionRequest, 'stream'>

/** Who is asked and how: the endpoint, its timeouts, when to ask again, what a stream may grow to. */
export interface StreamChatCompletionOptions extends EndpointOptions, Timeouts, RetryOptions, DecodeOptions {
  /**
   * Sends the request: for a recording, a dispatcher of one's own.
   *
   * @defaultValue the global `fetch`, looked up at the call; where the environment names a proxy for the endpoint
   *   (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) and Node.js was not told to heed it, that of the package `undici`
   */
  fetch?: typeof globalThis.fetch | undefined
  /** Ends the request and closes the connection. Its reason is thrown as it is, after everything that arrived. */
  signal?: AbortSignal | undefined
  /**
   * Counts the tokens of a text where a provider sends no usage: `'gpt-tokenizer'` does it exactly, with the package of
   * that name, which is loaded when it comes to that.
   *
   * @defaultValue `estimateTokens`, a guess: a tokenizer is megabytes of tables
   */
  countTokens?: CountTokensOption | undefined
  /** @internal For tests. */
  time?: Time | undefined
}

/**
 * Asks an OpenAI-compatible endpoint and gives the answer as it arrives, in normalized chunks.
 *
 * The request is sent when something of the answer is first asked for. `stream: true` is added, and
 * `stream_options.include_usage` unless the request has `stream_options`, of which `null` sends none; where a server
 * refuses it, it is left out. Whatever the server sends in place of an event stream (one JSON document, lines of JSON, a
 * page) is understood.
 *
 * ```ts
 * const stream = streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] })
 * console.log(await stream.text())
 * ```
 *
 * @throws TypeError at once for a request or options that are none
 */
export function streamChatCompletion(request: StreamRequest, options: StreamChatCompletionOptions = {}): ChatStream {
  if (typeof request !== 'object' || request === null)
    throw new TypeError(
      `streamChatCompletion takes a request, as in streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] })`,
    )
  return new ChatStream(attemptsOf(request, bodiesOf(request), options), options.countTokens)
}

/** What will ask: `bodies` are sent, whatever the request says. */
export function attemptsOf(
  request: StreamRequest,
  bodies: [body: string, withoutUsage?: string],
  options: StreamChatCompletionOptions,
): Attempts {
  const { time = systemTime } = options
  const endpoint = endpointOf(options)
  return new Attempts({
    fetch: options.fetch ?? environmentFetch(endpoint.url),
    time,
    signal: checkSignal(options.signal),
    endpoint,
    allowed: allowedOf(options),
    policy: retryPolicyOf(options, time),
    request,
    bodies,
    // The caller's request knows how many choices there are; a caller who says so is believed.
    decode: { ...options, n: options.n ?? (typeof request.n === 'number' ? request.n : undefined) },
  })
}

/** As they are now: what is done to the request afterwards is not sent. */
export function bodiesOf({ stream_options: asked, ...request }: StreamRequest): [string, string?] {
  const plain = { ...request, stream: true }
  if (asked === null) return [JSON.stringify(plain)]
  if (asked !== undefined) return [JSON.stringify({ ...plain, stream_options: asked })]
  // Pictures make requests long: it is written once.
  const text = JSON.stringify(plain)
  return [`${text.slice(0, -1)},"stream_options":{"include_usage":true}}`, text]
}

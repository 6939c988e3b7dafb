/**
 * The wire types of a streamed chat completion (`chat.completion.chunk`).
 *
 * Names are the wire's. A `?` field may be absent; `null` is written where the wire sends `null`. Providers add keys of
 * their own at every level: they survive decoding and merging, and {@link Extras} types the access to them.
 *
 * Source: the OpenAI API specification, `CreateChatCompletionStreamResponse`, state of August 2026, and the providers
 * named beside each extension.
 */

/** Any other string: keeps a union of literals open for members that a provider invents, without losing completion. */
export type AnyString = string & {}

/** `T` in the open form, nothing in the closed one: what is on the wire but not in the official SDK's types. */
export type OpenOnly<Open extends string, T> = [Open] extends [never] ? never : T

/** A wire object seen with the keys that its type does not name: `(chunk as Extras<typeof chunk>).x_groq`. */
export type Extras<T extends object> = T & { readonly [key: string]: unknown }

/**
 * One event of a chat-completion stream. The sum of several chunks is a chunk too.
 *
 * `Open` is what string unions accept beyond the official members: any string by default, because providers do invent
 * them. `ChatCompletionChunk<never>` is the closed, official form, assignable to the official SDK's type.
 */
export interface ChatCompletionChunk<Open extends string = AnyString> {
  /** The same on every chunk of a stream. `''` when the server never sent one. */
  id: string
  object: 'chat.completion.chunk'
  /** Unix seconds. `0` when the server never sent it. */
  created: number
  /** The model that answers, in the provider's spelling, which is often more exact than that of the request. */
  model: string
  /** Empty on the usage and the moderation chunk. More than one when the request asked for `n > 1`. */
  choices: ChunkChoice<Open>[]
  /** For the whole request. Official servers send it once, in a last chunk without choices; `null` before. */
  usage?: CompletionUsage | null
  /** How urgently the request was served, when it asked for a tier. */
  service_tier?: ServiceTier<Open> | null
  /** The configuration that answers: with the same one, the same seed gives mostly the same answer. */
  system_fingerprint?: string
  moderation?: Moderation | null
}

/** What the sum of one choice's chunks has collected, or what one chunk adds to it. */
export interface ChunkChoice<Open extends string = AnyString> {
  /** Which of the `n` choices. A key and a sort order, never an array offset. */
  index: number
  delta: ChunkDelta<Open>
  /** `null` until the choice ends. */
  finish_reason: FinishReason<Open> | null
  logprobs?: ChunkLogprobs | null
  /**
   * A whole message that replaces what the deltas before it had collected, field by field.
   *
   * An extension, named so that no provider's own `message` is taken for it: MiniMax ends its streams with a complete
   * frame, which normalizing puts here. Deltas of the same chunk count after it. A reader that only follows deltas may
   * ignore it.
   */
  whole_message?: ChunkDelta<Open>
}

/** A partial message. Text fields append; see `merge/merge-chunk.ts` for the rule of every field. */
export interface ChunkDelta<Open extends string = AnyString> {
  role?: MessageRole<Open>
  /** Text in pieces. Mistral and Databricks send typed parts instead: `textOf` reads either. */
  content?: string | OpenOnly<Open, ContentPart[]> | null
  refusal?: string | null
  /** Sent by DeepSeek, Qwen, xAI, Kimi, SGLang. `reasoningOf` reads whichever form a provider uses. */
  reasoning_content?: string | null
  /** Sent by Groq, OpenRouter, Ollama, vLLM, Cerebras. */
  reasoning?: string | null
  /** Sent by OpenRouter: entries merge by `index`, `type` and `id`. */
  reasoning_details?: ReasoningDetail[] | null
  tool_calls?: ToolCallDelta<Open>[]
  /** Deprecated by the specification in favour of `tool_calls`. */
  function_call?: FunctionDelta
  /** Not in the specification; sent by audio models. */
  audio?: AudioDelta | OpenOnly<Open, null>
  /** Not in the specification; sent by search models. Entries have no index and append. */
  annotations?: Annotation[] | null
}

/** A fragment of one tool call. After normalizing, `index` always tells which. */
export interface ToolCallDelta<Open extends string = AnyString> {
  /** The key of the call within its choice, and the order of the finished `tool_calls`. */
  index: number
  id?: string
  type?: 'function' | OpenOnly<Open, 'custom'> | Open
  function?: FunctionDelta
  custom?: CustomDelta
}

/** What a delta adds to the call of a function. */
export interface FunctionDelta {
  /** Whole, once. A provider that sends it in pieces is normalized to the whole name so far. */
  name?: string
  /** JSON text in pieces; a model does not always make it valid. */
  arguments?: string
}

/** A free-form tool call. */
export interface CustomDelta {
  /** Whole, once. */
  name?: string
  /** Text in pieces. */
  input?: string
}

/** A spoken answer in pieces: first its id, then data and transcript, in the end `expires_at` alone. */
export interface AudioDelta {
  /** By this, a later request names the answer it continues. */
  id?: string
  /** Base64 in pieces; the pieces join to one valid text. */
  data?: string
  /** What is said, in pieces. */
  transcript?: string
  /** Unix seconds. */
  expires_at?: number
}

/** How likely each token was, where the request asked for `logprobs`. Lists of following chunks are appended. */
export interface ChunkLogprobs {
  /** The tokens of the text. `null` when there are none. */
  content: TokenLogprob[] | null
  /** The tokens of a refusal. `null` when there are none. */
  refusal: TokenLogprob[] | null
}

/** A token of the answer, and what might have stood in its place. */
export interface TokenLogprob {
  /** As text. Half a character can be no text: then only `bytes` is exact. */
  token: string
  /** `-9999` stands for "very unlikely". */
  logprob: number
  /** UTF-8. A character can span tokens: join the bytes to rebuild it. */
  bytes: number[] | null
  /** The likeliest tokens at this place. May be fewer than `top_logprobs` asked for. */
  top_logprobs: TopLogprob[]
}

/** One of the likeliest tokens at a place of the answer. */
export interface TopLogprob {
  /** As in `TokenLogprob`. */
  token: string
  /** As in `TokenLogprob`. */
  logprob: number
  /** As in `TokenLogprob`. */
  bytes: number[] | null
}

/**
 * What a request took, in tokens, over all its choices. Each report is a total: a later one replaces what it repeats.
 */
export interface CompletionUsage {
  /** What was read. */
  prompt_tokens: number
  /** What was written. OpenAI counts reasoning here; some providers count it apart. */
  completion_tokens: number
  /** Both together, as the provider counts. */
  total_tokens: number
  prompt_tokens_details?: PromptTokensDetails
  completion_tokens_details?: CompletionTokensDetails
}

/** What the `prompt_tokens` consisted of. Providers tell only some of it. */
export interface PromptTokensDetails {
  /** Found in the provider's prompt cache; mostly cheaper. */
  cached_tokens?: number
  /** Written to the prompt cache, for which some providers charge. */
  cache_write_tokens?: number
  /** Sound that was listened to. */
  audio_tokens?: number
  text_tokens?: number
  image_tokens?: number
}

/** What the `completion_tokens` consisted of. Providers tell only some of it. */
export interface CompletionTokensDetails {
  /** Thought before the answer: paid for, whether it is shown or not. */
  reasoning_tokens?: number
  /** Sound that was spoken. */
  audio_tokens?: number
  text_tokens?: number
  /** Tokens of the request's `prediction` that the answer has. */
  accepted_prediction_tokens?: number
  /** Tokens of the request's `prediction` that the answer has not. They are billed like written ones. */
  rejected_prediction_tokens?: number
}

/** A typed part of `content`: `text`, `thinking` and `reference` of Mistral, `reasoning` of Databricks. */
export interface ContentPart {
  type: string
  text?: string
}

/** One entry of OpenRouter's `reasoning_details`. */
export interface ReasoningDetail {
  type: 'reasoning.encrypted' | 'reasoning.summary' | 'reasoning.text' | AnyString
  index?: number
  id?: string | null
  format?: string | null
  text?: string | null
  summary?: string | null
  data?: string | null
  signature?: string | null
}

/** A source that a search model names for a part of its answer. */
export interface Annotation {
  type: 'url_citation'
  url_citation: UrlCitation
}

/** A page, and the part of the message that rests on it. */
export interface UrlCitation {
  /** Where that part begins in the finished `content`, as the index of a character. */
  start_index: number
  /** Where that part ends. */
  end_index: number
  url: string
  title: string
}

/** Comes in a chunk of its own when the request asked for moderation. A nested `type: 'error'` is data, not a failure. */
export interface Moderation {
  input: ModerationResults | ModerationError
  output: ModerationResults | ModerationError
}

/** How one side, question or answer, was judged. */
export interface ModerationResults {
  type: 'moderation_results'
  /** The judge. */
  model: string
  results: ModerationResult[]
}

/** One judgement. */
export interface ModerationResult {
  type: 'moderation_result'
  model: string
  /** Whether any category applies. */
  flagged: boolean
  categories: { [category: string]: boolean }
  /** From 0 to 1, by category: how sure the judge is. */
  category_scores: { [category: string]: number }
  /** By category: what the judge has looked at for it. */
  category_applied_input_types: { [category: string]: ('image' | 'text')[] }
}

/** Why one side was not judged. The answer itself is not affected. */
export interface ModerationError {
  type: 'error'
  code: string
  message: string
}

/** Who speaks, in the provider's word. The official form is closed: `MessageRole<never>`. */
export type MessageRole<Open extends string = AnyString> = 'assistant' | 'developer' | 'system' | 'tool' | 'user' | Open

/** Why a choice ended. Kept as the provider sent it. */
export type FinishReason<Open extends string = AnyString> =
  | 'content_filter'
  | 'function_call'
  | 'length'
  | 'stop'
  | 'tool_calls'
  | Open

/**
 * How urgently a request is served: what was asked for, or what the server made of it.
 *
 * `fast` is in the specification and in SDK 7, not in 6: only the open form has it. Groq and others send members of their own.
 */
export type ServiceTier<Open extends string = AnyString> =
  | 'auto'
  | 'default'
  | 'flex'
  | 'priority'
  | 'scale'
  | OpenOnly<Open, 'fast'>
  | Open

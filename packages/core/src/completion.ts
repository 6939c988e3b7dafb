import type {
  Annotation,
  AnyString,
  ChunkLogprobs,
  CompletionUsage,
  ContentPart,
  FinishReason,
  Moderation,
  OpenOnly,
  ReasoningDetail,
  ServiceTier,
} from './chunk.ts'

/**
 * A finished answer (`chat.completion`): what the same provider would have sent without streaming.
 *
 * `Open` as in `ChatCompletionChunk`. Keys that a provider adds are kept at the level where they came.
 */
export interface ChatCompletion<Open extends string = AnyString> {
  id: string
  object: 'chat.completion'
  /** Unix seconds. */
  created: number
  model: string
  /** Sorted by `index`. */
  choices: ChatCompletionChoice<Open>[]
  usage?: CompletionUsage
  service_tier?: ServiceTier<Open> | null
  system_fingerprint?: string
  moderation?: Moderation | null
  /** Only on a completion that was stored and is read again: never in a stream. */
  metadata?: { [key: string]: string } | null
}

/** One of the answers to a request; there are several only where it asked for `n > 1`. */
export interface ChatCompletionChoice<Open extends string = AnyString> {
  /** Which of the `n` answers. */
  index: number
  message: ChatCompletionMessage<Open>
  /** Never `null` in the official form. `null` here when a stream ended without one. */
  finish_reason: FinishReason<Open> | OpenOnly<Open, null>
  logprobs: ChunkLogprobs | null
}

/** What the model has said, whole. It can be put into the next request's `messages` as it is. */
export interface ChatCompletionMessage<Open extends string = AnyString> {
  /** Closed in both forms: an answer is the assistant's, and so can be sent back as it came (`RequestMessage`). */
  role: 'assistant'
  content: string | OpenOnly<Open, ContentPart[]> | null
  refusal: string | null
  tool_calls?: ToolCall[]
  /** Deprecated by the specification in favour of `tool_calls`. */
  function_call?: FunctionCall | null
  annotations?: Annotation[]
  audio?: Audio | null
  reasoning_content?: string | null
  reasoning?: string | null
  reasoning_details?: ReasoningDetail[] | null
}

/** A call that the model asks for. It has no `index` any more: the list is in order. */
export type ToolCall = CustomToolCall | FunctionToolCall

/** A call with JSON. A `ToolMessage` with its `id` answers it. */
export interface FunctionToolCall {
  /** `''` when the server never sent one. */
  id: string
  type: 'function'
  function: FunctionCall
}

/** A call with text. A `ToolMessage` with its `id` answers it. */
export interface CustomToolCall {
  id: string
  type: 'custom'
  custom: CustomCall
}

/** Which function is called, and with what. */
export interface FunctionCall {
  name: string
  /** JSON text as the model wrote it; not always valid. */
  arguments: string
}

/** Which custom tool is called, and with what. */
export interface CustomCall {
  name: string
  /** Text, in the tool's grammar if it has one. */
  input: string
}

/** A spoken answer. Until `expires_at` a later request can name it by its `id`. */
export interface Audio {
  id: string
  /** Base64. */
  data: string
  transcript: string
  /** Unix seconds. */
  expires_at: number
}

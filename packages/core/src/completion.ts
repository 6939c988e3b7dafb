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

export interface ChatCompletionChoice<Open extends string = AnyString> {
  index: number
  message: ChatCompletionMessage<Open>
  /** Never `null` in the official form. `null` here when a stream ended without one. */
  finish_reason: FinishReason<Open> | OpenOnly<Open, null>
  logprobs: ChunkLogprobs | null
}

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

export type ToolCall = CustomToolCall | FunctionToolCall

export interface FunctionToolCall {
  /** `''` when the server never sent one. */
  id: string
  type: 'function'
  function: FunctionCall
}

export interface CustomToolCall {
  id: string
  type: 'custom'
  custom: CustomCall
}

export interface FunctionCall {
  name: string
  /** JSON text as the model wrote it; not always valid. */
  arguments: string
}

export interface CustomCall {
  name: string
  input: string
}

export interface Audio {
  id: string
  /** Base64. */
  data: string
  transcript: string
  /** Unix seconds. */
  expires_at: number
}

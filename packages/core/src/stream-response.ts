/**
 * The stream types of this project's ancestor, the npm package `chatgpt` (5.2.5), for code that was written against them.
 *
 * They know one choice with text, three roles, and a usage that is always estimated. Source: the declarations of the
 * published package. (Its generated documentation shows `finish_reason` as `string`; the declarations have `null` too,
 * and so has the wire.)
 */
import type { ChatCompletionChunk, ChunkChoice, ChunkDelta, MessageRole } from './chunk.ts'

/** The roles that the ancestor knew. Ours are `MessageRole`. */
export type Role = 'user' | 'assistant' | 'system'

/** The ancestor's chunk. Ours is `ChatCompletionChunk`. */
export interface CreateChatCompletionDeltaResponse {
  id: string
  object: 'chat.completion.chunk'
  /** Unix seconds. */
  created: number
  model: string
  /** Exactly one. */
  choices: [
    {
      delta: {
        role: Role
        content?: string
      }
      index: number
      /** `null` until the choice ends. */
      finish_reason: string | null
    },
  ]
}

/** The ancestor's chunk with a usage beside it: what a `ChatMessage` had as `detail` after a stream. */
export interface CreateChatCompletionStreamResponse extends CreateChatCompletionDeltaResponse {
  usage: CreateCompletionStreamResponseUsage
}

/** The ancestor's usage. Ours is `CompletionUsage`. */
export interface CreateCompletionResponseUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
}

/** Tokens counted on this side of the wire. */
export interface CreateCompletionStreamResponseUsage extends CreateCompletionResponseUsage {
  estimated: true
}

/**
 * Makes the ancestor's stream response of a chunk, or of a sum of chunks, and an estimate of its usage.
 *
 * The type has no room for most of a chunk. Lost are: every choice but the one with the lowest `index`; tool calls,
 * refusal, reasoning, audio, annotations, parts of `content` that are not text, and log probabilities; the role
 * `developer` and every other that the ancestor did not know, which become `assistant`; `service_tier`,
 * `system_fingerprint`, moderation and a provider's own keys; and a usage that the server sent, because the type calls
 * every usage estimated. `toChatCompletion` loses nothing.
 *
 * A chunk without choices (the usage chunk, for one) gives a choice that adds nothing: no content, not finished. A chunk
 * that carries a `whole_message` gives its text, which replaces what came before. Reads both arguments, shares nothing
 * with them and never throws.
 */
export function toStreamResponse(
  chunk: ChatCompletionChunk,
  usage: CreateCompletionResponseUsage,
): CreateChatCompletionStreamResponse {
  const { index, delta, whole_message, finish_reason } = firstOf(chunk.choices) ?? nothing
  const content = join(textOf(whole_message?.content), textOf(delta.content))
  return {
    id: chunk.id,
    object: 'chat.completion.chunk',
    created: chunk.created,
    model: chunk.model,
    choices: [
      {
        delta: { role: narrow(whole_message?.role ?? delta.role), ...(content !== undefined && { content }) },
        index,
        finish_reason,
      },
    ],
    usage: {
      prompt_tokens: usage.prompt_tokens,
      completion_tokens: usage.completion_tokens,
      total_tokens: usage.total_tokens,
      estimated: true,
    },
  }
}

/** What a chunk without choices says. */
const nothing: ChunkChoice = { index: 0, delta: {}, finish_reason: null }

/** Chunks of several choices interleave, so that the first one in the list may be any of them. */
function firstOf(choices: readonly ChunkChoice[]): ChunkChoice | undefined {
  let first = choices[0]
  for (const choice of choices) if (first === undefined || choice.index < first.index) first = choice
  return first
}

function textOf(content: ChunkDelta['content']): string | undefined {
  if (!Array.isArray(content)) return content ?? undefined
  const texts = content.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? text : []))
  return texts.length > 0 ? texts.join('') : undefined
}

function join(first: string | undefined, second: string | undefined): string | undefined {
  return first !== undefined && second !== undefined ? first + second : (first ?? second)
}

const roles: readonly Role[] = ['assistant', 'system', 'user']

function narrow(role: MessageRole | undefined): Role {
  return roles.find((known) => known === role) ?? 'assistant'
}

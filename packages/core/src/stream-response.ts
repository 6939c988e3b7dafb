/**
 * The stream types of this project's ancestor, the npm package `chatgpt` (5.2.5), for code that was written against them.
 *
 * They know one choice with text, three roles, and a usage that is always estimated. Source: the declarations of the
 * published package. (Its generated documentation shows `finish_reason` as `string`; the declarations have `null` too,
 * and so has the wire.)
 */
import type { ChatCompletionChunk, ChunkChoice } from './chunk.ts'
import { inOrder } from './read/in-order.ts'
import { messageOf, textOf } from './read/text-of.ts'

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
  const [choice = nothing] = inOrder(chunk.choices)
  const message = messageOf(choice)
  const content = textOf(choice)
  const { prompt_tokens, completion_tokens, total_tokens } = usage
  return {
    id: chunk.id,
    object: 'chat.completion.chunk',
    created: chunk.created,
    model: chunk.model,
    choices: [
      {
        delta: {
          role: roles.find((known) => known === message['role']) ?? 'assistant',
          // An empty text was said too, a list without text was not.
          ...((content !== '' || message['content'] === '') && { content }),
        },
        index: choice.index,
        finish_reason: choice.finish_reason,
      },
    ],
    usage: { prompt_tokens, completion_tokens, total_tokens, estimated: true },
  }
}

/** What a chunk without choices says. */
const nothing: ChunkChoice = { index: 0, delta: {}, finish_reason: null }

const roles: readonly Role[] = ['assistant', 'system', 'user']

/**
 * The ancestor's types, exactly as `chatgpt@5.2.5` documents and declares them. Nothing here runs: `tsc -p test` is the
 * test.
 */
import type { ChatCompletionChunk, CompletionUsage } from '../../src/chunk.ts'
import type {
  CreateChatCompletionDeltaResponse,
  CreateChatCompletionStreamResponse,
  CreateCompletionResponseUsage,
  CreateCompletionStreamResponseUsage,
  Role,
  toStreamResponse,
} from '../../src/stream-response.ts'
import { assert, some, type Equal } from './assert.ts'

type DocumentedChoices = [
  {
    delta: { role: 'user' | 'assistant' | 'system'; content?: string }
    index: number
    finish_reason: string | null
  },
]

assert<Equal<Role, 'user' | 'assistant' | 'system'>>()

assert<
  Equal<
    CreateChatCompletionDeltaResponse,
    { id: string; object: 'chat.completion.chunk'; created: number; model: string; choices: DocumentedChoices }
  >
>()

assert<
  Equal<CreateCompletionResponseUsage, { prompt_tokens: number; completion_tokens: number; total_tokens: number }>
>()

assert<
  Equal<
    CreateCompletionStreamResponseUsage,
    { prompt_tokens: number; completion_tokens: number; total_tokens: number; estimated: true }
  >
>()

assert<
  Equal<
    CreateChatCompletionStreamResponse,
    {
      id: string
      object: 'chat.completion.chunk'
      created: number
      model: string
      choices: DocumentedChoices
      usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number; estimated: true }
    }
  >
>()

// The comparison itself tells apart what it should.
assert<Equal<Equal<{ a?: string }, { a: string | undefined }>, false>>()
assert<Equal<Equal<{ a: { b: string } }, { a: { b: string | null } }>, false>>()
assert<Equal<Equal<[1], 1[]>, false>>()
assert<Equal<Equal<{ a: 1 }, { a: 1; b?: 2 }>, false>>()

// Reachable from ours.
assert<Equal<ReturnType<typeof toStreamResponse>, CreateChatCompletionStreamResponse>>()
assert<Equal<Parameters<typeof toStreamResponse>[0], ChatCompletionChunk>>()
some<CompletionUsage>() satisfies Parameters<typeof toStreamResponse>[1]

// And the way back: the ancestor's object is one of our chunks.
some<CreateChatCompletionDeltaResponse>() satisfies ChatCompletionChunk
some<CreateChatCompletionStreamResponse>() satisfies ChatCompletionChunk

// @ts-expect-error A usage that was not estimated.
const counted: CreateCompletionStreamResponseUsage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
// @ts-expect-error Exactly one choice.
const none: CreateChatCompletionDeltaResponse['choices'] = []
// @ts-expect-error Our chunk may say nothing about its role, the ancestor's may not.
const ours: CreateChatCompletionDeltaResponse = some<ChatCompletionChunk>()

void [counted, none, ours]

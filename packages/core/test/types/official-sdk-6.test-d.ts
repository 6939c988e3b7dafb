/**
 * The closed forms are no narrower than the types of SDK 6, the last major for Node 20 and the one in the catalog.
 *
 * SDK 7 has members that 6 refuses (`custom` tool deltas, the tier `fast`, the image detail `original`): they are in the
 * open forms only, as long as the closed ones have to be assignable to both majors.
 */
import type OpenAI from 'openai'
import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsStreaming,
} from 'openai/resources/chat/completions/completions'
import type { ChatCompletionChunk, ServiceTier, ToolCallDelta } from '../../src/chunk.ts'
import type { ChatCompletion } from '../../src/completion.ts'
import type { ChatCompletionRequest, ImageContentPart, StreamingChatCompletionRequest } from '../../src/request.ts'
import { some } from './assert.ts'

some<OpenAI.ChatCompletionChunk>() satisfies ChatCompletionChunk<never>
some<OpenAI.ChatCompletion>() satisfies ChatCompletion<never>
some<ChatCompletionCreateParamsBase>() satisfies ChatCompletionRequest<never>
some<ChatCompletionCreateParamsStreaming>() satisfies StreamingChatCompletionRequest<never>

// What keeps those members out. Once SDK 6 has learned one, the compiler says so here: move it into the closed form.
type SdkChunk = OpenAI.ChatCompletionChunk
// @ts-expect-error SDK 6 streams function calls only.
'custom' satisfies NonNullable<SdkChunk['choices'][0]['delta']['tool_calls']>[0]['type']
'custom' satisfies ToolCallDelta['type']
// @ts-expect-error SDK 6 does not know this tier.
'fast' satisfies SdkChunk['service_tier']
'fast' satisfies ServiceTier
// @ts-expect-error SDK 6 does not know this detail.
'original' satisfies OpenAI.ChatCompletionContentPartImage.ImageURL['detail']
'original' satisfies ImageContentPart['image_url']['detail']

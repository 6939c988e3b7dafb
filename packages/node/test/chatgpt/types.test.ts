import type * as ancestor from 'chatgpt'
import type { Keyv } from 'keyv'
import { describe, expectTypeOf, it } from 'vitest'
import { ChatGPTAPI, type ChatGPTError } from '../../src/chatgpt/index.ts'
import type * as ours from '../../src/chatgpt/index.ts'

describe('the types', () => {
  it('take what the ancestor’s callers give', () => {
    expectTypeOf<ancestor.SendMessageOptions>().toExtend<ours.SendMessageOptions>()
    expectTypeOf<Omit<ancestor.ChatGPTAPIOptions, 'messageStore'>>().toExtend<ours.ChatGPTAPIOptions>()
    expectTypeOf<Keyv>().toExtend<NonNullable<ours.ChatGPTAPIOptions['messageStore']>>()
    expectTypeOf<ancestor.GetMessageByIdFunction>().toExtend<ours.GetMessageByIdFunction>()
    expectTypeOf<ancestor.UpsertMessageFunction>().toExtend<ours.UpsertMessageFunction>()
  })

  it('give what they take', () => {
    expectTypeOf<ours.ChatMessage>().toExtend<ancestor.ChatMessage>()
    expectTypeOf<ancestor.ChatMessage>().toExtend<ours.ChatMessage>()
    expectTypeOf<ChatGPTError>().toExtend<ancestor.ChatGPTError>()
    expectTypeOf<ours.Role>().toEqualTypeOf<ancestor.Role>()
    expectTypeOf<ours.FetchFn>().toEqualTypeOf<ancestor.FetchFn>()
    expectTypeOf<ours.CreateChatCompletionStreamResponse>().toExtend<ancestor.CreateChatCompletionStreamResponse>()
    expectTypeOf<ours.openai.CreateChatCompletionResponse>().toExtend<ancestor.openai.CreateChatCompletionResponse>()
    expectTypeOf<ours.openai.CreateChatCompletionRequest>().toExtend<ancestor.openai.CreateChatCompletionRequest>()
    expectTypeOf<ancestor.openai.CreateChatCompletionRequest>().toExtend<ours.openai.CreateChatCompletionRequest>()
    expectTypeOf(ChatGPTAPI.prototype.sendMessage).toExtend<ancestor.ChatGPTAPI['sendMessage']>()
    expectTypeOf<ChatGPTAPI['apiKey']>().toEqualTypeOf<ancestor.ChatGPTAPI['apiKey']>()
  })
})

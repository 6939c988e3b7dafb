export { ChatGPTAPI } from './chatgpt-api.ts'
export { ChatGPTError } from './chatgpt-error.ts'
export type { openai } from './openai.ts'
export type {
  ChatGPTAPIOptions,
  ChatMessage,
  CompletionParams,
  FetchFn,
  GetMessageByIdFunction,
  SendMessageOptions,
  UpsertMessageFunction,
} from './types.ts'
export type {
  CreateChatCompletionDeltaResponse,
  CreateChatCompletionStreamResponse,
  CreateCompletionResponseUsage,
  CreateCompletionStreamResponseUsage,
  Role,
} from '@deltawire/core'

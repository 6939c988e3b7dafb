export { readChunks } from './read-chunks.ts'
export type { ReadChunksOptions } from './read-chunks.ts'

// The client.
export { streamChatCompletion } from './stream-chat-completion.ts'
export type { StreamChatCompletionOptions, StreamRequest } from './stream-chat-completion.ts'
export type { BrokenStream, ChatStream, ResponseHead } from './chat-stream.ts'
export type { ChunkReader } from './shared-chunks.ts'
export type { EndpointOptions, HeadersOption } from './endpoint.ts'
export type { Timeouts } from './timeouts.ts'
export type { Retry, RetryOptions } from './retry.ts'
export { streamStructured } from './structured.ts'
export type { StructuredOptions, StructuredResult, StructuredStream } from './structured.ts'
export { runTools } from './run-tools.ts'
export type { RunToolsOptions, ToolEvent, ToolRun, ToolRunResult } from './run-tools.ts'
export { defineTool } from './tool.ts'
export type { Approval, RunnableTool, ToolContext, ToolOutcome } from './tool.ts'
export type { DeepPartial, InputOf, Issue, OutputOf, StandardResult, StandardSchema } from './standard-schema.ts'
export type { JsonSchemaOptions } from './json-schema-of.ts'
export { estimateTokens, estimateUsage } from './usage-estimate.ts'
export type { CountTokens, Usage } from './usage-estimate.ts'
export { loadTokenizer } from './tokenizer.ts'
export type { CountTokensOption } from './tokenizer.ts'

// Conversations.
export { createConversation } from './conversation/create-conversation.ts'
export type {
  Conversation,
  ConversationOptions,
  ConversationRequest,
  SendOptions,
} from './conversation/create-conversation.ts'
export type { ConversationResult, ConversationStream } from './conversation/conversation-stream.ts'
export type { ConversationContext } from './conversation/exchange.ts'
export type { Question } from './conversation/question.ts'
export type { OnProgress, Progress } from './conversation/turn.ts'
export { createMemoryStore } from './conversation/memory-store.ts'
export type { MemoryStoreOptions } from './conversation/memory-store.ts'
export type { MessageStore } from './conversation/message-store.ts'
export type { StoredAnswer, StoredMessage } from './conversation/stored-message.ts'
export type { Unread } from './conversation/read-history.ts'
export { fitContext } from './conversation/fit-context.ts'
export type { ContextBudget, ContextParts, FittedContext } from './conversation/fit-context.ts'
export { ConversationError, isConversationError } from './conversation/conversation-error.ts'
export type {
  AnyConversationError,
  ConversationErrorCode,
  ConversationErrorDetails,
} from './conversation/conversation-error.ts'

// For servers.
export { createChatHandler } from './server/chat-handler.ts'
export type { ChatHandlerOptions, FetchHandler, OpenChunks, OpenContext } from './server/chat-handler.ts'
export { toNodeListener, toRequest } from './server/node-listener.ts'
export type { NodeListener } from './server/node-listener.ts'
export { toEventStreamResponse } from './server/to-event-stream-response.ts'
export type { EventStreamResponseInit } from './server/to-event-stream-response.ts'
export { pipeToServerResponse } from './server/pipe-to-server-response.ts'
export { toEventStream } from './server/to-event-stream.ts'
export type { EventStreamInit, StreamEnd } from './server/chunk-events.ts'
export type { ChunkSource } from './server/chunk-source.ts'
export { clientSignal } from './server/client-signal.ts'
export { readChatRequest } from './server/read-chat-request.ts'
export type { ChatRequestLimits, ChatRequestSource } from './server/read-chat-request.ts'
export { ApiError } from './server/api-error.ts'
export type { ApiErrorBody, ApiErrorCode, ApiErrorInit } from './server/api-error.ts'
export type { CorsOptions } from './server/cors.ts'
export type { ServerRequestLike } from './server/server-request.ts'
export type { ServerResponseLike } from './server/server-response.ts'
export type { Timers } from './server/timers.ts'

// For adapter authors.
export { readEvents } from './read-events.ts'
export type { ByteSource } from './read-events.ts'
export { isInNoProxy } from './no-proxy.ts'

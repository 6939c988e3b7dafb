// For applications.
export { createChat } from './chat/create-chat.ts'
export type { Answer, Chat, ChatEvents, ChatOptions, ChatSnapshot, SendOptions, UserInput } from './chat/chat.ts'
export type { ChatError } from './chat/chat-error.ts'
export type { FlushMode } from './chat/flush.ts'
export type {
  DeepPartial,
  MediaPart,
  Message,
  MessagePart,
  TextPart,
  ToolCallPart,
  ToolCallState,
} from './chat/message.ts'
export { localChatStorage, sessionChatStorage } from './chat/storage.ts'
export type { ChatStorage, LiveAnswer, SerializedChat } from './chat/storage.ts'
export type { Selection } from './chat/store.ts'
export { resumeChat, streamChat } from './stream/stream-chat.ts'
export type { ChatResult, ChatStream, StreamChatOptions } from './stream/stream-chat.ts'
export { fetchTransport } from './transport/fetch-transport.ts'
export type { FetchTransportOptions } from './transport/fetch-transport.ts'
export type { Resolvable } from './transport/resolvable.ts'
export { directTransport } from './transport/direct-transport.ts'
export type { DirectTransportOptions } from './transport/direct-transport.ts'
export type { Retry } from './follow/backoff.ts'

// For authors of transports, toolboxes and tests.
export { page } from './follow/environment.ts'
export type { Environment } from './follow/environment.ts'
export type {
  ChatRequest,
  ChatTransport,
  ChunkEvent,
  Connection,
  OpenInit,
  OpenStream,
  SendInit,
  StreamRef,
} from './transport/transport.ts'
export type { ChunkDecoder } from './transport/plain-decoder.ts'
export type { InputOf, OutputOf, Toolbox, ToolCallReader, ToolCalls, ToolHost, ToolSet, ToolType } from './chat/tool.ts'

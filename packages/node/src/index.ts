export { readChunks } from './read-chunks.ts'
export type { ReadChunksOptions } from './read-chunks.ts'
export { streamChatCompletion } from './stream-chat-completion.ts'
export type { StreamChatCompletionOptions } from './stream-chat-completion.ts'

// For adapter authors.
export { readEvents } from './read-events.ts'
export type { ByteSource } from './read-events.ts'

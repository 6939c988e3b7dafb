// For applications.
export { accumulate, createAccumulator } from './merge/accumulate.ts'
export type { Accumulated, Accumulator } from './merge/accumulate.ts'
export { mergeChunk } from './merge/merge-chunk.ts'
export { createJsonReader } from './read/json-reader.ts'
export type { JsonReader, JsonReaderError, JsonReaderOptions } from './read/json-reader.ts'
export { reasoningOf, textOf } from './read/text-of.ts'
export type { Readable } from './read/text-of.ts'
export { readParts } from './read/read-parts.ts'
export type { Part } from './read/read-parts.ts'
export { toChatCompletion } from './read/to-chat-completion.ts'
export { toolCallsOf } from './read/tool-calls-of.ts'
export type { ParsedToolCall } from './read/tool-calls-of.ts'
export { encodeChunk } from './encode/encode-chunk.ts'
export { encodeComment } from './encode/encode-comment.ts'
export { encodeDone } from './encode/encode-done.ts'
export { encodeError } from './encode/encode-error.ts'
export { splitCompletion } from './encode/split-completion.ts'
export type { SplitOptions } from './encode/split-completion.ts'
export type { CutBy } from './encode/cut-text.ts'
export { createFanOut } from './fan-out.ts'
export type { FanOut } from './fan-out.ts'
export { isStreamError, StreamError } from './error.ts'
export type { AnyStreamError, LimitName, StreamErrorCode, StreamErrorDetails, UpstreamError } from './error.ts'

// For adapters: the way from bytes to chunks.
export { createFramer } from './decode/frame.ts'
export type { CreateSseParser, StreamEvent, TextSink } from './decode/frame.ts'
export { createDecoder, decodeChunk } from './decode/decoder.ts'
export type { Decoded, DecodeOptions, Decoder } from './decode/decoder.ts'
export { decodeChunks } from './decode/decode-chunks.ts'
export type { ChunkStream, Folded, Warning } from './decode/decode-chunks.ts'
export { createNormalizer } from './normalize/normalize.ts'
export type { Normalizer } from './normalize/normalize.ts'
export type { NormalizeOptions } from './normalize/state.ts'
export { DEFAULT_LIMITS, limitExceeded } from './limits.ts'
export type { Limits } from './limits.ts'

// The wire.
export type * from './chunk.ts'
export type * from './completion.ts'
export type * from './request.ts'

// For code written against the ancestor, chatgpt@5.
export { toStreamResponse } from './stream-response.ts'
export type {
  CreateChatCompletionDeltaResponse,
  CreateChatCompletionStreamResponse,
  CreateCompletionResponseUsage,
  CreateCompletionStreamResponseUsage,
  Role,
} from './stream-response.ts'

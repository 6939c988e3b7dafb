/**
 * Our wire types against those of the official SDK, 6 or 7. Nothing here runs: `tsc -p test` is the test.
 *
 * Three laws, for chunk, completion and request: what the SDK types is ours; our closed form is the SDK's; and where the
 * wire is wider than the SDK, the open form says so and the SDK's refuses it.
 */
import type OpenAI from 'openai'
import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ParsedChatCompletion,
} from 'openai/resources/chat/completions/completions'
import type { ChatCompletionChunk, ChunkDelta, CompletionUsage, Extras, ToolCallDelta } from '../../src/chunk.ts'
import type { ChatCompletion, ChatCompletionMessage } from '../../src/completion.ts'
import type {
  AssistantMessage,
  ChatCompletionRequest,
  RequestMessage,
  ResponseFormat,
  StreamingChatCompletionRequest,
  Tool,
  ToolChoice,
  UserContentPart,
} from '../../src/request.ts'
import { assert, some, type Equal } from './assert.ts'

type Sdk = {
  chunk: OpenAI.ChatCompletionChunk
  delta: OpenAI.ChatCompletionChunk.Choice.Delta
  call: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall
  completion: OpenAI.ChatCompletion
  message: OpenAI.ChatCompletionMessage
  usage: OpenAI.CompletionUsage
}

// What the SDK types is ours.
some<Sdk['chunk']>() satisfies ChatCompletionChunk
some<Sdk['completion']>() satisfies ChatCompletion
some<ParsedChatCompletion<{ city: string }>>() satisfies ChatCompletion
some<Sdk['usage']>() satisfies CompletionUsage
some<ChatCompletionCreateParamsBase>() satisfies ChatCompletionRequest
some<ChatCompletionCreateParamsNonStreaming>() satisfies ChatCompletionRequest
some<ChatCompletionCreateParamsStreaming>() satisfies StreamingChatCompletionRequest
some<OpenAI.ChatCompletionTool[]>() satisfies Tool[]
some<ChatCompletionMessageParam[]>() satisfies RequestMessage[]
some<Sdk['message']>() satisfies RequestMessage

// Our closed form is the SDK's.
some<ChatCompletionChunk<never>>() satisfies Sdk['chunk']
some<ChatCompletion<never>>() satisfies Sdk['completion']
some<CompletionUsage>() satisfies Sdk['usage']
some<ChatCompletionRequest<never>>() satisfies ChatCompletionCreateParamsBase
some<StreamingChatCompletionRequest<never>>() satisfies ChatCompletionCreateParamsStreaming
some<ChatCompletionRequest<never> & { stream: true }>() satisfies ChatCompletionCreateParamsStreaming
some<ChatCompletionRequest<never> & { stream?: false }>() satisfies ChatCompletionCreateParamsNonStreaming
some<RequestMessage<never>>() satisfies ChatCompletionMessageParam
some<ChatCompletionMessage<never>>() satisfies ChatCompletionMessageParam

// No field is missing: an optional one could be, and both ways would still compile. (`obfuscation` is padding, which
// normalizing drops.)
type Missing<Theirs, Ours> = Exclude<keyof Theirs, keyof Ours>
assert<Equal<Missing<ChatCompletionCreateParamsStreaming, StreamingChatCompletionRequest>, never>>()
assert<Equal<Exclude<Missing<Sdk['chunk'], ChatCompletionChunk>, 'obfuscation'>, never>>()
assert<Equal<Missing<Sdk['chunk']['choices'][0], ChatCompletionChunk['choices'][0]>, never>>()
assert<Equal<Missing<Sdk['delta'], ChunkDelta>, never>>()
assert<Equal<Missing<Sdk['call'], ToolCallDelta>, never>>()
assert<Equal<Missing<Sdk['completion'], ChatCompletion>, never>>()
assert<Equal<Missing<Sdk['completion']['choices'][0], ChatCompletion['choices'][0]>, never>>()
assert<Equal<Missing<Sdk['message'], ChatCompletionMessage>, never>>()
assert<Equal<Missing<Extract<ChatCompletionMessageParam, { role: 'assistant' }>, AssistantMessage>, never>>()

// The closed form is a case of the open one.
some<ChatCompletionChunk<never>>() satisfies ChatCompletionChunk
some<ChatCompletion<never>>() satisfies ChatCompletion
some<ChatCompletionRequest<never>>() satisfies ChatCompletionRequest

// An answer can be sent back as it came.
some<ChatCompletionMessage>() satisfies RequestMessage

// The wire is wider than the SDK.
const chunk = some<ChatCompletionChunk>()
const delta = some<ChunkDelta>()
const completion = some<ChatCompletion>()
const request = some<StreamingChatCompletionRequest>()

// @ts-expect-error Providers end a choice for reasons of their own, such as `eos` at Together.
chunk.choices satisfies Sdk['chunk']['choices']
// @ts-expect-error `fast` is in the specification, and Groq sends `on_demand`.
chunk.service_tier satisfies Sdk['chunk']['service_tier']
// @ts-expect-error Mistral and Databricks send a list of typed parts.
delta.content satisfies Sdk['delta']['content']
// @ts-expect-error A provider may name the role as it likes.
delta.role satisfies Sdk['delta']['role']
// @ts-expect-error Free-form tools stream as `custom`, which SDK 6 does not know, and providers have types of their own.
some<ToolCallDelta>().type satisfies Sdk['call']['type']
// @ts-expect-error A stream that was cut has no finish reason.
completion.choices[0]?.finish_reason satisfies Sdk['completion']['choices'][0]['finish_reason'] | undefined
// @ts-expect-error A list of typed parts stays one when the answer is finished.
completion.choices[0]?.message.content satisfies Sdk['message']['content'] | undefined
// @ts-expect-error Mistral has `any`.
request.tool_choice satisfies ChatCompletionCreateParamsStreaming['tool_choice']
// @ts-expect-error Groq, OpenRouter and others have tools that they run themselves.
request.tools satisfies ChatCompletionCreateParamsStreaming['tools']
// @ts-expect-error llama.cpp takes a `schema` beside `json_object`.
request.response_format satisfies ChatCompletionCreateParamsStreaming['response_format']
// @ts-expect-error Mistral takes documents, Qwen videos.
request.messages satisfies ChatCompletionCreateParamsStreaming['messages']
// @ts-expect-error Providers know other efforts than OpenAI.
request.reasoning_effort satisfies ChatCompletionCreateParamsStreaming['reasoning_effort']
// @ts-expect-error As for the tier of a chunk.
request.service_tier satisfies ChatCompletionCreateParamsStreaming['service_tier']

// Written by hand.
const custom: ToolCallDelta = { index: 0, type: 'custom', custom: { name: 'exec', input: '' } }
// @ts-expect-error The closed form has no custom tool deltas.
const closedCustom: ToolCallDelta<never> = { index: 0, type: 'custom' }
const eos: ChatCompletionChunk['choices'][0] = { index: 0, delta: {}, finish_reason: 'eos' }
// @ts-expect-error The closed form has only the official reasons.
const closedEos: ChatCompletionChunk<never>['choices'][0] = { index: 0, delta: {}, finish_reason: 'eos' }
const onlyEos: ChatCompletionChunk<'eos'>['choices'][0] = { index: 0, delta: {}, finish_reason: 'eos' }
// @ts-expect-error A choice says whether it has ended.
const unsaid: ChatCompletionChunk['choices'][0] = { index: 0, delta: {} }
// @ts-expect-error A chunk has choices, if only none.
const choiceless: ChatCompletionChunk = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'm' }
// @ts-expect-error A completion is no chunk.
const notAChunk: ChatCompletionChunk = some<ChatCompletion>()
// @ts-expect-error Absent is not `undefined`, and JSON has only the one.
const undefinedContent: ChunkDelta = { content: undefined }

const tools: Tool[] = [
  { type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } },
  { type: 'custom', custom: { name: 'exec', format: { type: 'text' } } },
  { type: 'browser_search' },
  { type: 'openrouter:web_search', parameters: { max_uses: 1 } },
]
// @ts-expect-error The Responses API's flat tool.
const flatTool: Tool = { type: 'function', name: 'get_weather', parameters: {} }
// @ts-expect-error A function without a name.
const namelessTool: Tool = { type: 'function', function: { parameters: {} } }
// @ts-expect-error The closed form has only the official tools.
const closedTool: Tool<never> = { type: 'browser_search' }

const parts: UserContentPart[] = [
  { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
  { type: 'image_url', image_url: { url: 'data:image/png;base64,', detail: 'low' } },
  { type: 'document_url', document_url: 'https://example.com/a.pdf' },
]
// @ts-expect-error The Responses API's name for text.
const inputText: UserContentPart = { type: 'input_text', text: 'What is this?' }
// @ts-expect-error An image is an object with a URL.
const bareImage: UserContentPart = { type: 'image_url', image_url: 'https://example.com/a.png' }

const formats: ResponseFormat[] = [
  { type: 'json_object' },
  { type: 'json_object', schema: {} },
  { type: 'json_schema', json_schema: { name: 'answer', schema: {}, strict: true } },
]
// @ts-expect-error The Responses API's flat format.
const flatFormat: ResponseFormat = { type: 'json_schema', name: 'answer', schema: {} }

const choices: ToolChoice[] = ['any', 'auto', { type: 'function', function: { name: 'get_weather' } }]
// @ts-expect-error The closed form has only the official choices.
const closedChoice: ToolChoice<never> = 'any'

const extra: Extras<ChatCompletionRequest> = { model: 'm', messages: [], top_k: 40 }
extra satisfies ChatCompletionRequest
// @ts-expect-error A request names its model.
const modelless: ChatCompletionRequest = { messages: [] }
// @ts-expect-error A tool's message says which call it answers.
const orphan: RequestMessage = { role: 'tool', content: '' }
// @ts-expect-error A streaming request says so.
const notStreaming: StreamingChatCompletionRequest = { model: 'm', messages: [] }
// @ts-expect-error A misspelt field of the top level is found.
const misspelt: ChatCompletionRequest = { model: 'm', messages: [], temprature: 0 }

void [custom, closedCustom, eos, closedEos, onlyEos, unsaid, choiceless, notAChunk, undefinedContent, tools, flatTool]
void [namelessTool, closedTool, parts, inputText, bareImage, formats, flatFormat, choices, closedChoice, modelless]
void [orphan, notStreaming, misspelt]

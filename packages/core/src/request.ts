/**
 * The request of a chat completion: the body of `POST /chat/completions`.
 *
 * Source: the OpenAI API specification, `CreateChatCompletionRequest`, state of August 2026; `ChatCompletionCreateParams`
 * of the official SDK, 6.49 and 7.57; the providers named beside each extension. Names, `?`, `null` and `Open` follow
 * the rules of `chunk.ts`. Lists are mutable because the SDK's are, and a value must fit both ways.
 */
import type { AnyString, ContentPart, OpenOnly, ReasoningDetail, ServiceTier } from './chunk.ts'
import type { FunctionCall, ToolCall } from './completion.ts'

/**
 * What a chat-completion endpoint is asked.
 *
 * Models and providers accept different subsets, and answer 400 to some of the rest. A provider's own field is written
 * with `Extras`: `const request: Extras<ChatCompletionRequest> = { model, messages, top_k: 40 }`.
 *
 * `Open` is what string unions accept beyond the official members, any string by default. `ChatCompletionRequest<never>`
 * is the closed form, assignable to the official SDK's type.
 */
export interface ChatCompletionRequest<Open extends string = AnyString> {
  /** Which model is asked, in the provider's spelling. */
  model: string
  /** The conversation so far, oldest first. A finished answer's `message` can be put here as it came. */
  messages: RequestMessage<Open>[]

  /** Answer in chunks. What streams sets it by itself. */
  stream?: boolean | null
  /** Only together with `stream: true`: servers refuse it elsewhere. */
  stream_options?: StreamOptions | null
  /** How many answers to write, 1 to 128. Their chunks come interleaved; every answer is paid for. Default 1. */
  n?: number | null
  /** Send the log probability of every token of the answer. */
  logprobs?: boolean | null
  /** How many alternatives to list beside each token, 0 to 20; fewer may come. Needs `logprobs: true`. */
  top_logprobs?: number | null
  /** What to answer with. With `audio` in the list, `audio` must be given too. Default `['text']`. */
  modalities?: ('audio' | 'text' | Open)[] | null
  /** How a spoken answer is to sound. Only with `'audio'` in `modalities`. */
  audio?: AudioOptions<Open> | null
  /** Answer in JSON, or in JSON that follows a schema. */
  response_format?: ResponseFormat<Open>
  /** How long-winded the answer may be. Default `medium`. */
  verbosity?: 'high' | 'low' | 'medium' | Open | null

  /** What the model may call. */
  tools?: Tool<Open>[]
  /** Whether it must, may or must not call them. `auto` when there are tools, else `none`. */
  tool_choice?: ToolChoice<Open>
  /** Several calls in one answer. Default `true`. */
  parallel_tool_calls?: boolean
  /** Let the model search the web; the sources come as `annotations`. */
  web_search_options?: WebSearchOptions<Open>

  /** How much to think before answering. A model knows only some of the members. */
  reasoning_effort?: ReasoningEffort<Open> | null
  /** The most tokens to write, reasoning included; beyond it the choice ends with `length`. */
  max_completion_tokens?: number | null
  /** Stop before writing any of these, up to four. What matched is not part of the answer. Some reasoning models refuse it. */
  stop?: string | string[] | null
  /** 0 to 2: from the likeliest words to surprising ones. Change this or `top_p`, not both. */
  temperature?: number | null
  /** 0 to 1: choose only among the likeliest tokens that together have this probability. */
  top_p?: number | null
  /** -2 to 2: above 0, a word that has been used often becomes less likely. */
  frequency_penalty?: number | null
  /** -2 to 2: above 0, a word that has been used at all becomes less likely. */
  presence_penalty?: number | null
  /** Token id to a number from -100 (never) to 100 (always), added before sampling. */
  logit_bias?: { [token: string]: number } | null
  /** Text that much of the answer will repeat, such as a file to edit: what matches is written faster. */
  prediction?: Prediction | null

  /** Judge question and answer: the result comes in a chunk of its own. */
  moderation?: ModerationOptions<Open> | null
  /** How urgently to serve it; the price follows. Default `auto`. */
  service_tier?: ServiceTier<Open> | null
  /** Keep the completion on the provider's side, to be read again or learned from. */
  store?: boolean | null
  /** Labels for a stored completion: at most 16, keys up to 64 characters, values up to 512. */
  metadata?: { [key: string]: string } | null
  /** Requests with the same key are routed to the same prompt cache. */
  prompt_cache_key?: string | null
  /** How the beginning of the conversation is cached for later requests. */
  prompt_cache_options?: PromptCacheOptions<Open>
  /** Who is asking, as a hash of at most 64 characters: lets the provider act against one abuser and not against you. */
  safety_identifier?: string | null

  /** Deprecated by the specification: the same seed gives the same answer, most of the time. */
  seed?: number | null
  /** Deprecated by the specification in favour of `max_completion_tokens`. Most other providers know only this one. */
  max_tokens?: number | null
  /** Deprecated by the specification in favour of `prompt_cache_options.ttl`. */
  prompt_cache_retention?: '24h' | 'in_memory' | Open | null
  /** Deprecated by the specification in favour of `safety_identifier` and `prompt_cache_key`. */
  user?: string
  /** Deprecated by the specification in favour of `tools`. */
  functions?: Omit<FunctionDefinition, 'strict'>[]
  /** Deprecated by the specification in favour of `tool_choice`. */
  function_call?: 'auto' | 'none' | Open | { name: string }
}

/** A request that says so itself: the answer is a stream of `ChatCompletionChunk`. */
export interface StreamingChatCompletionRequest<Open extends string = AnyString> extends ChatCompletionRequest<Open> {
  stream: true
}

/** What is sent beside the answer. */
export interface StreamOptions {
  /** One more chunk before the end, without choices, with the usage of the whole request. A broken stream lacks it. */
  include_usage?: boolean
  /** Pad the chunks so that their sizes give nothing away. `false` saves the bytes on a line you trust. Default `true`. */
  include_obfuscation?: boolean
}

/** One turn of a conversation. */
export type RequestMessage<Open extends string = AnyString> =
  | AssistantMessage<Open>
  | DeveloperMessage<Open>
  | FunctionMessage
  | SystemMessage<Open>
  | ToolMessage<Open>
  | UserMessage<Open>

/** Instructions above the user's, for reasoning models. */
export interface DeveloperMessage<Open extends string = AnyString> {
  role: 'developer'
  content: string | TextParts<Open>
  /** Tells apart several speakers of one role. */
  name?: string
}

/** Instructions above the user's, for every other model. */
export interface SystemMessage<Open extends string = AnyString> {
  role: 'system'
  content: string | TextParts<Open>
  name?: string
}

/** What a user says: text, or pieces of text, pictures, sound and files. */
export interface UserMessage<Open extends string = AnyString> {
  role: 'user'
  content: string | UserContentPart<Open>[]
  name?: string
}

/** An earlier answer. A `ChatCompletionMessage` is one. */
export interface AssistantMessage<Open extends string = AnyString> {
  role: 'assistant'
  /** May be absent beside `tool_calls`. */
  content?: string | (OpenOnly<Open, ContentPart> | RefusalContentPart | TextContentPart)[] | null
  refusal?: string | null
  name?: string
  /** Every call must be answered by a `ToolMessage` before the next turn. */
  tool_calls?: ToolCall[]
  /** An answer that was spoken, by the id it came with. */
  audio?: { id: string } | null
  /** An extension: DeepSeek and Kimi want it back while the model is using tools. llama.cpp reads it too. */
  reasoning_content?: string | null
  /** An extension: Ollama, Groq and vLLM read it back in this form. */
  reasoning?: string | null
  /** An extension: OpenRouter and the Vercel gateway want it back unchanged. */
  reasoning_details?: ReasoningDetail[] | null
  /** Deprecated by the specification in favour of `tool_calls`. */
  function_call?: FunctionCall | null
}

/** What a tool found out. */
export interface ToolMessage<Open extends string = AnyString> {
  role: 'tool'
  content: string | TextParts<Open>
  /** The `id` of the call that this answers. */
  tool_call_id: string
}

/** Deprecated by the specification in favour of `ToolMessage`. */
export interface FunctionMessage {
  role: 'function'
  content: string | null
  name: string
}

/**
 * An object of a provider's own among the official ones: a `type` that the specification does not know, with any keys.
 *
 * `Known` are keys by which an official object, or one written for another API, betrays itself: those stay checked.
 */
export type ProviderItem<Open extends string, Known extends string> = OpenOnly<
  Open,
  { type: Open; [key: string]: unknown } & { [Key in Known]?: never }
>

type TextParts<Open extends string> = (ProviderItem<Open, PartKey> | TextContentPart)[]

/** A piece of what a user says. Providers add more, such as Mistral's `document_url` and Qwen's `video_url`. */
export type UserContentPart<Open extends string = AnyString> =
  | AudioContentPart<Open>
  | FileContentPart
  | ImageContentPart<Open>
  | ProviderItem<Open, PartKey>
  | TextContentPart

type PartKey = 'file' | 'image_url' | 'input_audio' | 'refusal' | 'text'

/** Text, as one piece among others. The only official piece in messages of developer, system and tool. */
export interface TextContentPart {
  type: 'text'
  text: string
  prompt_cache_breakpoint?: PromptCacheBreakpoint
  /** An extension: ends a cached prefix at Anthropic and Qwen, also through OpenRouter and others. */
  cache_control?: { type: 'ephemeral' | AnyString; ttl?: string }
}

/** A picture to look at, by its address or in place. */
export interface ImageContentPart<Open extends string = AnyString> {
  type: 'image_url'
  image_url: {
    /** Where the image is, or the image itself as a `data:` URL. */
    url: string
    /** How closely to look: costs tokens. Default `auto`. */
    detail?: 'auto' | 'high' | 'low' | OpenOnly<Open, 'original'> | Open
  }
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}

/** Sound to listen to. Always in place: the specification has no form by address. */
export interface AudioContentPart<Open extends string = AnyString> {
  type: 'input_audio'
  input_audio: {
    /** Base64. */
    data: string
    format: 'mp3' | 'wav' | Open
  }
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}

/** A file, by the id of an upload or in place. */
export interface FileContentPart {
  type: 'file'
  file: {
    file_id?: string
    /** Base64. */
    file_data?: string
    filename?: string
  }
  prompt_cache_breakpoint?: PromptCacheBreakpoint
}

/** A refusal, as a piece of an earlier answer. Only assistants have it. */
export interface RefusalContentPart {
  type: 'refusal'
  refusal: string
}

/** Ends a prefix that later requests will share: everything up to here is worth caching. */
export interface PromptCacheBreakpoint {
  mode: 'explicit'
  /** Instead of `prompt_cache_options.ttl`. */
  ttl?: '12h' | '30m'
}

/** What the model may call. Providers add tools that they run themselves: `{ type: 'browser_search' }` at Groq. */
export type Tool<Open extends string = AnyString> =
  | CustomTool<Open>
  | FunctionTool
  // `name` belongs to the flat tools of the Responses API: a frequent mistake, which a server answers with 400.
  | ProviderItem<Open, 'custom' | 'function' | 'name'>

/** Called with JSON. */
export interface FunctionTool {
  type: 'function'
  function: FunctionDefinition
}

/** What the model is told of a function. */
export interface FunctionDefinition {
  /** Letters, digits, `_` and `-`, at most 64. */
  name: string
  /** When to call it and what for: the model reads this. */
  description?: string
  /** A JSON Schema. Absent: called without arguments. */
  parameters?: JsonSchema
  /** Hold the model to the schema, which may then use only a part of JSON Schema. */
  strict?: boolean | null
}

/** Called with text. */
export interface CustomTool<Open extends string = AnyString> {
  type: 'custom'
  custom: {
    name: string
    description?: string
    /** What the text may look like. Default: anything. */
    format?: CustomToolGrammar<Open> | { type: 'text' }
  }
}

/** A grammar that the text for a custom tool follows: `definition`, written in `syntax`. */
export interface CustomToolGrammar<Open extends string = AnyString> {
  type: 'grammar'
  grammar: {
    definition: string
    syntax: 'lark' | 'regex' | Open
  }
}

/** `required` means one call at least, an object the tool that must be called. Mistral also has `any`. */
export type ToolChoice<Open extends string = AnyString> =
  | 'auto'
  | 'none'
  | 'required'
  | AllowedTools<Open>
  | Open
  | { type: 'custom'; custom: { name: string } }
  | { type: 'function'; function: { name: string } }

/** Only these of the request's `tools`: narrows the choice without disturbing the cached list. */
export interface AllowedTools<Open extends string = AnyString> {
  type: 'allowed_tools'
  allowed_tools: {
    mode: 'auto' | 'required' | Open
    /** Names without definitions: `{ type: 'function', function: { name: 'get_weather' } }`. */
    tools: { [key: string]: unknown }[]
  }
}

/** The form of the answer. Providers add more, such as `json_object` with a `schema` at llama.cpp. */
export type ResponseFormat<Open extends string = AnyString> =
  | JsonSchemaFormat
  // `name` belongs to the flat format of the Responses API.
  | ProviderItem<Open, 'json_schema' | 'name'>
  /** Valid JSON of any form. A message must ask for JSON as well, or the model may write spaces for ever. */
  | { type: 'json_object' }
  | { type: 'text' }

/** JSON that follows a schema. */
export interface JsonSchemaFormat {
  type: 'json_schema'
  json_schema: {
    /** Letters, digits, `_` and `-`, at most 64. */
    name: string
    /** What the object is for: the model reads this. */
    description?: string
    schema?: JsonSchema
    /** Hold the model to the schema, which may then use only a part of JSON Schema. */
    strict?: boolean | null
  }
}

/** A JSON Schema, passed on as it is. */
export interface JsonSchema {
  [keyword: string]: unknown
}

/** How a spoken answer is to sound. */
export interface AudioOptions<Open extends string = AnyString> {
  /** A streamed answer has to be `pcm16`: OpenAI refuses the others together with `stream: true`. */
  format: 'aac' | 'flac' | 'mp3' | 'opus' | 'pcm16' | 'wav' | Open
  /** A built-in voice, or one's own by its id. */
  voice: Voice | { id: string }
}

/** A built-in voice of OpenAI's, or any other that a provider has. */
export type Voice =
  | 'alloy'
  | 'ash'
  | 'ballad'
  | 'cedar'
  | 'coral'
  | 'echo'
  | 'fable'
  | 'marin'
  | 'nova'
  | 'onyx'
  | 'sage'
  | 'shimmer'
  | 'verse'
  | AnyString

/** How a search model searches the web. `{}` searches as the provider finds right. */
export interface WebSearchOptions<Open extends string = AnyString> {
  /** How much of what was found the model gets to read. Default `medium`. */
  search_context_size?: 'high' | 'low' | 'medium' | Open
  /** Where the user is, roughly: prefers results from there. */
  user_location?: UserLocation | null
}

/** Where the user is, roughly. Each part may be left out. */
export interface UserLocation {
  type: 'approximate'
  approximate: {
    city?: string
    /** Two letters, ISO 3166-1. */
    country?: string
    region?: string
    /** An IANA name, such as `Europe/Paris`. */
    timezone?: string
  }
}

/** Who judges question and answer, and what follows from it. */
export interface ModerationOptions<Open extends string = AnyString> {
  /** The judge, for instance `omni-moderation-latest`. */
  model: string
  /** What follows from a judgement: `score` reports it, `block` keeps back what was flagged. */
  policy?: {
    input?: { mode: 'block' | 'score' | Open } | null
    output?: { mode: 'block' | 'score' | Open } | null
  } | null
}

/** How the beginning of a conversation is cached, for later requests that begin alike. */
export interface PromptCacheOptions<Open extends string = AnyString> {
  /** `implicit` lets the server choose one place to cut, besides yours; `explicit` keeps to yours. Default `implicit`. */
  mode?: 'explicit' | 'implicit' | Open
  /** How long a cached prefix is kept at least. Default `30m`. */
  ttl?: '30m' | Open
}

/** Text that much of the answer will repeat. What the answer does not take over is billed all the same. */
export interface Prediction {
  type: 'content'
  content: string | TextContentPart[]
}

/**
 * How much to think before answering, from `none` to `max`. A model knows only some of them; servers refuse the rest.
 */
export type ReasoningEffort<Open extends string = AnyString> =
  | 'high'
  | 'low'
  | 'max'
  | 'medium'
  | 'minimal'
  | 'none'
  | 'xhigh'
  | Open

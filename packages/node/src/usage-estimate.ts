import {
  type ChatCompletion,
  type ChatCompletionRequest,
  type CompletionUsage,
  type RequestMessage,
  reasoningOf,
  textOf,
} from '@deltawire/core'

/** A provider's account of tokens, or ours. */
export type Usage = CompletionUsage & {
  /** Counted on this side of the wire. */
  estimated?: true
}

/** How many tokens a text is, for the model in question. */
export type CountTokens = (text: string) => number

/** What wraps a message, and what opens the answer: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken */
const PER_MESSAGE = 3
const PER_NAME = 1
const FOR_THE_ANSWER = 3
/** A picture of 1024 × 1024 for GPT-4o; what a picture costs is in its size, which only the server knows. */
const PER_IMAGE = 765

/**
 * The usage that a request and its answer will have had.
 *
 * Texts, names, tool calls and tools are counted, and 3 tokens for what wraps a message; pictures as 765 tokens each,
 * other files and sound not at all. With a tokenizer as `countTokens` texts are exact, and the wrapping stays a guess.
 */
export function estimateUsage(
  { messages, tools }: Pick<ChatCompletionRequest, 'messages' | 'tools'>,
  completion: ChatCompletion | null,
  countTokens: CountTokens = estimateTokens,
): Usage & { estimated: true } {
  let prompt = frameTokens(tools, countTokens)
  for (const message of messages) prompt += messageTokens(message, countTokens)
  let answer = 0
  let reasoning = 0
  for (const choice of completion?.choices ?? []) {
    const thoughts = countTokens(reasoningOf(choice))
    reasoning += thoughts
    answer += thoughts + countTokens(textOf(choice)) + countExtras(choice.message, countTokens)
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: answer,
    total_tokens: prompt + answer,
    ...(reasoning > 0 && { completion_tokens_details: { reasoning_tokens: reasoning } }),
    estimated: true,
  }
}

/** The tokens of a prompt beside its messages: the tools, and what opens the answer. */
export function frameTokens(tools: ChatCompletionRequest['tools'], countTokens: CountTokens): number {
  return FOR_THE_ANSWER + (tools === undefined || tools.length === 0 ? 0 : countTokens(JSON.stringify(tools)))
}

/** The tokens of one message of a prompt, with what wraps it. */
export function messageTokens(message: RequestMessage, countTokens: CountTokens): number {
  return PER_MESSAGE + countMessage({ ...message }, countTokens)
}

/**
 * A guess at the tokens of a text, from its letters: 6.5 of an English word are one token, 3.2 of a word with accents or
 * of another alphabet, 1.25 where a character is a syllable or a word; 3 digits, 2.5 other signs; spaces are free.
 *
 * Made for `o200k_base`, the encoding of OpenAI's models since GPT-4o: prose and code in English are met within a tenth,
 * other languages within a fifth, emoji and Arabic less well.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  for (const { groups } of text.matchAll(runs)) {
    for (const [kind, lettersPerToken] of rates) {
      const run = groups?.[kind]
      // What stands alone is a token at least.
      if (run !== undefined) tokens += Math.max(1, run.length / lettersPerToken)
    }
  }
  return Math.ceil(tokens)
}

const runs =
  /(?<ascii>[A-Za-z]+(?![\p{L}\p{M}]))|(?<syllables>[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]+)|(?<letters>[\p{L}\p{M}]+)|(?<digits>\p{N}+)|(?<lines>\n\s*)|(?<signs>[^\p{L}\p{M}\p{N}\s]+)/gu

const rates: readonly (readonly [kind: string, lettersPerToken: number])[] = [
  ['ascii', 6.5],
  ['letters', 3.2],
  ['syllables', 1.25],
  ['digits', 3],
  ['lines', Infinity],
  ['signs', 2.5],
]

type Obj = Readonly<Record<string, unknown>>

function countMessage(message: Obj, countTokens: CountTokens): number {
  let tokens = countTokens(String(message['role']))
  if (typeof message['name'] === 'string') tokens += PER_NAME + countTokens(message['name'])
  const { content } = message
  if (typeof content === 'string') tokens += countTokens(content)
  else for (const part of objectsIn(content)) tokens += countPart(part, countTokens)
  return tokens + countExtras(message, countTokens)
}

function countPart(part: Obj, countTokens: CountTokens): number {
  if (typeof part['text'] === 'string') return countTokens(part['text'])
  if (typeof part['refusal'] === 'string') return countTokens(part['refusal'])
  return part['type'] === 'image_url' ? PER_IMAGE : 0
}

/** Tool calls and a refusal: what a message may have besides its content. */
function countExtras(message: object, countTokens: CountTokens): number {
  const { tool_calls, function_call, refusal } = message as Obj
  let tokens = typeof refusal === 'string' ? countTokens(refusal) : 0
  for (const call of objectsIn(tool_calls)) tokens += countCall(call['function'] ?? call['custom'], countTokens)
  return tokens + countCall(function_call, countTokens)
}

/** What else a list holds says nothing: a request is as its caller wrote it. */
function objectsIn(list: unknown): readonly Obj[] {
  if (!Array.isArray(list)) return []
  return list.filter((each: unknown): each is Obj => typeof each === 'object' && each !== null)
}

function countCall(call: unknown, countTokens: CountTokens): number {
  if (typeof call !== 'object' || call === null) return 0
  const { name, arguments: text, input } = call as Obj
  return (
    PER_MESSAGE +
    [name, text, input].reduce<number>((sum, part) => sum + (typeof part === 'string' ? countTokens(part) : 0), 0)
  )
}

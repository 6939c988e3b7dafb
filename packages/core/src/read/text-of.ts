import type { ChatCompletionChunk, ChunkChoice, ChunkDelta } from '../chunk.ts'
import type { ChatCompletion, ChatCompletionChoice, ChatCompletionMessage } from '../completion.ts'
import { copy } from '../merge/extras.ts'
import { mergeDelta } from '../merge/merge-chunk.ts'
import { isObject, type Obj } from '../is-object.ts'

/** Anything with a message in it. A chunk or completion with several choices is read by its first. */
export type Readable =
  | ChatCompletion
  | ChatCompletionChoice
  | ChatCompletionChunk
  | ChatCompletionMessage
  | ChunkChoice
  | ChunkDelta

/**
 * The text of an answer, of a sum, or of one delta: `content`, or the text parts of it where a provider sends parts.
 *
 * `''` when there is none. Verbatim: `<think>` tags stay, lone surrogates stay (`toWellFormed()` mends them at the edge).
 */
export function textOf(from: Readable | undefined): string {
  const { content } = messageOf(from)
  if (typeof content === 'string') return content
  return partsOf(content)
    .filter((part) => part['type'] === 'text' || part['type'] === 'output_text')
    .map((part) => stringOf(part['text']))
    .join('')
}

/**
 * The reasoning of an answer, of a sum, or of one delta.
 *
 * Providers use five forms, several at once for the same text; the first one that says something is read, never their
 * sum: `reasoning_content`, `reasoning`, `reasoning_details`, thinking parts of `content`, `thinking_blocks`.
 */
export function reasoningOf(from: Readable | undefined): string {
  const message = messageOf(from)
  for (const read of reasoningForms) {
    const text = read(message)
    if (text !== '') return text
  }
  return ''
}

const reasoningForms: readonly ((message: Obj) => string)[] = [
  // DeepSeek, Qwen, xAI, Kimi, SGLang
  (message) => proseOf(message['reasoning_content']),
  // Groq, OpenRouter, Ollama, vLLM, Cerebras
  (message) => proseOf(message['reasoning']),
  // OpenRouter: text, or a summary where the text is encrypted
  (message) => proseOf(partsOf(message['reasoning_details'])),
  // Mistral (thinking) and Databricks (reasoning with a summary)
  (message) =>
    proseOf(partsOf(message['content']).filter((part) => part['type'] === 'thinking' || part['type'] === 'reasoning')),
  // LiteLLM for Anthropic
  (message) => proseOf(partsOf(message['thinking_blocks'])),
]

/** The prose in a string, a part, or a list of parts. */
function proseOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(proseOf).join('')
  if (!isObject(value)) return ''
  for (const key of ['text', 'thinking', 'summary', 'reasoning', 'content']) if (value[key]) return proseOf(value[key])
  return ''
}

/** The message of the first choice, whatever it is wrapped in. */
export function messageOf(from: Readable | undefined): Obj {
  if (!isObject(from)) return {}
  const choices = Array.isArray(from['choices']) ? (from['choices'] as unknown[]) : undefined
  const inner =
    choices === undefined ? from : (choices.find((choice) => isObject(choice) && choice['index'] === 0) ?? choices[0])
  if (!isObject(inner)) return {}
  const { message, delta, whole_message } = inner
  // In a sum, a whole message comes before the deltas after it.
  if (isObject(whole_message) && isObject(delta)) return mergeDelta(copy(whole_message), delta) as Obj
  return isObject(delta) ? delta : isObject(message) ? message : choices === undefined ? inner : {}
}

/** The objects in a list. */
export const partsOf = (value: unknown): Obj[] => (Array.isArray(value) ? value.filter(isObject) : [])

export const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '')

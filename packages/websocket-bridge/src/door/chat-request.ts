import type { ChatCompletionRequest } from '@deltawire/core'
import { Refusal } from '../refusal.ts'

/**
 * A body as a chat request: what the relay looks at is checked, the rest is for the upstream to judge.
 *
 * @throws Refusal with `bad_request`
 */
export function chatRequestOf(body: unknown): ChatCompletionRequest {
  if (!isObject(body)) throw new Refusal('bad_request', 'The body must be a JSON object.')
  const { messages, model } = body
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
    throw new Refusal('bad_request', 'The body needs "messages", a list of messages.')
  if (model !== undefined && typeof model !== 'string')
    throw new Refusal('bad_request', '"model" must be the name of a model.')
  return body as object as ChatCompletionRequest
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

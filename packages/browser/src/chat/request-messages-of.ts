import type { ChunkDelta, RequestMessage } from '@deltawire/core'
import { parseObject } from '../transport/parse-object.ts'
import type { Message, MessagePart } from './message.ts'
import { choiceOf } from './parts-of.ts'

/** The conversation as the model is sent it. */
export function requestMessagesOf(messages: readonly Message[]): RequestMessage[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user')
  return messages.flatMap((message, at) => {
    const { role, parts } = message
    if (role === 'assistant') return answered(message, at > asked)
    // What a user says is spelled as on the wire already; the types do not know which part is whose.
    return { role, content: parts.every(({ type }) => type === 'text') ? textIn(parts) : parts } as RequestMessage
  })
}

const textIn = (parts: readonly MessagePart[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/**
 * An answer as it came, and the results of its calls: every call needs one, also if it was never run.
 *
 * @param isOpen whether its reasoning is sent, too: DeepSeek, Kimi and OpenRouter want it while tools are being answered. In
 *   later turns it costs tokens, and older models refuse it
 */
function answered({ parts, sum }: Message, isOpen: boolean): RequestMessage[] {
  const { tool_calls, ...delta } = (sum && choiceOf(sum)?.delta) ?? deltaOf(parts)
  const calls = tool_calls?.map(({ index: _index, function: fn, ...call }) => ({
    type: 'function',
    ...call,
    // Of a call that was cut off, too: many servers refuse arguments that are no JSON.
    function: fn && { ...fn, arguments: parseObject(fn.arguments ?? '') ? fn.arguments : '{}' },
  }))
  if (!delta.content && calls === undefined) return []
  const answer = {
    content: null,
    ...Object.fromEntries(Object.entries(delta).filter(([name]) => isOpen || !name.startsWith('reasoning'))),
    role: 'assistant',
    // What is undefined is not sent.
    tool_calls: calls,
  }
  const results = parts.flatMap((part) =>
    part.type === 'tool-call'
      ? { role: 'tool', tool_call_id: part.id, content: 'output' in part ? part.output : 'error: not run' }
      : [],
  )
  return [answer, ...results] as RequestMessage[]
}

/** What is in parts that somebody made without a sum. */
function deltaOf(parts: readonly MessagePart[]): ChunkDelta {
  const calls = parts.flatMap((part, index) =>
    part.type === 'tool-call' ? { index, id: part.id, function: { name: part.name, arguments: part.argsText } } : [],
  )
  return { content: textIn(parts) || null, ...(calls.length > 0 && { tool_calls: calls }) }
}

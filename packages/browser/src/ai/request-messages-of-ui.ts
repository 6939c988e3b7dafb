import type { RequestMessage, UserContentPart } from '@deltawire/core'
import type { UIMessage } from 'ai'

type Part = UIMessage['parts'][number]

/** AI SDK's messages as the model is sent them. */
export const requestMessagesOfUi = (messages: readonly UIMessage[]): RequestMessage[] =>
  messages.flatMap(({ role, parts }): RequestMessage[] => {
    if (role === 'system') return [{ role, content: textIn(parts) }]
    if (role === 'user') {
      if (parts.every(({ type }) => type === 'text')) return [{ role, content: textIn(parts) }]
      return [{ role, content: parts.flatMap(contentPart) }]
    }
    return stepsOf(parts).flatMap(answered)
  })

/** What AI SDK puts into one message are several: each call of the model, and what came of its calls. */
function stepsOf(parts: readonly Part[]): readonly Part[][] {
  const steps: Part[][] = [[]]
  for (const part of parts)
    if (part.type === 'step-start') steps.push([])
    else steps.at(-1)?.push(part)
  return steps
}

function answered(parts: readonly Part[]): RequestMessage[] {
  const calls = parts.flatMap(callOf)
  const content = textIn(parts) || null
  if (content === null && calls.length === 0) return []
  return [
    {
      role: 'assistant',
      content,
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ id, name, input }) => ({
          id,
          type: 'function' as const,
          function: { name, arguments: JSON.stringify(input ?? {}) },
        })),
      }),
    },
    ...calls.map(({ id, output }) => ({ role: 'tool' as const, tool_call_id: id, content: output })),
  ]
}

const textIn = (parts: readonly Part[]): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

function contentPart(part: Part): UserContentPart[] {
  if (part.type === 'text') return [{ type: 'text', text: part.text }]
  if (part.type !== 'file') return []
  const { url, mediaType, filename } = part
  return mediaType.startsWith('image/')
    ? [{ type: 'image_url', image_url: { url } }]
    : [{ type: 'file', file: { file_data: url, ...(filename !== undefined && { filename }) } }]
}

interface ToolPart {
  readonly toolCallId: string
  readonly toolName?: string
  readonly input?: unknown
  readonly output?: unknown
  readonly errorText?: string
}

function callOf(part: Part) {
  if (!('toolCallId' in part)) return []
  const { toolCallId: id, toolName, input, output, errorText } = part as Part & ToolPart
  const name = toolName ?? part.type.replace(/^tool-/, '')
  const told = typeof output === 'string' ? output : (JSON.stringify(output) ?? 'error: not run')
  return [{ id, name, input, output: errorText === undefined ? told : `error: ${errorText}` }]
}

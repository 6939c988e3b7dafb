import type { RequestMessage } from '@deltawire/core'

/** What is read of a message. A request may say anything: it is kept as it was sent, and what a server makes of it is its business. */
interface Said {
  readonly content?: unknown
  readonly tool_calls?: unknown
  readonly refusal?: unknown
}

/** What a person reads of a message: its text, and the names of what stands beside it. */
export function messageText(message: RequestMessage): string {
  const { content, tool_calls: calls, refusal }: Said = message
  const parts = Array.isArray(content) ? content.map(partText).join('\n') : partText(content)
  return [parts, ...(Array.isArray(calls) ? calls.map(callText) : []), plain(refusal)]
    .filter((text) => text !== '')
    .join('\n')
}

/** A call of a tool: `name(arguments)`. */
export function callText(call: unknown): string {
  const { function: called, custom } = objectOf(call)
  const { name, arguments: text, input } = objectOf(called ?? custom)
  return `${plain(name)}(${plain(text ?? input)})`
}

function partText(part: unknown): string {
  if (typeof part !== 'object') return plain(part)
  const { text, refusal, file, image_url: image, input_audio: sound } = objectOf(part)
  if (file !== undefined) return `[${plain(objectOf(file)['filename'] ?? 'file')}]`
  if (image !== undefined) return '[image]'
  return sound === undefined ? plain(text ?? refusal) : '[sound]'
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** A line of a message for a list. */
export function firstWords(text: string, maxLength: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const characters = [...line]
  return characters.length <= maxLength
    ? line
    : `${characters
        .slice(0, maxLength - 1)
        .join('')
        .trimEnd()}…`
}

import type { RequestMessage } from '@deltawire/core'

/** What a person reads of a message: its text, and the names of what stands beside it. */
export function messageText(message: RequestMessage): string {
  const { content } = message
  const calls = 'tool_calls' in message ? (message.tool_calls ?? []) : []
  return [
    typeof content === 'string' ? content : (content ?? []).map(partText).join('\n'),
    ...calls.map((call) =>
      call.type === 'function'
        ? `${call.function.name}(${call.function.arguments})`
        : `${call.custom.name}(${call.custom.input})`,
    ),
    'refusal' in message ? (message.refusal ?? '') : '',
  ]
    .filter((text) => text !== '')
    .join('\n')
}

function partText(part: object): string {
  if ('text' in part && typeof part.text === 'string') return part.text
  if ('refusal' in part && typeof part.refusal === 'string') return part.refusal
  if ('file' in part) return `[${(part.file as { filename?: string }).filename ?? 'file'}]`
  return 'image_url' in part ? '[image]' : 'input_audio' in part ? '[sound]' : ''
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

import { isObject } from '../normalize/repair.ts'
import { messageOf, type Readable } from './text-of.ts'

/** A tool call ready to be looked at. */
export interface ParsedToolCall {
  /** `''` when the server never sent one. */
  id: string
  type: 'custom' | 'function'
  name: string
  /** The text as the model wrote it: JSON for a function, free for a custom tool. */
  text: string
  /** What the text of a function call says; `undefined` for a custom tool, or if the text is not JSON. */
  arguments: unknown
  /** Whether the text is what its type asks for. Never run a call that is not valid: its text was cut or invented. */
  valid: boolean
}

/**
 * The tool calls of an answer or of a sum, with parsed arguments; a legacy `function_call` counts as one.
 *
 * Empty text is read as `{}`: that is how several providers send a call without arguments. Nothing is repaired. Look at
 * the calls and not at `finish_reason`, which is often `stop` beside them (Gemini, forced tools at OpenAI).
 */
export function toolCallsOf(from: Readable | undefined): ParsedToolCall[] {
  const { tool_calls, function_call } = messageOf(from)
  const calls = Array.isArray(tool_calls) ? tool_calls.filter(isObject) : []
  if (isObject(function_call)) calls.push({ type: 'function', function: function_call })
  return calls.toSorted(byIndex).map((call) => {
    const id = stringOf(call['id'])
    const custom = isObject(call['custom']) ? call['custom'] : undefined
    if (custom !== undefined) {
      const text = stringOf(custom['input'])
      return { id, type: 'custom', name: stringOf(custom['name']), text, arguments: undefined, valid: true }
    }
    const fn = isObject(call['function']) ? call['function'] : {}
    const text = stringOf(fn['arguments'])
    return { id, type: 'function', name: stringOf(fn['name']), text, ...parse(text) }
  })
}

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const byIndex = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
  Number(a['index'] ?? 0) - Number(b['index'] ?? 0)

function parse(text: string): { arguments: unknown; valid: boolean } {
  try {
    return { arguments: text.trim() === '' ? {} : (JSON.parse(text) as unknown), valid: true }
  } catch {
    return { arguments: undefined, valid: false }
  }
}

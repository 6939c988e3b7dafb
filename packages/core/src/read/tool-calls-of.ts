import { isObject } from '../is-object.ts'
import { inOrder } from './in-order.ts'
import { messageOf, partsOf, type Readable, stringOf } from './text-of.ts'

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
  const calls = partsOf(tool_calls)
  if (isObject(function_call)) calls.push({ type: 'function', function: function_call })
  return inOrder(calls).map(({ id, function: fn, custom }) => {
    const isCustom = isObject(custom)
    const inner = isCustom ? custom : isObject(fn) ? fn : {}
    const text = stringOf(inner[isCustom ? 'input' : 'arguments'])
    return {
      id: stringOf(id),
      type: isCustom ? 'custom' : 'function',
      name: stringOf(inner['name']),
      text,
      ...(isCustom ? { arguments: undefined, valid: true } : parse(text)),
    }
  })
}

function parse(text: string): { arguments: unknown; valid: boolean } {
  try {
    return { arguments: text.trim() === '' ? {} : (JSON.parse(text) as unknown), valid: true }
  } catch {
    return { arguments: undefined, valid: false }
  }
}

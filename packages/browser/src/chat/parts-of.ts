import { type ChatCompletionChunk, type ChunkChoice, reasoningOf, textOf } from '@deltawire/core'
import type { MessagePart, TextPart, ToolCallPart } from './message.ts'

const textual: readonly (readonly [TextPart['type'], (choice: ChunkChoice) => string])[] = [
  ['reasoning', reasoningOf],
  ['text', textOf],
  ['refusal', ({ delta }) => delta.refusal ?? ''],
]

/**
 * The parts of an answer, from its sum: reasoning, text, refusal, calls.
 *
 * They follow from the sum alone, so that an answer looks the same whether it was watched or taken up later. A part that
 * says what it said before is the same object; if all are, so is the list.
 */
export function partsOf(
  sum: ChatCompletionChunk,
  before: readonly MessagePart[],
  state: 'ready' | 'streaming',
  argsOf?: (index: number) => unknown,
): readonly MessagePart[] {
  const parts: MessagePart[] = []
  const choice = choiceOf(sum)
  if (choice === undefined) return before

  for (const [type, read] of textual) {
    const text = read(choice)
    if (text === '') continue
    const known = before[parts.length]
    // Equal texts of equal length are mostly one and the same; of another length they are told apart at once.
    parts.push(known?.type === type && known.text === text ? known : { type, text })
  }
  for (const { index, id = '', function: fn, custom } of choice.delta.tool_calls ?? []) {
    const name = fn?.name ?? custom?.name ?? ''
    const argsText = fn?.arguments ?? custom?.input ?? ''
    const known = before[parts.length]
    const isKnown =
      known?.type === 'tool-call' && known.argsText === argsText && known.state === state && known.name === name
    // Of a call that nobody has looked into, the arguments are unknown, whatever its state.
    const part = { type: 'tool-call', id, name, argsText, state, args: argsOf?.(index) } as ToolCallPart
    parts.push(isKnown ? known : part)
  }
  return parts.length === before.length && parts.every((part, at) => part === before[at]) ? before : parts
}

/** A chat shows one answer: the first. */
export const choiceOf = ({ choices }: ChatCompletionChunk): ChunkChoice | undefined =>
  choices.find(({ index }) => index === 0) ?? choices[0]

import type { ChatCompletionChunk, ChunkChoice, CompletionUsage, FinishReason, ToolCallDelta } from '../chunk.ts'
import { reasoningOf, textOf } from './text-of.ts'

/** What happens in a stream, one event per thing that a reader may want to react to. `choice` is the choice's index. */
export type Part =
  | { type: 'content'; choice: number; text: string }
  | { type: 'reasoning'; choice: number; text: string }
  | { type: 'refusal'; choice: number; text: string }
  /**
   * A tool call has a name. Fragments that came before its name follow at once.
   *
   * The name is what has come of it: some gateways send it in pieces (`tool-name-in-pieces`), always before the
   * arguments. `tool_call_end` has all of it.
   */
  | { type: 'tool_call_start'; choice: number; index: number; id: string; name: string }
  | { type: 'tool_call_arguments'; choice: number; index: number; text: string }
  /** The choice ended: `text` is all the arguments (or the input of a custom tool), as the model wrote them. */
  | { type: 'tool_call_end'; choice: number; index: number; id: string; name: string; text: string }
  | { type: 'finish'; choice: number; reason: FinishReason }
  /** The latest account of the whole request. */
  | { type: 'usage'; usage: CompletionUsage }
  /** The source broke: an error that it threw, as it came. Nothing follows. */
  | { type: 'error'; error: unknown }

/**
 * Reads normalized chunks as typed events.
 *
 * Ends with the chunks; an error of the source is the last event instead of being thrown. Where a provider sends its
 * reasoning in several fields at once it is read once.
 */
export async function* readParts(
  chunks: AsyncIterable<ChatCompletionChunk> | Iterable<ChatCompletionChunk>,
): AsyncGenerator<Part, void, undefined> {
  const choices = new Map<number, Calls>()
  try {
    for await (const chunk of chunks) {
      for (const choice of chunk.choices) {
        const calls = choices.get(choice.index) ?? new Map<number, Call>()
        choices.set(choice.index, calls)
        yield* readChoice(choice, calls)
      }
      if (chunk.usage) yield { type: 'usage', usage: chunk.usage }
    }
    // Ended without a finish reason: the calls are as whole as they will ever be.
    for (const [choice, calls] of choices) yield* endCalls(choice, calls)
  } catch (error) {
    yield { type: 'error', error }
  }
}

interface Call {
  id: string
  name: string
  text: string
  started: boolean
  ended: boolean
}

/** The tool calls of a choice, by their index. */
type Calls = Map<number, Call>

function* readChoice(
  { index: choice, delta, finish_reason }: ChunkChoice,
  calls: Calls,
): Generator<Part, void, undefined> {
  const texts = { reasoning: reasoningOf(delta), content: textOf(delta), refusal: delta.refusal }
  for (const type of ['reasoning', 'content', 'refusal'] as const) {
    const text = texts[type]
    if (text) yield { type, choice, text }
  }
  for (const call of delta.tool_calls ?? []) yield* readCall(choice, call, calls)
  if (delta.function_call) yield* readCall(choice, { index: 0, function: delta.function_call }, calls)
  if (finish_reason === null) return
  yield* endCalls(choice, calls)
  yield { type: 'finish', choice, reason: finish_reason }
}

function* readCall(
  choice: number,
  { index, id, function: fn, custom }: ToolCallDelta,
  calls: Calls,
): Generator<Part, void, undefined> {
  const call = calls.get(index) ?? { id: '', name: '', text: '', started: false, ended: false }
  calls.set(index, call)
  const name = fn?.name || custom?.name || call.name
  const text = fn?.arguments ?? custom?.input ?? ''
  call.id ||= id ?? ''
  // What a provider adds to a call that has ended (a signature) makes it no other call.
  if (call.ended && text === '' && name === call.name) return
  call.ended = false
  call.name = name
  call.text += text
  if (name !== '') yield* tell(choice, index, call, text)
}

/** A text of a call that has started, or the start of one with all its text. */
function* tell(choice: number, index: number, call: Call, next: string): Generator<Part, void, undefined> {
  const text = call.started ? next : call.text
  if (!call.started) yield { type: 'tool_call_start', choice, index, id: call.id, name: call.name }
  call.started = true
  if (text !== '') yield { type: 'tool_call_arguments', choice, index, text }
}

/** Each call ends once; arguments that come later begin a new account of it, with all that came before. */
function* endCalls(choice: number, calls: Calls): Generator<Part, void, undefined> {
  for (const [index, call] of calls) {
    if (call.ended) continue
    yield* tell(choice, index, call, '')
    yield { type: 'tool_call_end', choice, index, id: call.id, name: call.name, text: call.text }
    call.started = false
    call.ended = true
  }
}

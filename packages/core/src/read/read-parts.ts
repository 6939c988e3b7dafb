import type { ChatCompletionChunk, ChunkChoice, CompletionUsage, FinishReason, ToolCallDelta } from '../chunk.ts'
import { reasoningOf, textOf } from './text-of.ts'

/** What happens in a stream, one event per thing that a reader may want to react to. `choice` is the choice's index. */
export type Part =
  | { type: 'content'; choice: number; text: string }
  | { type: 'reasoning'; choice: number; text: string }
  | { type: 'refusal'; choice: number; text: string }
  /** A tool call has a name. Fragments that came before its name follow at once. */
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
  const choices = new Map<number, ChoiceReader>()
  try {
    for await (const chunk of chunks) {
      for (const choice of chunk.choices) {
        let reader = choices.get(choice.index)
        if (reader === undefined) choices.set(choice.index, (reader = new ChoiceReader(choice.index)))
        for (const part of reader.read(choice)) yield part
      }
      if (chunk.usage) yield { type: 'usage', usage: chunk.usage }
    }
    // Ended without a finish reason: the calls are as whole as they will ever be.
    for (const reader of choices.values()) for (const part of reader.endCalls()) yield part
  } catch (error) {
    yield { type: 'error', error }
  }
}

interface CallReader {
  id: string
  name: string
  text: string
  started: boolean
  ended: boolean
}

class ChoiceReader {
  readonly #choice: number
  readonly #calls = new Map<number, CallReader>()

  constructor(choice: number) {
    this.#choice = choice
  }

  *read({ delta, finish_reason }: ChunkChoice): Generator<Part, void, undefined> {
    const choice = this.#choice
    const reasoning = reasoningOf(delta)
    if (reasoning !== '') yield { type: 'reasoning', choice, text: reasoning }
    const text = textOf(delta)
    if (text !== '') yield { type: 'content', choice, text }
    if (delta.refusal) yield { type: 'refusal', choice, text: delta.refusal }
    for (const call of delta.tool_calls ?? []) yield* this.#readCall(call)
    if (delta.function_call) yield* this.#readCall({ index: 0, function: delta.function_call })
    if (finish_reason === null) return
    yield* this.endCalls()
    yield { type: 'finish', choice, reason: finish_reason }
  }

  *#readCall({ index, id, function: fn, custom }: ToolCallDelta): Generator<Part, void, undefined> {
    const choice = this.#choice
    let call = this.#calls.get(index)
    if (call === undefined)
      this.#calls.set(index, (call = { id: '', name: '', text: '', started: false, ended: false }))
    call.id ||= id ?? ''
    const name = fn?.name || custom?.name || call.name
    const text = fn?.arguments ?? custom?.input ?? ''
    // What a provider adds to a call that has ended (a signature) makes it no other call.
    if (call.ended && text === '' && name === call.name) return
    call.ended = false
    call.name = name
    call.text += text
    if (call.started) {
      if (text !== '') yield { type: 'tool_call_arguments', choice, index, text }
    } else if (call.name !== '') {
      yield* start(choice, index, call)
    }
  }

  /** Each call ends once; arguments that come later begin a new account of it, with all that came before. */
  *endCalls(): Generator<Part, void, undefined> {
    const choice = this.#choice
    for (const [index, call] of this.#calls) {
      if (call.ended) continue
      if (!call.started) yield* start(choice, index, call)
      yield { type: 'tool_call_end', choice, index, id: call.id, name: call.name, text: call.text }
      call.started = false
      call.ended = true
    }
  }
}

function* start(choice: number, index: number, call: CallReader): Generator<Part, void, undefined> {
  call.started = true
  yield { type: 'tool_call_start', choice, index, id: call.id, name: call.name }
  if (call.text !== '') yield { type: 'tool_call_arguments', choice, index, text: call.text }
}

import type { ChatCompletionChunk } from '@deltawire/core'
import type { WireChoice, WireChunk } from './frame.ts'

/** What all chunks of a stream say alike. The first that says something stands: that is their rule when they merge. */
const CONSTANT = ['id', 'object', 'created', 'model'] as const

/**
 * Takes from a chunk what the sum before it says already. The chunk is only read.
 *
 * @param before the sum of the chunks before this one, `undefined` for the first
 */
export function toWireChunk(chunk: ChatCompletionChunk, before: WireChunk | undefined): WireChunk {
  const { id, object, created, model, usage, choices, ...rest } = chunk
  const constant = { id, object, created, model }
  // Added and not deleted: `delete` would make each chunk a hash table, which takes twice as long to write as JSON.
  const wire: WireChunk = rest
  // What is empty ('', 0) says nothing: a later chunk may still tell it.
  for (const key of CONSTANT)
    if (before === undefined || (constant[key] && !before[key])) Object.assign(wire, { [key]: constant[key] })
  if (usage !== undefined && usage !== null) wire.usage = usage
  if (choices.length > 0) wire.choices = choices.map(toWireChoice)
  return wire
}

function toWireChoice({ finish_reason, logprobs, ...choice }: ChatCompletionChunk['choices'][number]): WireChoice {
  const wire: WireChoice = choice
  if (finish_reason !== null && finish_reason !== undefined) wire.finish_reason = finish_reason
  if (logprobs !== undefined && logprobs !== null) wire.logprobs = logprobs
  return wire
}

/**
 * A chunk again, with what was left out on the way.
 *
 * @param sum the sum that the chunk belongs to, for what all its chunks say alike
 */
export function restoreChunk(wire: WireChunk, sum: WireChunk): ChatCompletionChunk {
  const { id = '', created = 0, model = '' } = sum
  const { choices = [], ...rest } = wire
  return {
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    ...rest,
    choices: choices.map((choice) => ({ ...choice, finish_reason: choice.finish_reason ?? null })),
  }
}

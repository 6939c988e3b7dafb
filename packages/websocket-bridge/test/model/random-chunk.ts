import type { ChatCompletionChunk, ChunkChoice, CompletionUsage } from '@deltawire/core'
import type { Random } from './random.ts'

const PIECES = [' a', 'ß', '\u{1F600}', '\uD83D', '\uDE00', '\n', '"', '{', '\\u', '中', '']

/** A chunk such as a model might send: several choices, tool calls in pieces, halves of characters, keys in any order. */
export function randomChunk(random: Random, at: number): ChatCompletionChunk {
  const chunk: ChatCompletionChunk = {
    // Some servers say who they are in a later chunk only.
    id: at === 0 && random.chance(0.3) ? '' : 'c1',
    object: 'chat.completion.chunk',
    created: at < 2 && random.chance(0.3) ? 0 : 7,
    model: 'm',
    choices: Array.from({ length: random.below(3) }, () => randomChoice(random)),
  }
  if (random.chance(0.1)) chunk.usage = random.chance(0.5) ? null : usageOf(random.below(99))
  if (random.chance(0.05)) Object.assign(chunk, { x_extra: { [random.pick(['a', 'b'])]: random.below(9) } })
  return chunk
}

const usageOf = (n: number): CompletionUsage => ({
  prompt_tokens: 1,
  completion_tokens: n,
  total_tokens: n + 1,
})

function randomChoice(random: Random): ChunkChoice {
  const kind = random()
  const choice: ChunkChoice = { index: random.below(3), delta: {}, finish_reason: null }
  if (kind < 0.1) choice.delta.role = 'assistant'
  if (kind < 0.5) choice.delta.content = random.pick(PIECES)
  else if (kind < 0.6) choice.delta.reasoning_content = random.pick(PIECES)
  else if (kind < 0.9) choice.delta.tool_calls = [randomCall(random)]
  else choice.finish_reason = random.pick(['stop', 'tool_calls', 'length'])
  return choice
}

function randomCall(random: Random): NonNullable<ChunkChoice['delta']['tool_calls']>[number] {
  const index = random.below(3)
  if (random.chance(0.3))
    return { index, id: `call_${index}`, type: 'function', function: { name: `f${index}`, arguments: '' } }
  return { index, function: { arguments: random.pick(PIECES) } }
}

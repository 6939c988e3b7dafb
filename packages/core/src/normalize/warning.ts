import type { RepairName } from './normalize.ts'

/** Something that could not be decided, or cost a value that was sent. What could be kept was kept. */
export interface Warning {
  /** The name of the repair, stable: `tool-index-drift`. `event-skipped` for an event that was not JSON. */
  code: RepairName | 'event-skipped'
  message: string
  /** The first event that it was seen in, counted from 1. */
  event: number
  /** In how many places it was seen. */
  count: number
}

/** The repairs that the caller hears of: each is a guess, or costs something. All others follow from the format. */
export const warnings: { readonly [name in RepairName]?: string } = {
  'logprobs-unusable': 'logprobs was a number or a list, which the format cannot hold (Together)',
  'text-not-text': 'content, refusal or reasoning was no text; it is kept as text',
  'tool-index-drift': 'arguments came at an index that no call was opened at (Nebius, Cerebras)',
  'tool-call-without-name': 'arguments came before any tool call was opened',
  'tool-id-changed': 'the id of a tool call changed; the first one stands (Poolside, LiteLLM)',
  'tool-name-changed': 'the name of a tool call changed after its arguments began; the first one stands',
  'tool-arguments-echo': 'complete arguments were sent a second time',
  'tool-call-unusable': 'an entry of tool_calls was not an object and was left out',
  'choice-unusable': 'an entry of choices was not an object and was left out',
}

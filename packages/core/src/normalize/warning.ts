import type { RepairName } from './normalize.ts'

/**
 * Something that could not be decided, or cost a value that was sent. What could be kept was kept.
 *
 * `explain` of `@deltawire/core/repairs` says it in a sentence.
 */
export interface Warning {
  /** The name of the repair, stable: `tool-index-drift`. `event-skipped` for an event that was not JSON. */
  code: RepairName | 'event-skipped'
  /** The first event that it was seen in, counted from 1. */
  event: number
  /** In how many places it was seen. */
  count: number
  /** How the first event that was skipped begins. */
  excerpt?: string
}

/** The repairs that the caller hears of: each is a guess, or costs something. All others follow from the format. */
export const warned: ReadonlySet<RepairName> = /* @__PURE__ */ new Set<RepairName>([
  'logprobs-unusable',
  'text-not-text',
  'tool-index-drift',
  'tool-call-without-name',
  'tool-id-changed',
  'tool-name-changed',
  'tool-arguments-echo',
  'tool-call-unusable',
  'choice-unusable',
])

import type { ChoiceState, StreamState } from './state.ts'

export type Obj = Record<string, unknown>

/**
 * One provider's oddity and how it is resolved.
 *
 * A repair gets a part of a chunk that is its own to change, sees whether its oddity is there, and returns whether it
 * changed anything. The order of a table is the order of application.
 */
export interface Repair<State> {
  /** Stable: warnings carry it, people search for it. */
  readonly name: string
  /** What is odd, as a sentence that names the providers. */
  readonly about: string
  /** Where it was reported or is specified. */
  readonly source: string
  /** The numbers of its cases (`testkit/cases`). */
  readonly cases: readonly string[]
  /** Whether applying it is a guess, or costs something that was sent: then the caller hears of it. */
  readonly warns?: true
  readonly apply: (part: Obj, state: State) => boolean
}

export type ChunkRepair = Repair<StreamState>
export type ChoiceRepair = Repair<ChoiceState>

/** Applies a table to a part. The one small loop. */
export function applyRepairs<State>(
  repairs: readonly Repair<State>[],
  part: Obj,
  state: State,
  report: (repair: Pick<Repair<unknown>, 'name' | 'about' | 'warns'>) => void,
): void {
  for (const repair of repairs) if (repair.apply(part, state)) report(repair)
}

export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

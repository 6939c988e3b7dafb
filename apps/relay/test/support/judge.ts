import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import type { Position } from '@deltawire/websocket-bridge/client'
import { contentOf, type Truth } from './truth.ts'

/** One thing that a reader got. */
export interface Entry {
  readonly chunk: ChatCompletionChunk
  /** It takes the place of what the reader had. */
  readonly replaces: boolean
  readonly position: Position
}

/** What a reader wrote down, from first to last. */
export interface ReaderLog {
  /** Who it was, for a message. */
  readonly reader: string
  readonly entries: Entry[]
  /** How the stream ended for it; `undefined` while it has not. */
  end: string | undefined
  endedAt: number | undefined
  /** What became of its connections, and when: for a message. */
  readonly states: string[]
}

export const createReaderLog = (reader: string): ReaderLog => ({
  reader,
  entries: [],
  end: undefined,
  endedAt: undefined,
  states: [],
})

/** What must be zero. */
export interface Faults {
  /** Something is missing at a position. */
  losses: number
  /** An offset came twice. */
  duplicates: number
  /** An offset came after a later one. */
  reorders: number
  /** There is text that the truth does not have at this position. */
  mixed: number
  /** Readers whose stream has no end. */
  endless: number
}

export const noFaults = (): Faults => ({ losses: 0, duplicates: 0, reorders: 0, mixed: 0, endless: 0 })

/**
 * Replays what a reader wrote down against what the model said: adds it up with nothing of the relay's, and compares at
 * every position.
 *
 * @returns where the reader was at its end
 */
export function judge({ entries, end }: ReaderLog, truth: Truth, faults: Faults): number {
  let sum: ChatCompletionChunk | undefined
  let last: Position | undefined
  for (const { chunk, replaces, position } of entries) {
    if (!replaces && last?.e === position.e) {
      if (position.o === last.o) faults.duplicates++
      if (position.o < last.o) faults.reorders++
    }
    sum = mergeChunk(replaces ? undefined : sum, structuredClone(chunk))
    compare(contentOf(sum), truth.at(position.o), faults)
    last = position
  }
  if (end === undefined) faults.endless++
  const at = last?.o ?? 0
  if (end === 'done' && at !== truth.length) faults.losses++
  return at
}

function compare(have: string, right: string, faults: Faults): void {
  if (have === right) return
  // A part of the truth lacks something; anything else was never said.
  if (have.length < right.length) faults.losses++
  else faults.mixed++
}

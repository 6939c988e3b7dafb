import { type ChatCompletionChunk, mergeChunk, textOf } from '@deltawire/core'
import type { Position } from '@deltawire/websocket-bridge/client'
import { contentOf, type Truth } from './truth.ts'

/** One thing that a reader got. */
export interface Entry {
  readonly chunk: ChatCompletionChunk
  /** It takes the place of what the reader had. */
  readonly replaces: boolean
  readonly position: Position
  /** When, by the clock of this process. */
  readonly at: number
}

/** What a reader wrote down, from first to last. */
export interface ReaderLog {
  /** Who it was, for a message. */
  readonly reader: string
  readonly entries: Entry[]
  /** How the stream ended for it; `undefined` while it has not. */
  end: string | undefined
  endedAt: number | undefined
  /** When it was connected, again and again. */
  readonly connectedAt: number[]
  /** What became of its connections, and when: for a message. */
  readonly states: string[]
}

export const createReaderLog = (reader: string): ReaderLog => ({
  reader,
  entries: [],
  end: undefined,
  endedAt: undefined,
  connectedAt: [],
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
export function judge(log: ReaderLog, truth: Truth, faults: Faults): number {
  let sum: ChatCompletionChunk | undefined
  return replay(log, truth.length, faults, ({ chunk, replaces, position }) => {
    sum = mergeChunk(replaces ? undefined : sum, structuredClone(chunk))
    return [contentOf(sum), truth.at(position.o)]
  })
}

/**
 * The same for answers of text alone, in a time that goes with what came and not with what there is: each thing must be what
 * the model said between the position before it and its own.
 */
export function judgeText(log: ReaderLog, { length, text }: TextTruth, faults: Faults): number {
  let at = 0
  return replay(log, length, faults, ({ chunk, replaces, position }) => {
    const from = replaces ? 0 : at
    at = position.o
    return [textOf(chunk), text(from, at)]
  })
}

/** What a model says that says nothing but text. */
export interface TextTruth {
  readonly length: number
  /** What it says in the chunks (from, to]. */
  text(from: number, to: number): string
}

function replay(
  { entries, end }: ReaderLog,
  length: number,
  faults: Faults,
  compared: (entry: Entry) => readonly [have: string, right: string],
): number {
  let last: Position | undefined
  for (const entry of entries) {
    const { replaces, position } = entry
    if (!replaces && last?.e === position.e) {
      if (position.o === last.o) faults.duplicates++
      if (position.o < last.o) faults.reorders++
    }
    compare(...compared(entry), faults)
    last = position
  }
  if (end === undefined) faults.endless++
  const at = last?.o ?? 0
  if (end === 'done' && at !== length) faults.losses++
  return at
}

function compare(have: string, right: string, faults: Faults): void {
  if (have === right) return
  // A part of the truth lacks something; anything else was never said.
  if (have.length < right.length) faults.losses++
  else faults.mixed++
}

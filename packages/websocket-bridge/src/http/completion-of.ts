import { type ChatCompletion, toChatCompletion } from '@deltawire/core'
import type { StreamState } from '../engine.ts'
import type { WireChunk } from '../protocol/frame.ts'
import { addWireChunk } from '../protocol/receive.ts'
import { restoreChunk } from '../protocol/wire-chunk.ts'

/** The answer that a sum stands for; `null` while no choice has appeared. */
export function completionOf(sum: WireChunk | undefined): ChatCompletion | null {
  return sum?.choices === undefined || sum.choices.length === 0 ? null : toChatCompletion(restoreChunk(sum, sum))
}

/** The sum of everything that a store has of a stream. */
export function sumOf({ sum, chunks }: StreamState): WireChunk | undefined {
  // Both were written by `JSON.stringify` from chunks as they travel.
  let all = sum === undefined ? undefined : (JSON.parse(sum) as WireChunk)
  for (const chunk of chunks) all = addWireChunk(all, JSON.parse(chunk) as WireChunk)
  return all
}

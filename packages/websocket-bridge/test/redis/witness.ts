import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import type { RelayError, RelayStream } from '../../src/client/index.ts'
import { canonicalJson } from '../../src/protocol/checksum.ts'
import type { Status } from '../../src/protocol/frame.ts'

/** What one reader saw, for a judge. */
export interface Testimony {
  readonly status: Status | undefined
  /** How it was told that the answer is not whole. */
  readonly error: RelayError | undefined
  readonly sum: string
  /** How often it had to forget. */
  readonly replaced: number
  /** The sums that it had on the way and that are no beginning of the truth. */
  readonly strangers: readonly string[]
}

/** Follows a stream to its end, and compares each moment with the truth. */
export async function witness(stream: RelayStream, truth: readonly ChatCompletionChunk[]): Promise<Testimony> {
  const beginnings = new Set<string>(['{}'])
  let whole: ChatCompletionChunk | undefined
  let known = 0
  const knows = (sum: string): boolean => {
    while (known < truth.length && !beginnings.has(sum)) {
      const next = truth[known++]
      if (next !== undefined) whole = mergeChunk(whole, next)
      beginnings.add(canonicalOf(whole))
    }
    return beginnings.has(sum)
  }

  let sum: ChatCompletionChunk | undefined
  let replaced = 0
  let error: unknown
  const strangers: string[] = []
  try {
    for await (const { chunk, replaces } of stream.updates()) {
      if (replaces) replaced++
      sum = mergeChunk(replaces ? undefined : sum, chunk)
      if (!knows(canonicalOf(sum))) strangers.push(canonicalOf(sum))
    }
  } catch (reason) {
    error = reason
  }
  // The client throws nothing else.
  return { status: stream.status, error: error as RelayError | undefined, sum: canonicalOf(sum), replaced, strangers }
}

export const canonicalOf = (sum: ChatCompletionChunk | undefined): string => canonicalJson(sum ?? {})

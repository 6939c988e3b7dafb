import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'

/** What a client has not taken yet: three chunks at the most, however many came. */
export interface Backlog {
  /** Adds a chunk, which is only read. */
  push(chunk: ChatCompletionChunk): void
  /** What is pending, in order. It is the caller's from now on. */
  take(): ChatCompletionChunk[]
  readonly isEmpty: boolean
  /** Characters that are pending. Measured from the second chunk on: one chunk by itself is no backlog. */
  readonly length: number
}

interface Sum {
  chunk: ChatCompletionChunk
  /** Whether the chunk is a sum, which may grow, or one that came, which may not. */
  isOurs: boolean
}

/**
 * Sums up what a slow client has not taken: memory follows the answer, never a queue.
 *
 * There are three sums. A message that replaces what came before it (`whole_message`) would erase text that a client has
 * yet to get, and official clients read nothing but deltas: so it begins a second sum. Chunks without choices, the usage
 * before all, are a third one that comes last: official clients expect usage in a chunk of its own.
 */
export function createBacklog(): Backlog {
  let answer: Sum | undefined
  let replacement: Sum | undefined
  let account: Sum | undefined
  let length = 0

  function add(have: Sum | undefined, chunk: ChatCompletionChunk): Sum {
    if (have === undefined) return { chunk, isOurs: false }
    if (!have.isOurs) length += lengthOf(have.chunk)
    length += lengthOf(chunk)
    const sum = have.isOurs ? have.chunk : mergeChunk(undefined, have.chunk)
    return { chunk: mergeChunk(sum, chunk), isOurs: true }
  }

  return {
    push(chunk) {
      if (chunk.choices.length === 0) account = add(account, chunk)
      else if (replacement !== undefined || (answer !== undefined && replaces(chunk)))
        replacement = add(replacement, chunk)
      else answer = add(answer, chunk)
    },
    take() {
      const pending = [answer, replacement, account].flatMap((sum) => sum?.chunk ?? [])
      answer = replacement = account = undefined
      length = 0
      return pending
    },
    get isEmpty() {
      return answer === undefined && replacement === undefined && account === undefined
    },
    get length() {
      return length
    },
  }
}

const replaces = ({ choices }: ChatCompletionChunk): boolean =>
  choices.some((choice) => choice.whole_message !== undefined)

/** Characters of all that a chunk adds, keys left out: what a sum grows by. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let length = 0
  for (const item of Object.values(value)) length += lengthOf(item)
  return length
}

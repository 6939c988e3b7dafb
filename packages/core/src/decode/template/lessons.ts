import type { ChatCompletionChunk } from '../../chunk.ts'
import { learn, repeats } from './learn.ts'
import type { DecodeRange } from './pending-text.ts'
import type { Template } from './template.ts'
import { type Leaf, leavesOf } from './walk-json.ts'

/** After so many lessons without a match the stream is not of the kind that repeats. */
const MAX_LESSONS = 200
/** So many kinds of events are remembered; a stream has a handful. */
const MAX_KINDS = 32

const LF = 10
const CR = 13

/** An event, from `data:` to behind its blank line, and the texts and whole numbers in it. */
export interface Walked {
  readonly bytes: Uint8Array
  readonly leaves: readonly Leaf[]
}

/** What a stream's slow events have taught: the last event of each kind. */
export class Lessons {
  readonly #decode: DecodeRange
  #taken = 0
  /** By the names in the event, in their order. */
  readonly #last = new Map<string, Walked>()

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** A template has matched: lessons are worth taking. */
  paid(): void {
    this.#taken = 0
  }

  /**
   * A template of an event that has taken the slow way and become one chunk.
   *
   * Only the second event of a kind teaches: which values vary is then seen, and what comes once costs no lesson.
   */
  take(event: Uint8Array, chunk: ChatCompletionChunk, known: readonly Template[]): Template | undefined {
    if (this.#taken > MAX_LESSONS || !repeats(chunk) || !isPlain(event)) return undefined
    // A template outlives the bytes it was learnt from. The `slice` of Node's `Buffer` is no copy but a view.
    const bytes = Uint8Array.prototype.slice.call(event)
    const { kind, leaves } = leavesOf(bytes, 5)
    if (leaves === undefined) return undefined
    this.#taken++
    const walked = { bytes, leaves }
    const before = this.#last.get(kind)
    if (this.#last.size > MAX_KINDS) this.#last.clear()
    this.#last.set(kind, walked)
    return before === undefined ? undefined : learn({ ...walked, chunk, before, known, decode: this.#decode })
  }
}

/** Whether an event is one `data:` line and a blank line and nothing else. */
function isPlain(bytes: Uint8Array): boolean {
  for (let i = 0; i < 5; i++) if (bytes[i] !== 'data:'.charCodeAt(i)) return false
  const end = bytes.indexOf(LF)
  return bytes.length === (bytes[end + 1] === CR ? end + 3 : end + 2)
}

import type { ChatCompletionChunk } from '../../chunk.ts'
import { learn, repeats } from './learn.ts'
import type { DecodeRange } from './pending-text.ts'
import type { Template } from './template.ts'
import { leavesAlike, leavesOf, type Walked } from './walk-json.ts'

/** So many events pass before the first lesson: of a stream that is shorter, nothing need be learnt. */
const FIRST_LESSON = 6
/** A lesson costs as much as so many events that take the slow way. */
const PRICE = 8
/** So many kinds of events are remembered; a stream has a handful. */
const MAX_KINDS = 12

const LF = 10
const CR = 13

/** What a stream's slow events have taught: the last event of each kind. */
export class Lessons {
  /** How many events have matched a template since the last lesson. */
  matches = 0
  /** How many slow events are to pass before the next lesson. */
  wait = FIRST_LESSON
  /** How many are to pass after it. */
  #pause = 0
  /** The latest first. */
  readonly #last: Walked[] = []
  readonly #decode: DecodeRange

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /**
   * A template of an event that has taken the slow way and become one chunk.
   *
   * Only the second event of a kind teaches: which values vary is then seen, and what comes once costs no lesson. Where
   * lessons do not pay, each makes the next one wait twice as long: a stream that does not repeat costs few.
   */
  take(event: Uint8Array, chunk: ChatCompletionChunk, known: readonly Template[]): Template | undefined {
    if (this.matches >= PRICE) this.wait = this.#pause = 0
    if (this.wait > 0) this.wait--
    else if (repeats(chunk) && isPlain(event)) {
      this.matches = 0
      this.wait = this.#pause
      this.#pause = this.#pause * 2 + 1
      return this.#learn(event, chunk, known)
    }
    return undefined
  }

  #learn(event: Uint8Array, chunk: ChatCompletionChunk, known: readonly Template[]): Template | undefined {
    // A template outlives the bytes it was learnt from. The `slice` of Node's `Buffer` is no copy but a view.
    const bytes = Uint8Array.prototype.slice.call(event)
    for (const [i, before] of this.#last.entries()) {
      const leaves = leavesAlike(before, bytes)
      if (leaves === undefined) continue
      this.#last.splice(i, 1)
      this.#last.unshift({ bytes, leaves })
      return learn({ bytes, leaves, chunk, before, known, decode: this.#decode })
    }
    const leaves = leavesOf(bytes, 5, this.#decode)
    if (leaves !== undefined) this.#last.unshift({ bytes, leaves })
    if (this.#last.length > MAX_KINDS) this.#last.pop()
    return undefined
  }
}

/** Whether an event is one `data:` line and a blank line and nothing else. */
function isPlain(bytes: Uint8Array): boolean {
  for (let i = 0; i < 5; i++) if (bytes[i] !== 'data:'.charCodeAt(i)) return false
  const end = bytes.indexOf(LF)
  return bytes.length === (bytes[end + 1] === CR ? end + 3 : end + 2)
}

import type { ChatCompletionChunk } from '../../chunk.ts'
import type { StreamState } from '../../normalize/state.ts'
import { learn, repeats } from './learn.ts'
import type { DecodeRange } from './pending-text.ts'
import type { Template } from './template.ts'
import { leavesOf, valuesAlike } from './walk-json.ts'

/** A lesson costs as much as so many events that take the slow way. */
const PRICE = 10
/** So many reads pass before the first lesson, if they hold few events. */
const FIRST_LESSON = 6
/** So many kinds of events are remembered; a stream has a handful. */
const MAX_KINDS = 12
/** Longer events teach nothing. */
const MAX_LENGTH = 4096

/** What a stream's slow events may teach. */
export class Lessons {
  /** How many events have matched a template since the last lesson. */
  matches = 0
  #begun = false
  /** How many slow events are to pass before the next lesson. */
  #wait = FIRST_LESSON
  /** How many after it. */
  #pause = 0
  /** The last event of each kind, the latest first. */
  #last: string[] = []
  readonly #decode: DecodeRange
  readonly #stream: StreamState

  constructor(decode: DecodeRange, stream: StreamState) {
    this.#decode = decode
    this.#stream = stream
  }

  /** Whether an event that takes the slow way is to teach, behind which so many more of its length have arrived. */
  isDue(following: number): boolean {
    if (this.matches >= PRICE) this.#wait = this.#pause = 0
    // The stream may be a short one. Where a read holds more of it, that tells whether the first lesson pays.
    if (!this.#begun && following > 0) return following >= PRICE
    return --this.#wait < 0
  }

  /**
   * A template of an event that has taken the slow way and become one chunk.
   *
   * Only the second event of a kind teaches: which values vary is then seen, and what comes once costs no lesson. Where
   * lessons do not pay, each makes the next one wait twice as long: a stream that does not repeat costs few.
   */
  take(bytes: Uint8Array, chunk: ChatCompletionChunk, known: readonly Template[]): Template | undefined {
    this.#begun = true
    this.matches = 0
    this.#wait = this.#pause
    this.#pause = this.#pause * 2 + 1
    if (bytes.length > MAX_LENGTH || !repeats(chunk)) return undefined
    const text = String.fromCharCode.apply(undefined, bytes as unknown as number[])
    if (!PLAIN_EVENT.test(text)) return undefined
    const last = this.#last
    this.#last = [text, ...last].slice(0, MAX_KINDS)
    const leaves = last.length > 0 ? leavesOf(text) : undefined
    if (leaves === undefined) return undefined
    for (const other of last) {
      const before = valuesAlike(text, leaves, other)
      if (before === undefined) continue
      this.#last = [text, ...last.filter((event) => event !== other)]
      const { weigh } = this.#stream
      return learn({ bytes, text, leaves, chunk, before, known, weigh, decode: this.#decode })
    }
    return undefined
  }
}

/** One `data:` line and a blank line and nothing else. */
const PLAIN_EVENT = /^data:[^\r\n]*\r?\n\r?\n$/

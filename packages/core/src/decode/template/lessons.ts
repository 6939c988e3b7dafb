import type { ChatCompletionChunk } from '../../chunk.ts'
import { mayRepeat } from './candidates.ts'
import { type Decoding, learn } from './learn.ts'
import type { Template } from './template.ts'
import { leavesOf } from './walk-json.ts'

/** A lesson costs as much as so many events that take the slow way. */
const PRICE = 3
/** So many events of its length must follow for a lesson to pay: the last two or three of a stream are of other kinds. */
const ENOUGH = 8
/** So many reads pass before the first lesson, where they hold few events. */
const FIRST_LESSON = 3
/** So many lessons may fail before the next ones wait: a stream may begin with several kinds, and choices in turn. */
const PATIENCE = 2
/** Longer events teach nothing. */
const MAX_LENGTH = 4096

/** What a stream's slow events may teach. */
export class Lessons {
  /** How many events have matched a template since the last lesson. */
  matches = 0
  /** Whether there has been one. */
  begun = false
  /** How many lessons there were since the last that paid. */
  #lessons = 0
  /** How many slow events are to pass before the next lesson. */
  #wait = FIRST_LESSON
  /** How many after it. */
  #pause = 0
  readonly #decoding: Decoding

  constructor(decoding: Decoding) {
    this.#decoding = decoding
  }

  /** Whether an event that takes the slow way is to teach, behind which so many more of its length have arrived. */
  isDue(following: number): boolean {
    if (this.matches >= PRICE) this.#wait = this.#pause = this.#lessons = 0
    // The stream may end soon. Where a read holds more of it, that tells whether a lesson pays.
    if (following >= ENOUGH && !this.begun) return true
    if (following >= 1 && following < ENOUGH && this.begun) return false
    return --this.#wait < 0
  }

  /**
   * A template of an event that has taken the slow way and become one chunk.
   *
   * Where lessons do not pay, each makes the next one wait twice as long: a stream that does not repeat costs few.
   *
   * @param decoded the bytes as text
   */
  take(
    bytes: Uint8Array,
    decoded: string,
    chunk: ChatCompletionChunk,
    known: readonly Template[],
  ): Template | undefined {
    this.begun = true
    this.matches = 0
    if (bytes.length > MAX_LENGTH || !mayRepeat(chunk)) return undefined
    this.#wait = this.#pause
    if (++this.#lessons > PATIENCE) this.#pause = this.#pause * 2 + 1
    // A character for each byte, as what is ASCII has already.
    const isAscii = decoded.length === bytes.length
    const text = isAscii ? decoded : String.fromCharCode.apply(undefined, bytes as unknown as number[])
    if (!PLAIN_EVENT.test(text)) return undefined
    const leaves = leavesOf(text)
    if (leaves === undefined) return undefined
    return learn({ ...this.#decoding, bytes, text, leaves, chunk, known })
  }
}

/** One `data:` line and a blank line and nothing else. */
const PLAIN_EVENT = /^data:[^\r\n]*\r?\n\r?\n$/

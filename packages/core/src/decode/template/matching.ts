import type { ChatCompletionChunk } from '../../chunk.ts'
import type { Lessons } from './lessons.ts'
import { MISS } from './miss.ts'
import type { PendingSum } from './pending-sum.ts'
import { match, type Template } from './template.ts'

/** More shapes than this do not repeat: n = 4 interleaved has four, reasoning then text has two. */
const MAX_TEMPLATES = 12

/** The fast way: events that match a template become chunks, or are added to the sum. */
export class Matching {
  /** The latest to match first. */
  templates: Template[] = []
  /** How many bytes may match until the slow way must be asked whether the answer is too long: it has no more characters. */
  room = 0
  readonly #pending: PendingSum
  readonly #lessons: Lessons
  readonly #maxEventLength: number

  constructor(pending: PendingSum, lessons: Lessons, maxEventLength: number) {
    this.#pending = pending
    this.#lessons = lessons
    this.#maxEventLength = maxEventLength
  }

  /** Adds a template. The one that has not matched for the longest time goes. */
  add(template: Template): void {
    this.templates = [template, ...this.templates].slice(0, MAX_TEMPLATES)
  }

  /**
   * Reads events as long as they match the template that the first one does, and gives the position behind them, or `MISS`.
   *
   * @param chunks where chunks go to; `undefined` when only the sum is wanted
   */
  read(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    end: number,
    chunks: ChatCompletionChunk[] | undefined,
  ): number {
    const { templates } = this
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i] as Template
      let at = from
      let behind = match(template, bytes, view, at, end)
      if (behind === MISS) continue
      if (!this.#accepts(template, behind - at)) return MISS
      if (chunks === undefined && this.#pending.collides(template)) {
        this.#pending.settle()
        behind = match(template, bytes, view, at, end)
      }
      // The one that matched is tried first next time.
      templates[i] = templates[0] as Template
      templates[0] = template
      let matches = 0
      do {
        matches++
        if (chunks === undefined) this.#pending.add(template)
        else chunks.push(this.#pending.chunkOf(template))
        at = behind
        behind = match(template, bytes, view, at, end)
      } while (behind !== MISS && this.#accepts(template, behind - at))
      this.#pending.count(template, matches)
      this.#lessons.matches += matches
      return at
    }
    return MISS
  }

  /** Limits, and argument text that the slow way looks at more closely: none, or what may be an echo. */
  #accepts({ weight, call }: Template, length: number): boolean {
    this.room -= weight + length
    if (this.room < 0 || length > this.#maxEventLength) return false
    if (call === undefined) return true
    return call.end > call.length && !call.mayBeObject()
  }
}

import type { ChatCompletionChunk } from '../../chunk.ts'
import { concat } from '../../merge/rules.ts'
import { lengthOf } from '../../normalize/answer-length.ts'
import type { StreamState } from '../../normalize/state.ts'
import type { PendingText } from './pending-text.ts'
import { fill, type Hole, isGrowingText, type Template, valueOf } from './template.ts'

/**
 * What has matched and is not in the sum yet: texts and lists by template, and which template said its constants last.
 *
 * Enters the sum as one chunk per template. That is the same as one chunk per event, because the rest of a template adds
 * nothing when it comes again.
 */
export class PendingSum {
  /** The templates that have pending values. */
  #used: Template[] = []
  #turns = 1
  readonly #stream: StreamState

  constructor(stream: StreamState) {
    this.#stream = stream
  }

  /** Whether the template adds to a field that another has something pending of: their order must stay. */
  collides(template: Template): boolean {
    if (template.turn === this.#turns) return false
    return this.#used.some((other) => other !== template && template.holes.some(({ field }) => writes(other, field)))
  }

  /** The chunk of the event that has just matched, which is then not pending. */
  chunkOf(template: Template): ChatCompletionChunk {
    return fill(template, this.#told)
  }

  readonly #told = (hole: Hole): unknown => this.#tell(hole, valueOf(hole))

  /** Adds the event that has just matched. */
  add(template: Template): void {
    const { growing, others } = template
    if (template.turn !== this.#turns) this.#turnTo(template)
    for (let i = 0; i < growing.length; i++) {
      const text = growing[i] as PendingText
      text.length = text.end
    }
    for (let i = 0; i < others.length; i++) {
      const hole = others[i] as Hole
      const value = this.#tell(hole, valueOf(hole))
      if (hole.field !== undefined && hole.latest !== undefined) concat(hole.latest as unknown[], value as unknown[])
      else hole.latest = value
    }
  }

  #turnTo(template: Template): void {
    if (template.turn === 0) this.#used.push(template)
    template.turn = ++this.#turns
  }

  /** Gives everything as chunks, and nothing is pending any more. */
  take(): ChatCompletionChunk[] {
    // Where two templates say different things, the latest is right: its chunk is the last one.
    const chunks = this.#used
      .sort((a, b) => a.turn - b.turn)
      .map((template) => {
        template.turn = 0
        return fill(template, this.#taken)
      })
    this.#turns = 1
    this.#used = []
    return chunks
  }

  readonly #taken = (hole: Hole): unknown => {
    const { latest } = hole
    if (isGrowingText(hole)) return this.#tell(hole, hole.text.take())
    // A list that was given away is not ours to add to.
    hole.latest = undefined
    return latest
  }

  // The slow way is told of everything that it has not read itself.

  count({ weight }: Template, matches: number): void {
    const stream = this.#stream
    stream.events += matches
    stream.chunks += matches
    stream.room -= weight * matches
  }

  #tell({ call }: Hole, value: unknown): unknown {
    // A number weighs what the 0 in the base does.
    if (typeof value !== 'number') this.#stream.room -= lengthOf(value)
    if (call !== undefined) this.#stream.choices.get(call.choice)?.calls?.append(call.index, value as string)
    return value
  }
}

const writes = ({ holes }: Template, field: string | undefined): boolean =>
  field !== undefined && holes.some((hole) => hole.field === field)

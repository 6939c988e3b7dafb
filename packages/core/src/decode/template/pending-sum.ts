import type { ChatCompletionChunk } from '../../chunk.ts'
import type { StreamState } from '../../normalize/state.ts'
import { fill, type Hole, type Template, valueOf } from './template.ts'

/**
 * What has matched and is not in the sum yet: texts by template, and which template said its constants last.
 *
 * Enters the sum as one chunk per template. That is the same as one chunk per event, because the rest of a template adds
 * nothing when it comes again.
 */
export class PendingSum {
  /** The templates that have pending values. */
  #used: Template[] = []
  #turns = 1
  /** Which template has pending text of a field. */
  readonly #writers = new Map<string, Template>()
  readonly #stream: StreamState

  constructor(stream: StreamState) {
    this.#stream = stream
  }

  /** Whether a text of the template goes into a field that another has pending text of: their order must stay. */
  collides(template: Template): boolean {
    if (template.turn === this.#turns) return false
    return template.holes.some(({ field = '' }) => (this.#writers.get(field) ?? template) !== template)
  }

  /** The chunk of the event that has just matched, which is then not pending. */
  chunkOf(template: Template): ChatCompletionChunk {
    this.#count(template)
    return fill(template, this.#told)
  }

  readonly #told = (hole: Hole): unknown => this.#tell(hole, valueOf(hole))

  /** Adds the event that has just matched. */
  add(template: Template): void {
    const { holes } = template
    this.#count(template)
    if (template.turn !== this.#turns) this.#turnTo(template)
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i] as Hole
      const { path, text, field } = hole
      if (field !== undefined && text !== undefined) text.length = text.end
      else if (path !== undefined) hole.latest = this.#tell(hole, valueOf(hole))
    }
  }

  #turnTo(template: Template): void {
    if (template.turn === 0) this.#used.push(template)
    template.turn = ++this.#turns
    for (const { field } of template.holes) if (field !== undefined) this.#writers.set(field, template)
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
    this.#writers.clear()
    return chunks
  }

  readonly #taken = (hole: Hole): unknown => {
    const { text, field, latest } = hole
    return field === undefined || text === undefined ? latest : this.#tell(hole, text.take())
  }

  // The slow way is told of everything that it has not read itself.

  #count({ weight }: Template): void {
    const stream = this.#stream
    stream.events++
    stream.chunks++
    stream.room -= weight
  }

  #tell({ call }: Hole, value: unknown): unknown {
    if (typeof value === 'string') {
      this.#stream.room -= value.length
      if (call !== undefined) this.#stream.choices.get(call.choice)?.calls?.append(call.index, value)
    }
    return value
  }
}

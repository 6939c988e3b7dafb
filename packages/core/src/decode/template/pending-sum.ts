import type { ChatCompletionChunk } from '../../chunk.ts'
import { valueOf } from './hole-value.ts'
import type { DecodeRange } from './pending-text.ts'
import { fill, found, type Hole, type Template } from './template.ts'

/**
 * What has matched and is not in the sum yet: texts by place, and which template said its constants last.
 *
 * Enters the sum as one chunk per template. That is the same as one chunk per event, because the rest of a template adds
 * nothing when it comes again.
 */
export class PendingSum {
  readonly #decode: DecodeRange
  #used: Template[] = []
  readonly #sets = new Map<Hole, unknown>()
  /** By field: the place where its latest text goes. */
  #latest: (number | undefined)[] = []
  #turns = 0

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** Whether a text of the template goes into a field that has pending text at another place: their order must stay. */
  collides({ places }: Template): boolean {
    for (let i = 0; i < places.length; i++) {
      const { field, place } = places[i] as Template['places'][number]
      const latest = this.#latest[field]
      if (latest !== undefined && latest !== place) return true
    }
    return false
  }

  /** Adds the event that has just matched. */
  add(template: Template, bytes: Uint8Array): void {
    const { holes, places } = template
    for (let i = 0; i < places.length; i++) {
      const { field, place } = places[i] as Template['places'][number]
      this.#latest[field] = place
    }
    if (template.turn === 0) this.#used.push(template)
    template.turn = ++this.#turns
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i] as Hole
      if (hole.pending !== undefined)
        hole.pending.append(bytes, found.from[i] ?? 0, found.to[i] ?? 0, found.held[i] ?? 0)
      else if (hole.effect === 'set') this.#sets.set(hole, valueOf(this.#decode, hole, i, bytes))
    }
  }

  /** Gives everything, and nothing is pending any more. The values of the holes come with each chunk. */
  *take(): Generator<{ template: Template; values: readonly unknown[]; chunk: ChatCompletionChunk }, void, undefined> {
    // The latest one last: where two say different things, it is right.
    const used = this.#used.toSorted((a, b) => a.turn - b.turn)
    this.#used = []
    this.#latest = []
    for (const [at, template] of used.entries()) {
      template.turn = 0
      const later = used.slice(at + 1)
      const values = template.holes.map((hole) => {
        if (hole.pending === undefined) return this.#sets.get(hole) ?? ''
        // A text that several templates fill goes into the chunk of the last one.
        return later.some(({ holes }) => holes.some(({ pending }) => pending === hole.pending))
          ? ''
          : hole.pending.take()
      })
      yield { template, values, chunk: fill(template, values) }
    }
    this.#sets.clear()
  }
}

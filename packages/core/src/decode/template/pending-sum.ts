import type { ChatCompletionChunk } from '../../chunk.ts'
import type { RepeatedEvents } from '../repeated-events.ts'
import { fill, type Hole, type Template, valueOf } from './template.ts'

/**
 * What has matched and is not in the sum yet: texts by place, and which template said its constants last.
 *
 * Enters the sum as one chunk per template. That is the same as one chunk per event, because the rest of a template adds
 * nothing when it comes again.
 */
export class PendingSum {
  #used: Template[] = []
  #turns = 1
  /** The characters that the answer has grown by beside its growing texts, which are counted when they are decoded. */
  length = 0

  /** Whether a text of the template goes into a field that has pending text at another place: their order must stay. */
  collides({ turn, holes }: Template): boolean {
    if (turn === this.#turns) return false
    for (let i = 0; i < holes.length; i++) {
      const { field, text } = holes[i] as Hole
      if (field?.latest !== undefined && field.latest !== text) return true
    }
    return false
  }

  /** Adds the event that has just matched. */
  add(template: Template): void {
    const { holes, weight } = template
    this.length += weight
    const turns = template.turn !== this.#turns
    if (turns) {
      if (template.turn === 0) this.#used.push(template)
      template.turn = ++this.#turns
    }
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i] as Hole
      const { effect, text, field } = hole
      if (field !== undefined && text !== undefined) {
        text.length = text.end
        if (turns) field.latest = text
      } else if (effect === 'set') {
        const value = valueOf(hole)
        hole.latest = value
        if (typeof value === 'string') this.length += value.length
      }
    }
  }

  /** Gives everything as chunks, and nothing is pending any more; `repeated` is told how the answer has grown. */
  take(events: number, repeated: RepeatedEvents): ChatCompletionChunk[] {
    // The latest one last: where two say different things, it is right.
    const used = this.#used.sort((a, b) => b.turn - a.turn)
    let length = this.length
    const valueIn = ({ text, field, latest, call }: Hole): unknown => {
      if (field === undefined || text === undefined) return latest
      // A text that several templates fill goes into the chunk of the last one; for the others nothing is left.
      const told = text.take()
      length += told.length
      field.latest = undefined
      if (call !== undefined) repeated.append(call.choice, call.index, told)
      return told
    }
    const chunks = used.map((template) => {
      template.turn = 0
      return fill(template, valueIn)
    })
    this.#used = []
    this.length = 0
    repeated.count(events, length)
    return chunks.reverse()
  }
}

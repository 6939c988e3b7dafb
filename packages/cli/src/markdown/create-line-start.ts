import { blockStartOf, type BlockStart } from './block-start.ts'

/** The first characters of a line, until it is clear what begins there. A line may begin several times: `> - # x`. */
export interface LineStart {
  /** How many containers the line is known to be in. */
  within: number
  /** Columns before what comes next, from the left edge or from the last bar. */
  indent: number
  /** Directly behind the marker of an item. */
  isBehindMarker: boolean
  /** A `>` takes the space behind it. */
  eatsSpace: boolean
  /** What begins with this character, and the characters that told. */
  push(character: string): readonly [start: BlockStart, text: string] | undefined
  /** Another line. */
  reset(): void
}

export function createLineStart(): LineStart {
  let lead = ''
  const line: LineStart = {
    within: 0,
    indent: 0,
    isBehindMarker: false,
    eatsSpace: false,
    push(character) {
      if (lead === '' && (character === ' ' || character === '\t')) {
        if (line.eatsSpace) line.eatsSpace = false
        else line.indent += character === ' ' ? 1 : 4 - (line.indent % 4)
        return undefined
      }
      line.eatsSpace = false
      lead += character
      const start = blockStartOf(lead, line.isBehindMarker)
      if (start === undefined) return undefined
      const text = lead
      lead = ''
      return [start, text]
    },
    reset() {
      lead = ''
      line.within = 0
      line.indent = 0
      line.isBehindMarker = false
      line.eatsSpace = false
    },
  }
  return line
}

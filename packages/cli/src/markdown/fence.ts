/** The lines of a fenced block, one character after the other. */
export interface Fence {
  /** As it was opened. */
  readonly marker: string
  push(character: string): FenceStep
}

export interface FenceStep {
  /** Code. */
  readonly text: string
  /** `close`: its last line has ended. `left`: the line is no longer in the quote around it. `line`: a line of code ended. */
  readonly event?: 'close' | 'left' | 'line'
  /** To be read again, when the block is left. */
  readonly again: string
}

/**
 * @param quotes how many bars stand before each of its lines
 * @param indent how far its first line was indented: as much is taken from the others
 */
export function createFence(marker: string, quotes: number, indent: number): Fence {
  let isAtStart = true
  let bars = quotes
  let spaces = indent
  /** What was read of the line's start, in case it is not ours. */
  let read = ''
  /** What may be the end. */
  let closer = ''
  let eatsSpace = false

  function startLine() {
    isAtStart = true
    bars = quotes
    spaces = indent
    read = ''
    closer = ''
    eatsSpace = false
  }

  function pushStart(character: string): FenceStep {
    read += character
    if (bars > 0) {
      if (character === ' ') return nothing
      if (character !== '>') return { text: '', event: 'left', again: read }
      bars -= 1
      eatsSpace = bars === 0
      return nothing
    }
    if (character === ' ' && eatsSpace) {
      eatsSpace = false
      return nothing
    }
    eatsSpace = false
    if (character === ' ' && spaces > 0 && closer === '') {
      spaces -= 1
      return nothing
    }
    if (character === '\n') {
      const isEnd = isCloser(closer, marker)
      const text = isEnd ? '' : closer
      startLine()
      return { text, event: isEnd ? 'close' : 'line', again: '' }
    }
    closer += character
    if (mayClose(closer, marker)) return nothing
    const text = closer
    isAtStart = false
    return { text, again: '' }
  }

  return {
    marker,
    push(character) {
      if (isAtStart) return pushStart(character)
      if (character !== '\n') return { text: character, again: '' }
      startLine()
      return { text: '', event: 'line', again: '' }
    },
  }
}

const nothing: FenceStep = { text: '', again: '' }

function mayClose(text: string, marker: string): boolean {
  const [, run, after] = /^ {0,3}([`~]*)( *)$/.exec(text) ?? []
  if (run === undefined || text.length > 200) return false
  return isRunOf(run, marker) && (after === '' || run.length >= marker.length)
}

function isCloser(text: string, marker: string): boolean {
  const run = text.trim()
  return run.length >= marker.length && isRunOf(run, marker)
}

function isRunOf(run: string, marker: string): boolean {
  return run === (marker[0] ?? '').repeat(run.length)
}

import { plain, type Style } from './style.ts'
import { graphemesOf, mayBreakBetween, textWidth } from './text-width.ts'

/** Where laid out text goes. */
export interface LayoutSink {
  text(text: string, style: Style): void
  /** The line is full, or ended by `newLine`. */
  endLine(): void
  /** Whether a word that is wider than a line is cut, or given away whole: an address can be copied whole only. */
  readonly cuts: boolean
}

/** Breaks text into lines between words. What it holds back is one word at most. */
export interface Layout {
  /** One character (a code point) of running text. */
  push(character: string, style: Style): void
  /** Text that is not broken. */
  pushWhole(text: string, style: Style): void
  newLine(): void
  /** Gives away the word that is held. */
  flush(): void
}

/**
 * @param columns how wide a line may be: asked for at every word, since what stands before a line takes its share
 */
export function createLayout(columns: () => number, sink: LayoutSink): Layout {
  let column = 0
  let spaces = 0
  let spaceStyle = plain
  let word: { text: string; style: Style }[] = []
  let wordText = ''
  let last = ''

  function flush() {
    if (wordText === '') return
    const width = textWidth(wordText)
    if (sink.cuts && width > columns()) cut()
    else {
      place(width)
      for (const { text, style } of word) sink.text(text, style)
    }
    forget()
  }

  function cut() {
    for (const { text, style } of word) {
      for (const grapheme of graphemesOf(text)) {
        place(textWidth(grapheme))
        sink.text(grapheme, style)
      }
    }
  }

  function forget() {
    word = []
    wordText = ''
    last = ''
  }

  /** Moves on by a word: on this line if it has room, otherwise on the next. */
  function place(width: number) {
    const max = columns()
    if (column > 0 && column + spaces + width > max) {
      sink.endLine()
      column = 0
    } else if (spaces > 0) {
      sink.text(' '.repeat(spaces), spaceStyle)
      column += spaces
    }
    spaces = 0
    // Longer than a line: the terminal breaks it, so that an address can still be copied whole.
    column = column + width > max ? (column + width) % max : column + width
  }

  return {
    push(character, style) {
      if (character === ' ' || character === '\t') {
        flush()
        spaces += 1
        spaceStyle = style
        return
      }
      if (last !== '' && mayBreakBetween(last, character)) flush()
      last = character
      wordText += character
      const tail = word.at(-1)
      if (tail !== undefined && tail.style === style) tail.text += character
      else word.push({ text: character, style })
      // A word has an end, base64 has none.
      if (wordText.length > maxHeldLength) flush()
    },
    pushWhole(text, style) {
      flush()
      place(textWidth(text))
      sink.text(text, style)
    },
    newLine() {
      flush()
      spaces = 0
      column = 0
      sink.endLine()
    },
    flush,
  }
}

const maxHeldLength = 400

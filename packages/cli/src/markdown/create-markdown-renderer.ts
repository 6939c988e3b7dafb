import { visible } from '../render/visible.ts'
import type { BlockStart } from './block-start.ts'
import { itemsWithin, toItem } from './containers.ts'
import { createFence, type Fence } from './fence.ts'
import { createLineStart } from './create-line-start.ts'
import { createOpenBlocks } from './open-blocks.ts'
import { dimmed, plain, type Style } from './style.ts'

export interface MarkdownOptions {
  /** The width of the terminal. @defaultValue `80` */
  readonly columns?: number | undefined
  /** Bold, faint, colours. Without them the marks of headings stay. @defaultValue `true` */
  readonly hasStyles?: boolean | undefined
  /** The terminal shows links itself (OSC 8). @defaultValue `false` */
  readonly hasHyperlinks?: boolean | undefined
}

export interface MarkdownRenderer {
  /** What the terminal gets for this piece. */
  push(text: string): string
  /** What was held back, and the end of the line. */
  end(): string
}

/** What the rest of a line is. */
type Mode = 'fence' | 'info' | 'inline' | 'lead' | 'raw' | 'row'

/** A line of a table is held until it ends; nothing that is longer is one. */
const maxRowLength = 16_384
const maxInfoLength = 1000

const codeStyle: Style = { code: true }

/**
 * Renders Markdown while it arrives, for a terminal, by appending only.
 *
 * The output is the same however the text was cut. Held back are a word, the first characters of a line until it is clear
 * what it is, a link, a line of a table and the line under a header; code passes through at once. Line ends are kept: in
 * an answer they are meant.
 *
 * The text is a stranger's: what a terminal would obey is made visible, see `visible`.
 */
export function createMarkdownRenderer(options: MarkdownOptions = {}): MarkdownRenderer {
  const { columns = 80, hasStyles = true } = options
  const blocks = createOpenBlocks(columns, { hasStyles, hasHyperlinks: hasStyles && options.hasHyperlinks === true })
  const line = createLineStart()

  let mode: Mode = 'lead'
  let fence: Fence | undefined
  /** Of a line that is held until it ends: a row, or what opens a fence. */
  let held = ''

  function startLine() {
    mode = fence === undefined ? 'lead' : 'fence'
    line.reset()
  }

  /** How many containers the line is in, its indentation counted. */
  const within = () => itemsWithin(blocks.containers, line.within, line.indent)

  /** The rest of what told the start belongs to what has begun. */
  function begin(start: BlockStart, text: string) {
    const rest = 'length' in start ? text.slice(start.length) : text
    starts[start.kind](start as never)
    if (start.kind !== 'blank' && start.kind !== 'rule') for (const character of rest) pushCharacter(character)
  }

  const starts: { [K in BlockStart['kind']]: (start: Extract<BlockStart, { kind: K }>) => void } = {
    blank() {
      blocks.blankLine(line.within)
      startLine()
    },
    quote() {
      const at = within()
      if (blocks.containers[at]?.kind !== 'quote') blocks.open({ kind: 'quote' }, at)
      line.within = at + 1
      line.indent = 0
      line.eatsSpace = true
    },
    item({ marker }) {
      const at = within()
      blocks.open(toItem(line.indent, marker, blocks.containers.slice(0, at)), at)
      line.within = at + 1
      line.indent += marker.length + 1
      line.isBehindMarker = true
    },
    task({ isDone }) {
      const item = blocks.containers.at(-1)
      if (item?.kind === 'item' && !/^\d/.test(item.marker)) item.marker = isDone ? '☑ ' : '☐ '
      else startTextLine(isDone ? '☑ ' : '☐ ')
      line.isBehindMarker = false
    },
    heading({ level }) {
      startBlock()
      blocks.startHeading(level)
      mode = 'inline'
    },
    rule() {
      startBlock()
      blocks.rule()
      startLine()
    },
    fence() {
      startBlock()
      held = ''
      mode = 'info'
    },
    row() {
      blocks.enter(within())
      blocks.endText()
      held = ''
      mode = 'row'
    },
    text() {
      blocks.endTable()
      const at = within()
      const isLazy =
        blocks.hasText && !blocks.isSpaced && blocks.containers.slice(at).every(({ kind }) => kind === 'item')
      if (!isLazy) blocks.enter(at)
      if (!blocks.hasText && line.indent >= 4 && blocks.containers.length === 0) {
        blocks.write(' '.repeat(line.indent), plain)
        mode = 'raw'
      } else {
        blocks.startText()
        mode = 'inline'
      }
    },
  }

  /** A block that is no paragraph: it ends what stands before it. */
  function startBlock() {
    blocks.end()
    blocks.enter(within())
  }

  function startTextLine(text: string) {
    blocks.startText()
    mode = 'inline'
    for (const character of text) pushCharacter(character)
  }

  /** What the characters of a line are, by what has begun on it. */
  const push: Readonly<Record<Mode, (character: string) => void>> = {
    lead(character) {
      const begun = line.push(character)
      if (begun !== undefined) begin(...begun)
    },
    inline(character) {
      blocks.pushText(character)
      if (character === '\n') startLine()
    },
    raw(character) {
      if (character !== '\n') return blocks.write(character, codeStyle)
      blocks.endLine()
      startLine()
    },
    row(character) {
      if (held.length > maxRowLength) {
        blocks.endTable()
        startTextLine(held + character)
      } else if (character === '\n') {
        blocks.addRow(held)
        startLine()
      } else held += character
    },
    info(character) {
      if (character !== '\n') {
        if (held.length < maxInfoLength) held += character
        return
      }
      const [, marker = '', info = ''] = /^(`+|~+)(.*)$/.exec(held) ?? []
      if (marker.startsWith('`') && info.includes('`')) return startTextLine(`${held}\n`)
      blocks.write(held, dimmed)
      blocks.endLine()
      fence = createFence(marker, blocks.containers.filter(({ kind }) => kind === 'quote').length, line.indent)
      startLine()
    },
    fence(character) {
      if (fence === undefined) return
      const { text, event, again } = fence.push(character)
      if (text !== '') blocks.write(text, codeStyle)
      if (event === undefined) return
      if (event === 'close') blocks.write(fence.marker, dimmed)
      if (event === 'left') blocks.enter(blocks.containers.findIndex(({ kind }) => kind === 'quote'))
      else blocks.endLine()
      if (event !== 'line') fence = undefined
      startLine()
      for (const one of again) pushCharacter(one)
    },
  }

  function pushCharacter(character: string) {
    push[mode](character)
  }

  function pushText(text: string) {
    for (const character of visible(text)) pushCharacter(wellFormed(character))
    last = text.at(-1) ?? last
  }

  let half = ''
  let last = '\n'

  return {
    push(piece) {
      const text = half + piece
      // Half a character, and a carriage return that may belong to a line end.
      half = /[\r\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
      pushText(text.slice(0, text.length - half.length))
      return blocks.take()
    },
    end() {
      pushText(half)
      half = ''
      if (last !== '\n') pushText('\n')
      blocks.end()
      blocks.endStyle()
      return blocks.take()
    },
  }
}

function wellFormed(character: string): string {
  return character.length === 1 && character >= '\uD800' && character <= '\uDFFF' ? '\uFFFD' : character
}

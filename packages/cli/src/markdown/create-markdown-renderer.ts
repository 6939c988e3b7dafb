import { visible } from '../render/visible.ts'
import type { BlockStart } from './block-start.ts'
import { itemsWithin, prefixWidth, toItem, type Container } from './containers.ts'
import { createInline, type Inline, type InlineOptions } from './create-inline.ts'
import { createFence, type Fence } from './fence.ts'
import { createLayout } from './layout.ts'
import { createLineStart } from './create-line-start.ts'
import { createPage } from './create-page.ts'
import { dimmed, plain, type Style } from './style.ts'
import { createTable, isDelimiter, type Table, type TableLine } from './table.ts'

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
  const inlineOptions: InlineOptions = { hasStyles, hasHyperlinks: hasStyles && options.hasHyperlinks === true }
  let containers: Container[] = []
  const line = createLineStart()
  const page = createPage(() => containers, hasStyles)
  const { write, endLine } = page

  let mode: 'fence' | 'info' | 'inline' | 'lead' | 'raw' | 'row' = 'lead'
  let inline: Inline | undefined
  let isHeading = false
  let fence: Fence | undefined
  let row = ''
  let header: string | undefined
  let table: Table | undefined

  const room = () => Math.max(columns - prefixWidth(containers), 8)
  const layout = createLayout(room, { text: write, endLine, cuts: false })

  function emit(character: string, next: Style) {
    if (character === '\n') layout.newLine()
    else layout.push(character, next)
  }

  function endBlock() {
    inline?.end()
    layout.flush()
    if (!page.isAtLineStart) layout.newLine()
    inline = undefined
    isHeading = false
  }

  function endTable() {
    table = undefined
    if (header === undefined) return
    const text = header
    header = undefined
    startText()
    for (const character of text) inline?.push(character)
    inline?.push('\n')
  }

  function startLine() {
    mode = fence === undefined ? 'lead' : 'fence'
    line.reset()
  }

  /** Whatever stands before is over. */
  function endAll() {
    endBlock()
    endTable()
    endBlock()
  }

  /** Leaves the containers that this line is not in. */
  function enter(count: number) {
    if (count >= containers.length) return
    endAll()
    containers = containers.slice(0, count)
  }

  function startText(base: Style = plain) {
    inline ??= createInline({ ...inlineOptions, style: base }, emit)
  }

  function pushLead(character: string) {
    const begun = line.push(character)
    if (begun !== undefined) begin(...begun)
  }

  /** The rest of what told the start belongs to what has begun. */
  function begin(start: BlockStart, text: string) {
    const rest = 'length' in start ? text.slice(start.length) : text
    starts[start.kind](start as never, text)
    if (start.kind !== 'blank' && start.kind !== 'rule') for (const character of rest) pushCharacter(character)
  }

  const starts: { [K in BlockStart['kind']]: (start: Extract<BlockStart, { kind: K }>, text: string) => void } = {
    blank() {
      endAll()
      // A blank line without its bar ends a quote; an item lives on.
      const left = containers.findIndex(({ kind }, at) => at >= line.within && kind === 'quote')
      if (left !== -1) containers = containers.slice(0, left)
      // An item of which there is only the marker.
      if (containers.some((one) => one.kind === 'item' && !one.isShown)) endLine()
      else page.space(containers)
      startLine()
    },
    quote() {
      const at = itemsWithin(containers, line.within, line.indent)
      if (containers[at]?.kind !== 'quote') {
        enter(at)
        endAll()
        containers = [...containers, { kind: 'quote' }]
      }
      line.within = at + 1
      line.indent = 0
      line.eatsSpace = true
    },
    item({ marker }) {
      const at = itemsWithin(containers, line.within, line.indent)
      endAll()
      const item = toItem(line.indent, marker, containers.slice(0, at))
      containers = [...containers.slice(0, at), item]
      line.within = at + 1
      line.indent += marker.length + 1
      line.isBehindMarker = true
    },
    task({ isDone }) {
      const item = containers.at(-1)
      if (item?.kind === 'item' && !/^\d/.test(item.marker)) item.marker = isDone ? '☑ ' : '☐ '
      else startTextLine(isDone ? '☑ ' : '☐ ')
      line.isBehindMarker = false
    },
    heading({ level }) {
      startBlock()
      const base: Style = level === 1 ? { bold: true, underline: true } : { bold: true }
      if (!hasStyles) layout.pushWhole(`${'#'.repeat(level)} `, plain)
      startText(base)
      isHeading = true
      mode = 'inline'
    },
    rule() {
      startBlock()
      write('─'.repeat(Math.min(room(), 80)), dimmed)
      endLine()
      startLine()
    },
    fence() {
      startBlock()
      row = ''
      mode = 'info'
    },
    row() {
      enter(itemsWithin(containers, line.within, line.indent))
      endBlock()
      row = ''
      mode = 'row'
    },
    text() {
      endTable()
      const at = itemsWithin(containers, line.within, line.indent)
      const isLazy = inline !== undefined && !page.isSpaced && containers.slice(at).every(({ kind }) => kind === 'item')
      if (!isLazy) enter(at)
      if (inline === undefined && line.indent >= 4 && containers.length === 0) {
        write(' '.repeat(line.indent), plain)
        mode = 'raw'
      } else {
        startText()
        mode = 'inline'
      }
    },
  }

  function startTextLine(text: string) {
    startText()
    mode = 'inline'
    for (const character of text) inline?.push(character)
  }

  /** A block that is no paragraph: it ends what stands before it. */
  function startBlock() {
    endAll()
    enter(itemsWithin(containers, line.within, line.indent))
  }

  function pushInfo(character: string) {
    if (character !== '\n') {
      if (row.length < maxInfoLength) row += character
      return
    }
    const opening = row
    const [, marker = '', info = ''] = /^(`+|~+)(.*)$/.exec(opening) ?? []
    if (marker.startsWith('`') && info.includes('`')) {
      startTextLine(`${opening}\n`)
      return startLine()
    }
    write(opening, dimmed)
    endLine()
    fence = createFence(marker, containers.filter(({ kind }) => kind === 'quote').length, line.indent)
    startLine()
  }

  function pushFence(character: string) {
    const { text, event, again } = (fence as Fence).push(character)
    if (text !== '') write(text, codeStyle)
    if (event === 'line') endLine()
    if (event === undefined) return
    if (event === 'close') {
      write((fence as Fence).marker, dimmed)
      endLine()
    }
    if (event === 'close' || event === 'left') fence = undefined
    if (event === 'left') {
      const quotes = containers.findIndex(({ kind }) => kind === 'quote')
      containers = containers.slice(0, quotes)
    }
    startLine()
    for (const one of again) pushCharacter(one)
  }

  function pushRow(character: string) {
    if (row.length > maxRowLength) {
      const text = row
      endTable()
      startTextLine(text + character)
      return
    }
    if (character !== '\n') {
      row += character
      return
    }
    const ended = row
    if (table !== undefined) writeLines(table.row(ended))
    else if (header !== undefined && isDelimiter(ended, header)) {
      table = createTable(header, ended, room(), inlineOptions)
      header = undefined
      writeLines(table.head)
    } else {
      endTable()
      endBlock()
      header = ended
    }
    startLine()
  }

  function writeLines(lines: readonly TableLine[]) {
    for (const spans of lines) {
      for (const [text, next] of spans) write(text, next)
      endLine()
    }
  }

  function pushRaw(character: string) {
    if (character !== '\n') return write(character, codeStyle)
    endLine()
    startLine()
  }

  function pushInline(character: string) {
    inline?.push(character)
    if (character !== '\n') return
    if (isHeading) endBlock()
    startLine()
  }

  const push = { lead: pushLead, inline: pushInline, raw: pushRaw, fence: pushFence, info: pushInfo, row: pushRow }

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
      return page.take()
    },
    end() {
      pushText(half)
      half = ''
      if (last !== '\n') pushText('\n')
      endTable()
      endBlock()
      page.endStyle()
      return page.take()
    },
  }
}

function wellFormed(character: string): string {
  return character.length === 1 && character >= '\uD800' && character <= '\uDFFF' ? '\uFFFD' : character
}

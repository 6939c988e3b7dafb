import { visible } from '../render/visible.ts'
import { blockStartOf, type BlockStart } from './block-start.ts'
import { itemsWithin, prefixOf, prefixWidth, toItem, type Container } from './containers.ts'
import { createInline, type Inline, type InlineOptions } from './create-inline.ts'
import { createFence, type Fence } from './fence.ts'
import { createLayout } from './layout.ts'
import { plain, transition, type Style } from './style.ts'
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
const dimStyle: Style = { dim: true }

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
  let out = ''
  let style: Style = plain
  let isAtLineStart = true
  let hasWritten = false
  /** Blank lines are written when something follows them, as one. */
  let blank: Container[] | undefined

  let containers: Container[] = []
  /** How many of them the current line is known to be in. */
  let within = 0
  let indent = 0
  let lead = ''
  let isBehindMarker = false
  /** A `>` takes the space behind it. */
  let eatsSpace = false

  let mode: 'fence' | 'info' | 'inline' | 'lead' | 'raw' | 'row' = 'lead'
  let inline: Inline | undefined
  let isHeading = false
  let fence: Fence | undefined
  let row = ''
  let header: string | undefined
  let table: Table | undefined

  function restyle(next: Style) {
    if (hasStyles) out += transition(style, next)
    style = next
  }

  function write(text: string, next: Style) {
    if (isAtLineStart) beginLine()
    if (next !== style) restyle(next)
    out += text
  }

  function beginLine() {
    isAtLineStart = false
    if (blank !== undefined && hasWritten) {
      const bars = prefixOf(commonQuotes(blank, containers)).trimEnd()
      if (bars !== '') put(bars)
      out += '\n'
    }
    blank = undefined
    hasWritten = true
    const prefix = prefixOf(containers)
    if (prefix !== '') put(prefix)
  }

  /** What is ours and not the answer's: never in its style. */
  function put(prefix: string) {
    restyle(prefix.includes('│') ? dimStyle : plain)
    out += prefix
    restyle(plain)
  }

  function endLine() {
    if (isAtLineStart) beginLine()
    // A pager or a copy of one line has no style left over.
    restyle(plain)
    out += '\n'
    isAtLineStart = true
  }

  const room = () => Math.max(columns - prefixWidth(containers), 8)
  const layout = createLayout(room, { text: write, endLine, cuts: false })

  function emit(character: string, next: Style) {
    if (character === '\n') layout.newLine()
    else layout.push(character, next)
  }

  function endBlock() {
    inline?.end()
    layout.flush()
    if (!isAtLineStart) layout.newLine()
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
    within = 0
    indent = 0
    lead = ''
    isBehindMarker = false
    eatsSpace = false
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
    if (lead === '' && (character === ' ' || character === '\t')) {
      if (eatsSpace) eatsSpace = false
      else indent += character === ' ' ? 1 : 4 - (indent % 4)
      return
    }
    eatsSpace = false
    lead += character
    const start = blockStartOf(lead, isBehindMarker)
    if (start !== undefined) begin(start)
  }

  /** The rest of the lead belongs to what has begun. */
  function begin(start: BlockStart) {
    const text = lead
    const rest = 'length' in start ? text.slice(start.length) : text
    starts[start.kind](start as never, text)
    lead = ''
    if (start.kind !== 'blank' && start.kind !== 'rule') for (const character of rest) pushCharacter(character)
  }

  const starts: { [K in BlockStart['kind']]: (start: Extract<BlockStart, { kind: K }>, text: string) => void } = {
    blank() {
      endAll()
      // A blank line without its bar ends a quote; an item lives on.
      const left = containers.findIndex(({ kind }, at) => at >= within && kind === 'quote')
      if (left !== -1) containers = containers.slice(0, left)
      // An item of which there is only the marker.
      if (containers.some((one) => one.kind === 'item' && !one.isShown)) endLine()
      else blank = [...containers]
      startLine()
    },
    quote() {
      const at = itemsWithin(containers, within, indent)
      if (containers[at]?.kind !== 'quote') {
        enter(at)
        endAll()
        containers = [...containers, { kind: 'quote' }]
      }
      within = at + 1
      indent = 0
      eatsSpace = true
    },
    item({ marker }) {
      const at = itemsWithin(containers, within, indent)
      endAll()
      const item = toItem(indent, marker, containers.slice(0, at))
      containers = [...containers.slice(0, at), item]
      within = at + 1
      // Columns count from the left edge, or from the last bar.
      indent += marker.length + 1
      isBehindMarker = true
    },
    task({ isDone }) {
      const item = containers.at(-1)
      if (item?.kind === 'item' && !/^\d/.test(item.marker)) item.marker = isDone ? '☑ ' : '☐ '
      else startTextLine(isDone ? '☑ ' : '☐ ')
      isBehindMarker = false
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
      write('─'.repeat(Math.min(room(), 80)), dimStyle)
      endLine()
      startLine()
    },
    fence() {
      startBlock()
      row = ''
      mode = 'info'
    },
    row() {
      enter(itemsWithin(containers, within, indent))
      endBlock()
      row = ''
      mode = 'row'
    },
    text() {
      endTable()
      const at = itemsWithin(containers, within, indent)
      const isLazy =
        inline !== undefined && blank === undefined && containers.slice(at).every(({ kind }) => kind === 'item')
      if (!isLazy) enter(at)
      if (inline === undefined && indent >= 4 && containers.length === 0) {
        write(' '.repeat(indent), plain)
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
    enter(itemsWithin(containers, within, indent))
  }

  function pushInfo(character: string) {
    if (character !== '\n') {
      if (row.length < maxInfoLength) row += character
      return
    }
    const line = row
    const [, marker = '', info = ''] = /^(`+|~+)(.*)$/.exec(line) ?? []
    if (marker.startsWith('`') && info.includes('`')) {
      startTextLine(`${line}\n`)
      return startLine()
    }
    write(line, dimStyle)
    endLine()
    fence = createFence(marker, containers.filter(({ kind }) => kind === 'quote').length, indent)
    startLine()
  }

  function pushFence(character: string) {
    const { text, event, again } = (fence as Fence).push(character)
    if (text !== '') write(text, codeStyle)
    if (event === 'line') endLine()
    if (event === undefined) return
    if (event === 'close') {
      write((fence as Fence).marker, dimStyle)
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
    const line = row
    if (table !== undefined) writeLines(table.row(line))
    else if (header !== undefined && isDelimiter(line, header)) {
      table = createTable(header, line, room(), inlineOptions)
      header = undefined
      writeLines(table.head)
    } else {
      endTable()
      endBlock()
      header = line
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
      out = ''
      const text = half + piece
      // Half a character, and a carriage return that may belong to a line end.
      half = /[\r\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
      pushText(text.slice(0, text.length - half.length))
      return out
    },
    end() {
      out = ''
      pushText(half)
      half = ''
      if (last !== '\n') pushText('\n')
      endTable()
      endBlock()
      restyle(plain)
      return out
    },
  }
}

function wellFormed(character: string): string {
  return character.length === 1 && character >= '\uD800' && character <= '\uDFFF' ? '\uFFFD' : character
}

function commonQuotes(a: readonly Container[], b: readonly Container[]): Container[] {
  const end = a.findIndex((one, at) => one !== b[at])
  const common = end === -1 ? [...a] : a.slice(0, end)
  return common.slice(0, common.findLastIndex(({ kind }) => kind === 'quote') + 1)
}

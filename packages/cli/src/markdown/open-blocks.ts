import { prefixWidth, type Container } from './containers.ts'
import { createInline, type Inline, type InlineOptions } from './create-inline.ts'
import { createPage } from './create-page.ts'
import { createLayout } from './layout.ts'
import { dimmed, plain, type Style } from './style.ts'
import { createTable, isDelimiter, type Table, type TableLine } from './table.ts'

/** What is open on the page: quotes and items, in them a paragraph, a heading or a table. What begins ends others. */
export interface OpenBlocks {
  /** From the outside in. */
  readonly containers: readonly Container[]
  /** A paragraph or a heading is open. */
  readonly hasText: boolean
  /** A blank line stands behind what was written. */
  readonly isSpaced: boolean
  /** Leaves the containers behind so many; what is in them ends. */
  enter(count: number): void
  /** Everything in the containers ends. */
  end(): void
  /** A quote or an item begins, inside of so many containers. */
  open(container: Container, within: number): void
  /** A line on which nothing stands, in so many containers. */
  blankLine(within: number): void
  /** A paragraph goes on, or begins. */
  startText(): void
  startHeading(level: number): void
  /** A character of the paragraph or the heading that is open. */
  pushText(character: string): void
  /** The paragraph ends. A header may stand open above: its table goes on with the next row. */
  endText(): void
  /** The table ends. What has stood for its header, without a line beneath it, is text. */
  endTable(): void
  /** A whole line with a bar before it. */
  addRow(row: string): void
  rule(): void
  /** Text that is no part of a paragraph, such as code. */
  write(text: string, style: Style): void
  endLine(): void
  /** What was written since the last call. */
  take(): string
  /** No style is left over. */
  endStyle(): void
}

export function createOpenBlocks(columns: number, options: InlineOptions): OpenBlocks {
  let containers: readonly Container[] = []
  let inline: Inline | undefined
  let isHeading = false
  /** A row that is a header if the next line says so. */
  let header: string | undefined
  let table: Table | undefined
  const page = createPage(() => containers, options.hasStyles)
  const { write, endLine } = page
  const room = () => Math.max(columns - prefixWidth(containers), 8)
  const layout = createLayout(room, { text: write, endLine, cuts: false })

  function emit(character: string, next: Style) {
    if (character === '\n') layout.newLine()
    else layout.push(character, next)
  }

  function startText(style: Style = plain) {
    inline ??= createInline({ ...options, style }, emit)
  }

  function endText() {
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

  function end() {
    endText()
    endTable()
    endText()
  }

  function enter(count: number) {
    if (count >= containers.length) return
    end()
    containers = containers.slice(0, count)
  }

  function writeLines(lines: readonly TableLine[]) {
    for (const spans of lines) {
      for (const [text, style] of spans) write(text, style)
      endLine()
    }
  }

  return {
    get containers() {
      return containers
    },
    get hasText() {
      return inline !== undefined
    },
    get isSpaced() {
      return page.isSpaced
    },
    enter,
    end,
    open(container, within) {
      end()
      containers = [...containers.slice(0, within), container]
    },
    blankLine(within) {
      end()
      // A blank line without its bar ends a quote; an item lives on.
      const left = containers.findIndex(({ kind }, at) => at >= within && kind === 'quote')
      if (left !== -1) enter(left)
      // An item of which there is only the marker.
      if (containers.some((one) => one.kind === 'item' && !one.isShown)) endLine()
      else page.space(containers)
    },
    startText: () => startText(),
    startHeading(level) {
      if (!options.hasStyles) layout.pushWhole(`${'#'.repeat(level)} `, plain)
      startText(level === 1 ? { bold: true, underline: true } : { bold: true })
      isHeading = true
    },
    pushText(character) {
      inline?.push(character)
      if (character === '\n' && isHeading) endText()
    },
    endText,
    endTable,
    addRow(row) {
      if (table !== undefined) writeLines(table.row(row))
      else if (header !== undefined && isDelimiter(row, header)) {
        table = createTable(header, row, room(), options)
        header = undefined
        writeLines(table.head)
      } else {
        endTable()
        endText()
        header = row
      }
    },
    rule() {
      write('─'.repeat(Math.min(room(), 80)), dimmed)
      endLine()
    },
    write,
    endLine,
    take: page.take,
    endStyle: page.endStyle,
  }
}

import { createInline, type InlineOptions } from './create-inline.ts'
import { createLayout } from './layout.ts'
import { plain, type Style } from './style.ts'
import { textWidth } from './text-width.ts'

type Align = 'center' | 'left' | 'right'
export type Span = readonly [text: string, style: Style]
/** A line of a table, ready to be written. */
export type TableLine = readonly Span[]

export interface Table {
  readonly head: readonly TableLine[]
  row(source: string): TableLine[]
}

/** The cells of a line with `|` between them. One in code or behind a backslash belongs to its cell. */
export function cellsOf(row: string): string[] {
  const cells = ['']
  let isCode = false
  for (const [piece] of row
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
    .matchAll(/\\\||[\s\S]/g)) {
    if (piece === '`') isCode = !isCode
    if (piece === '|' && !isCode) cells.push('')
    else cells[cells.length - 1] += piece === '\\|' ? '|' : piece
  }
  return cells.map((cell) => cell.trim())
}

/** Whether the line under a header makes it one: `|---|:-:|`, as many cells as the header has. */
export function isDelimiter(row: string, header: string): boolean {
  const cells = cellsOf(row)
  return cells.length === cellsOf(header).length && cells.every((cell) => /^:?-+:?$/.test(cell))
}

/** Between two columns. */
const gap = ' │ '
const narrowest = 6

/**
 * A table whose columns are fixed before its rows are known: append-only writing allows nothing else. What does not fit
 * a column is wrapped inside of it.
 */
export function createTable(header: string, delimiter: string, width: number, options: InlineOptions): Table {
  const titles = cellsOf(header)
  const aligns = cellsOf(delimiter).map(alignOf)
  const widths = columnWidths(titles, delimiter, width)
  // A narrow window: one line for every cell is readable, columns of two characters are not.
  if (widths === undefined) return createList(titles, width, options)
  const format = (cells: readonly string[], style: Style) => inColumns(cells, widths, aligns, { ...options, style })
  return {
    head: [...format(titles, { bold: true }), [[widths.map((one) => '─'.repeat(one)).join('─┼─'), { dim: true }]]],
    row: (source) => format(cellsOf(source), plain),
  }
}

function alignOf(cell: string): Align {
  if (!cell.endsWith(':')) return 'left'
  return cell.startsWith(':') ? 'center' : 'right'
}

/** As wide as the titles and the dashes ask for, and then as there is room: the last column holds the sentences. */
function columnWidths(titles: readonly string[], delimiter: string, width: number): number[] | undefined {
  const room = Math.min(width, 120) - gap.length * (titles.length - 1)
  const share = Math.floor(room / titles.length)
  if (share < narrowest) return undefined
  const dashes = cellsOf(delimiter)
  const wanted = titles.map((title, at) =>
    Math.max(textWidth(title), (dashes[at] ?? '').length, at === titles.length - 1 ? 40 : 18),
  )
  // The ones that ask for less than their share leave the rest to the others.
  let left = room
  let asking = wanted.length
  const widths: number[] = wanted.map(() => 0)
  for (const at of wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))) {
    const given = Math.min(wanted[at] ?? 0, Math.floor(left / asking))
    widths[at] = given
    left -= given
    asking -= 1
  }
  return widths
}

function inColumns(
  cells: readonly string[],
  widths: readonly number[],
  aligns: readonly Align[],
  options: InlineOptions,
): TableLine[] {
  const columns = widths.map((width, at) => wrapped(cells[at] ?? '', width, options))
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, row) =>
    columns.flatMap((lines, at) => {
      const isLast = at === columns.length - 1
      const cell = aligned(lines[row] ?? [], widths[at] ?? 0, aligns[at] ?? 'left', isLast)
      return isLast ? cell : [...cell, [gap, { dim: true }] as const]
    }),
  )
}

function aligned(spans: TableLine, width: number, align: Align, isLast: boolean): TableLine {
  const free = Math.max(0, width - spans.reduce((sum, [text]) => sum + textWidth(text), 0))
  const before = align === 'left' ? 0 : align === 'right' ? free : Math.floor(free / 2)
  const spaces = (count: number): TableLine => (count === 0 ? [] : [[' '.repeat(count), plain]])
  // Spaces at the end of a line are in the way of a copy.
  return [...spaces(before), ...spans, ...spaces(isLast ? 0 : free - before)]
}

/** A cell in lines of that width. A word that is wider is cut: here the columns have to stand. */
function wrapped(cell: string, width: number, options: InlineOptions): TableLine[] {
  const lines: Span[][] = [[]]
  const layout = createLayout(() => width, {
    text: (text, style) => lines.at(-1)?.push([text, style]),
    endLine: () => void lines.push([]),
    cuts: true,
  })
  const inline = createInline(options, (character, style) => layout.push(character, style))
  for (const character of cell.replaceAll(/<br ?\/?>/g, ' ')) inline.push(character)
  inline.end()
  layout.flush()
  return lines
}

function createList(titles: readonly string[], width: number, options: InlineOptions): Table {
  return {
    head: [],
    row: (source) => [
      [['─'.repeat(Math.min(width, 20)), { dim: true }]],
      ...cellsOf(source).flatMap((cell, at) => wrapped(`${titles[at] ?? ''}: ${cell}`, width, options)),
    ],
  }
}

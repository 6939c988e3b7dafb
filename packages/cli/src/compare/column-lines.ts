import { createLayout } from '../markdown/layout.ts'
import { plain } from '../markdown/style.ts'
import { textWidth } from '../markdown/text-width.ts'
import { visible, visibleLine } from '../render/visible.ts'

/** An answer among others. */
export interface Column {
  readonly title: string
  /** Beneath the title: how it goes. */
  readonly figures?: string
  readonly text: string
  /** Beneath the text, when it has ended. */
  readonly foot?: string
}

/** Columns and rows of a terminal. */
export interface Size {
  readonly width: number
  /** Of what has no room the last lines are kept. Everything is kept by default: a terminal scrolls. */
  readonly height?: number
}

/** Narrower ones are harder to read than one after the other. */
const minWidth = 24
const gap = ' │ '

/** Whether so many columns have room beside each other. */
export function fitBeside(count: number, width: number): boolean {
  return widthOfEach(count, width) >= minWidth
}

function widthOfEach(count: number, width: number): number {
  return Math.floor((width - gap.length * (count - 1)) / count)
}

/** Texts beside each other, each wrapped in its own column; one above the other where the window is too narrow. */
export function columnLines(columns: readonly Column[], { width, height = Infinity }: Size): string[] {
  if (columns.length < 2 || fitBeside(columns.length, width)) return beside(columns, { width, height })
  const each = Math.floor(height / columns.length)
  return columns.flatMap((column) => beside([column], { width, height: each })).slice(0, height)
}

function beside(columns: readonly Column[], { width, height }: Required<Size>): string[] {
  // A character that is two wide has to have room.
  const each = Math.max(2, widthOfEach(columns.length, width))
  const heads = columns.map((column) => headOf(column, each))
  const headHeight = Math.max(...heads.map(({ length }) => length))
  const bodyHeight = Math.max(0, height - headHeight - 1)
  const blocks = columns.map((column, at) => [
    ...Array.from({ length: headHeight }, (_, row) => heads[at]?.[row] ?? ''),
    '─'.repeat(each),
    ...bodyOf(column, each, bodyHeight),
  ])
  const rows = Math.min(height, Math.max(...blocks.map(({ length }) => length)))
  return Array.from({ length: rows }, (_, row) =>
    blocks
      .map((lines, at) => (at === blocks.length - 1 ? (lines[row] ?? '') : padded(lines[row] ?? '', each)))
      .join(gap)
      .trimEnd(),
  )
}

/** A text by itself, no word of it cut. */
export function wrappedLines(text: string, width: number): string[] {
  return lastLines(visible(text), width, Infinity)
}

function headOf({ title, figures = '' }: Column, width: number): string[] {
  return [title, figures].flatMap((text) => (text === '' ? [] : lastLines(visibleLine(text), width, Infinity)))
}

function bodyOf({ text, foot = '' }: Column, width: number, height: number): string[] {
  const below = foot === '' ? [] : ['', ...lastLines(visibleLine(foot), width, height)]
  const above = lastLines(visible(text), width, Math.max(0, height - below.length))
  return lastOf([...above, ...below], height)
}

/**
 * The last lines of a wrapped text. Paragraphs are looked at from the end, and only as many as there is room for: a long
 * answer is drawn many times.
 */
function lastLines(text: string, width: number, count: number): string[] {
  const paragraphs: string[][] = []
  let lines = 0
  for (let end = text.length; lines < count;) {
    const start = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1
    const wrapped = wrap(text.slice(start, end), width)
    paragraphs.push(wrapped)
    lines += wrapped.length
    if (start === 0) break
    end = start - 1
  }
  return lastOf(paragraphs.toReversed().flat(), count)
}

function lastOf(lines: readonly string[], count: number): string[] {
  return lines.slice(Math.max(0, lines.length - count))
}

function wrap(paragraph: string, width: number): string[] {
  const lines = ['']
  const layout = createLayout(() => width, {
    text: (piece) => void (lines[lines.length - 1] += piece),
    endLine: () => void lines.push(''),
    cuts: true,
  })
  for (const character of paragraph) layout.push(character, plain)
  layout.flush()
  return lines
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

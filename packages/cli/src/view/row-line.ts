import { visible } from '../render/visible.ts'
import { textWidth } from '../markdown/text-width.ts'
import type { ColorName } from '../render/colors.ts'
import type { Row, RowKind } from './view-rows.ts'

/** What stands out on a terminal. Content has the colour of all text. */
export const colorOfRow: { readonly [K in RowKind]?: ColorName } = {
  comment: 'dim',
  empty: 'dim',
  role: 'dim',
  done: 'dim',
  other: 'yellow',
  reasoning: 'blue',
  refusal: 'magenta',
  tool: 'cyan',
  finish: 'green',
  usage: 'green',
  error: 'red',
}

export interface LineLayout {
  /** Columns; no line is wider. */
  readonly width: number
  /** Whether any event has a time: then there is a column for it. */
  readonly hasTimes: boolean
}

/**
 * A row as a line. A chunk that carries several things is told once where and when it was.
 *
 * @param before the row above it
 */
export function lineOfRow(row: Row, before: Row | undefined, { width, hasTimes }: LineLayout): string {
  const isSame = before?.number === row.number
  const times = hasTimes ? [inMs(row.atMs), row.gapMs === undefined ? '' : `+${inMs(row.gapMs)}`] : []
  const place = [String(row.number).padStart(4), ...times.map((time) => time.padStart(9)), `${row.bytes} B`.padStart(8)]
  const head = isSame ? ' '.repeat(place.join(' ').length) : place.join(' ')
  const line = `${head}  ${row.kind.padEnd(9)} ${String(row.choice ?? '').padStart(1)}  `
  return (line + fitting(onOneLine(row.text), width - line.length)).trimEnd()
}

export function inMs(ms: number | undefined): string {
  return ms === undefined ? '' : `${ms.toFixed(1)}ms`
}

/** Spaces and line ends are a part of what a chunk carries: they are shown. */
function onOneLine(text: string): string {
  return visible(text).replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ | $/g, '␣')
}

/** The beginning of a text that has room in so many columns. */
export function fitting(text: string, room: number): string {
  // No character is wider than two columns and none has more than a few code units: a long text is not looked at whole.
  const beginning = Number.isFinite(room) ? text.slice(0, Math.max(0, room) * 8) : text
  if (!Number.isFinite(room) || (beginning.length === text.length && textWidth(text) <= room)) return text
  let shown = ''
  let width = 0
  for (const character of beginning) {
    width += textWidth(character)
    if (width > Math.max(1, room) - 1) break
    shown += character
  }
  return `${shown}…`
}

import type { Run } from '../arguments/command.ts'
import { exitCode } from '../exit-code.ts'
import { colorsOn, type ColorName } from '../render/colors.ts'
import { visible, visibleJson } from '../render/visible.ts'
import { openSources } from '../source/open-source.ts'
import { viewRows, type Row, type RowKind } from '../view/view-rows.ts'
import type { flags } from './view.command.ts'

/** What stands out on a terminal. Content has the colour of all text. */
const colorOf: { readonly [K in RowKind]?: ColorName } = {
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

/** In a pipe, and on a terminal that does not tell. */
const usualWidth = 120

export const view: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const [source] = await openSources(names, flags, io)
  if (source === undefined) return exitCode.bug
  const rows = await viewRows(await source.open())
  if (io.signal.aborted) throw io.signal.reason
  const colors = colorsOn(io.stdout, io.env)
  const width = flags.wide ? Infinity : (io.stdout.columns?.() ?? usualWidth)
  const hasTimes = rows.some(({ atMs }) => atMs !== undefined)
  let before: Row | undefined
  for (const row of rows) {
    const color = colorOf[row.kind]
    const line = flags.json ? toJson(row) : lineOf(row, before, hasTimes, width)
    await io.stdout.write(`${flags.json || color === undefined ? line : colors[color](line)}\n`)
    before = row
  }
  return rows.some(({ kind }) => kind === 'error') ? exitCode.broken : exitCode.complete
}

function toJson({ atMs, gapMs, choice, ...row }: Row): string {
  const known = { at_ms: atMs ?? null, gap_ms: gapMs ?? null, choice: choice ?? null }
  return visibleJson(JSON.stringify({ v: 1, type: 'event', ...row, ...known }))
}

/** A chunk that carries several things is told once where and when it was. */
function lineOf(row: Row, before: Row | undefined, hasTimes: boolean, width: number): string {
  const isSame = before?.number === row.number
  const times = hasTimes ? [inMs(row.atMs), row.gapMs === undefined ? '' : `+${inMs(row.gapMs)}`] : []
  const place = [String(row.number).padStart(4), ...times.map((time) => time.padStart(9)), `${row.bytes} B`.padStart(8)]
  const head = isSame ? ' '.repeat(place.join(' ').length) : place.join(' ')
  const line = `${head}  ${row.kind.padEnd(9)} ${String(row.choice ?? '').padStart(1)}  `
  return (line + fitting(onOneLine(row.text), width - line.length)).trimEnd()
}

function inMs(ms: number | undefined): string {
  return ms === undefined ? '' : `${ms.toFixed(1)}ms`
}

/** Spaces and line ends are a part of what a chunk carries: they are shown. */
function onOneLine(text: string): string {
  return visible(text).replaceAll('\n', '⏎').replace(/^ | $/g, '␣')
}

function fitting(text: string, room: number): string {
  const characters = [...text]
  return characters.length <= room ? text : `${characters.slice(0, Math.max(1, room - 1)).join('')}…`
}

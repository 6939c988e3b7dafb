import { jsonIn } from '../json-in.ts'
import { textWidth } from '../markdown/text-width.ts'
import { visible } from '../render/visible.ts'
import { fitting, inMs, lineOfRow } from './row-line.ts'
import type { Row } from './view-rows.ts'

/** What a pager shows: the list of all events, or one of them. Changed only by {@link press}. */
export interface Pager {
  readonly title: string
  readonly rows: readonly Row[]
  /** The row that is chosen. */
  readonly at: number
  /** The first line that is shown: of the list, or of the event. */
  readonly top: number
  /** The same of the list, while an event is looked at. */
  readonly listTop: number
  /** The lines of the event that is looked at. */
  readonly open: readonly string[] | undefined
  /** What was searched for last. */
  readonly query: string
  /** Whether it is still being typed. */
  readonly isTyping: boolean
  readonly isOver: boolean
  readonly hasTimes: boolean
  readonly width: number
  readonly height: number
}

export function createPager(title: string, rows: readonly Row[], size: Pick<Pager, 'height' | 'width'>): Pager {
  const hasTimes = rows.some(({ atMs }) => atMs !== undefined)
  const place = { at: 0, top: 0, listTop: 0, open: undefined }
  return { title, rows, ...place, query: '', isTyping: false, isOver: false, hasTimes, ...size }
}

type Step = (pager: Pager) => Pager

/** Above is the title, below are the keys. */
const pageOf = ({ height }: Pager): number => Math.max(1, height - 2)

/** So many lines on, of whatever is shown. */
const move =
  (lines: (pager: Pager) => number): Step =>
  (pager) =>
    pager.open === undefined ? chosen(pager, pager.at + lines(pager)) : scrolled(pager, pager.top + lines(pager))

function chosen(pager: Pager, wanted: number): Pager {
  const at = Math.max(0, Math.min(pager.rows.length - 1, wanted))
  const page = pageOf(pager)
  const top = Math.max(Math.min(pager.top, at), at - page + 1)
  return { ...pager, at, top }
}

function scrolled(pager: Pager, wanted: number): Pager {
  const last = Math.max(0, (pager.open?.length ?? 0) - pageOf(pager))
  return { ...pager, top: Math.max(0, Math.min(last, wanted)) }
}

/** The list again, where it was. */
const closed: Step = (pager) => chosen({ ...pager, open: undefined, top: pager.listTop }, pager.at)

function opened(pager: Pager): Pager {
  if (pager.rows.length === 0) return pager
  const listTop = pager.open === undefined ? pager.top : pager.listTop
  return { ...pager, open: linesOfEvent(pager), top: 0, listTop }
}

/** The event after this one or before it. */
const turned =
  (by: -1 | 1): Step =>
  (pager) => {
    const { rows, at, open } = pager
    const number = rows[at]?.number
    const next = rows.findIndex((row) => row.number === (number ?? 0) + by)
    const moved = { ...pager, at: next === -1 ? at : next }
    return open === undefined ? chosen(moved, moved.at) : opened(moved)
  }

/**
 * The next row with what is searched for, all around.
 *
 * @param from how many rows away the search begins
 */
const found =
  (by: -1 | 1, from = 1): Step =>
  (pager) => {
    const { rows, at, query } = pager
    if (query === '') return pager
    const wanted = query.toLowerCase()
    for (let step = from; step < rows.length + from; step++) {
      const index = (((at + by * step) % rows.length) + rows.length) % rows.length
      const row = rows[index]
      if (row !== undefined && `${row.kind} ${row.text}`.toLowerCase().includes(wanted)) {
        const moved = chosen({ ...pager, at: index }, index)
        return pager.open === undefined ? moved : opened(moved)
      }
    }
    return pager
  }

const over: Step = (pager) => ({ ...pager, isOver: true })
const back: Step = (pager) => (pager.open === undefined ? over(pager) : closed(pager))
const stay: Step = (pager) => pager

/** What the keys do, as terminals send them. */
const keys: { readonly [key: string]: Step } = {
  ...named(
    ['j', '\u001B[B', '\u001BOB'],
    move(() => 1),
  ),
  ...named(
    ['k', '\u001B[A', '\u001BOA'],
    move(() => -1),
  ),
  ...named([' ', 'f', '\u001B[6~'], move(pageOf)),
  ...named(
    ['b', '\u001B[5~'],
    move((pager) => -pageOf(pager)),
  ),
  ...named(
    ['g', '\u001B[H', '\u001B[1~', '\u001BOH'],
    move(() => -Infinity),
  ),
  ...named(
    ['G', '\u001B[F', '\u001B[4~', '\u001BOF'],
    move(() => Infinity),
  ),
  ...named(['l', '\u001B[C', '\u001BOC'], turned(1)),
  ...named(['h', '\u001B[D', '\u001BOD'], turned(-1)),
  ...named(['\r', '\n'], (pager) => (pager.open === undefined ? opened(pager) : closed(pager))),
  '/': (pager) => ({ ...pager, query: '', isTyping: true }),
  n: found(1),
  N: found(-1),
  ...named(['q', '\u001B'], back),
  '\u0003': over,
}

function named(names: readonly string[], step: Step): { readonly [key: string]: Step } {
  return Object.fromEntries(names.map((name) => [name, step]))
}

/** While a search is typed. */
const typing: { readonly [key: string]: Step } = {
  ...named(['\r', '\n'], (pager) => found(1, 0)({ ...pager, isTyping: false })),
  ...named(['\u007F', '\b'], (pager) => ({ ...pager, query: [...pager.query].slice(0, -1).join('') })),
  ...named(['\u001B'], (pager) => ({ ...pager, query: '', isTyping: false })),
  '\u0003': over,
}

/** What one key makes of it. Several may come in one read: {@link keysIn}. */
export function press(pager: Pager, key: string): Pager {
  if (!pager.isTyping) return (keys[key] ?? stay)(pager)
  const step = typing[key]
  if (step !== undefined) return step(pager)
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001F\u007F]/.test(key) ? pager : { ...pager, query: pager.query + key }
}

/** The keys in what a terminal has sent. */
export function keysIn(text: string): string[] {
  // oxlint-disable-next-line no-control-regex
  return text.match(/\u001B\[[\d;]*[A-Za-z~]|\u001BO[A-Za-z]|[\s\S]/gu) ?? []
}

/** The same in a window of another size. */
export function resized(pager: Pager, size: Pick<Pager, 'height' | 'width'>): Pager {
  const other = { ...pager, ...size }
  return pager.open === undefined ? chosen(other, other.at) : { ...opened(other), isTyping: pager.isTyping }
}

/** A line of the screen, and the row that it belongs to. */
export interface ScreenLine {
  readonly text: string
  readonly row?: Row
  readonly isChosen?: true
}

/** What is on the screen: as many lines as it is high. */
export function screenOf(pager: Pager): ScreenLine[] {
  const { rows, at, top, open, width, height, title, query, isTyping } = pager
  const count = rows.at(-1)?.number ?? 0
  const page = pageOf(pager)
  const body: ScreenLine[] =
    open === undefined
      ? rows.slice(top, top + page).map((row, index) => {
          const isChosen = top + index === at
          return { text: `${isChosen ? '>' : ' '}${lineOf(pager, top + index)}`, row, ...(isChosen && { isChosen }) }
        })
      : open.slice(top, top + page).map((text) => ({ text }))
  const head = `${title} · ${rows[at]?.number ?? 0} of ${count}`
  const help =
    open === undefined
      ? 'j k move · Enter event · / search, n next · q leave'
      : 'j k scroll · h l other event · Enter back · q back'
  const foot = isTyping ? `/${query}` : query === '' ? help : `/${visible(query)} · ${help}`
  const empty = Array.from({ length: Math.max(0, page - body.length) }, () => ({ text: '' }))
  return [{ text: fitting(head, width) }, ...body, ...empty, { text: fitting(foot, width) }].slice(0, height)
}

function lineOf({ rows, top, width, hasTimes }: Pager, index: number): string {
  const row = rows[index]
  // The first line of a screen tells its place also where it goes on.
  return row === undefined
    ? ''
    : lineOfRow(row, index === top ? undefined : rows[index - 1], { width: width - 1, hasTimes })
}

/** All about the event of the chosen row: where, when, what it carries, and the text that came. */
function linesOfEvent({ rows, at, width }: Pager): string[] {
  const row = rows[at]
  if (row === undefined) return []
  const contents = rows.filter(({ number }) => number === row.number)
  const when = row.atMs === undefined ? '' : ` · at ${inMs(row.atMs)}`
  const gap = row.gapMs === undefined ? '' : `, ${inMs(row.gapMs)} after the one before`
  return [
    `event ${row.number} · byte ${row.offset} · ${row.bytes} B${when}${gap}`,
    '',
    ...contents.map(({ kind, choice, text }) => `${kind}${choice === undefined ? '' : ` ${choice}`}: ${text}`),
    '',
    readable(new TextDecoder().decode(row.raw)),
  ].flatMap((text) =>
    visible(text)
      .split('\n')
      .flatMap((line) => wrapped(line, width)),
  )
}

/** JSON in a form that can be read; anything else as it is. */
function readable(raw: string): string {
  return raw
    .trimEnd()
    .split(/\r\n|\r|\n/)
    .map((line) => {
      const [, field = '', text = ''] = /^(data: ?)?([{[].*)$/s.exec(line) ?? []
      const value = text === '' ? undefined : jsonIn(text)
      return value === undefined ? line : `${field}${JSON.stringify(value, undefined, 2)}`
    })
    .join('\n')
}

function wrapped(line: string, width: number): string[] {
  const lines: string[] = []
  let part = ''
  let partWidth = 0
  for (const character of line.replaceAll('\t', '  ')) {
    const own = textWidth(character)
    if (partWidth + own > Math.max(2, width) && part !== '') {
      lines.push(part)
      part = ''
      partWidth = 0
    }
    part += character
    partWidth += own
  }
  return [...lines, part]
}

import type { Fault, FaultKind, Position } from './fault.ts'
import type { RecordedEvent } from './recording.ts'
import { isPartOfCharacter } from './is-part-of-character.ts'

/** What a server does next. */
export type Step =
  | { readonly do: 'send'; readonly event: RecordedEvent; readonly isFirstPiece: boolean }
  | { readonly do: 'pause'; readonly ms: number }
  | { readonly do: 'break'; readonly how: 'cut' | 'reset' }

type Change = (steps: readonly Step[], fault: Fault) => Step[]

/** What rewrites the text comes before what cuts it in pieces: half of a character is no text. */
const stages: { readonly [K in FaultKind]?: number } = { cut: 1, 'close-rst': 1, stall: 1, split: 2 }

/** The events of a recording as steps, changed by the faults. */
export function stepsOf(events: readonly RecordedEvent[], isCut: boolean, faults: readonly Fault[]): Step[] {
  let steps: Step[] = events.map((event) => ({ do: 'send', event, isFirstPiece: true }))
  if (isCut) steps.push({ do: 'break', how: 'cut' })
  const inOrder = faults.toSorted((a, b) => (stages[a.kind] ?? 0) - (stages[b.kind] ?? 0))
  for (const fault of inOrder) steps = changes[fault.kind]?.(steps, fault) ?? steps
  return steps
}

/** The faults that change what is sent. The others change the response as a whole. */
const changes: { readonly [K in FaultKind]?: Change } = {
  cut: (steps, { at }) => until(steps, at, { do: 'break', how: 'cut' }),
  'close-rst': (steps, { at }) => until(steps, at ?? { bytes: 0 }, { do: 'break', how: 'reset' }),
  stall: (steps, { at, value }) => before(steps, at, { do: 'pause', ms: value === undefined ? Infinity : msOf(value) }),
  dup: (steps, { at }) => atChunk(steps, at, (step) => [step, step]),
  error: (steps, { at, value = 'server_error' }) => {
    const index = indexOf(steps, at)
    if (index === -1) return [...steps]
    return [...steps.slice(0, index), sending(errorEvent(value))]
  },
  reorder(steps, { at }) {
    const index = indexOf(steps, at)
    const [moved, next] = steps.slice(index, index + 2)
    if (index === -1 || moved === undefined || next === undefined) return [...steps]
    return [...steps.slice(0, index), next, moved, ...steps.slice(index + 2)]
  },
  split: (steps, { at }) =>
    steps.flatMap((step) =>
      step.do === 'send' ? pieces(step.event, at === 'character' ? undefined : sizeOf(at)) : [step],
    ),
  'no-done': (steps) => steps.filter((step) => !(step.do === 'send' && /^data: ?\[DONE\]/m.test(textOf(step.event)))),
  'no-finish': (steps) => edited(steps, (text) => text.replaceAll(/"finish_reason":"[^"]*"/g, '"finish_reason":null')),
  'no-usage': (steps) =>
    edited(
      steps.filter((step) => !(step.do === 'send' && step.event.isUsage)),
      (text) => text.replaceAll(/"usage":\{(?:[^{}]|\{[^{}]*\})*\}/g, '"usage":null'),
    ),
  crlf: (steps) => edited(steps, (text) => text.replaceAll(/\r\n|\r|\n/g, '\r\n')),
  bom: (steps) => {
    const first = steps.findIndex((step) => step.do === 'send')
    return steps.map((step, index) =>
      index === first && step.do === 'send' ? sending(editedEvent(step.event, (text) => `\uFEFF${text}`)) : step,
    )
  },
}

function sending(event: RecordedEvent, isFirstPiece = true): Step {
  return { do: 'send', event, isFirstPiece }
}

/** The step that sends a chunk, counted from 1; `-1` when there are not so many. */
function indexOf(steps: readonly Step[], at: Fault['at']): number {
  if (typeof at !== 'object' || !('chunk' in at)) return -1
  let count = 0
  return steps.findIndex((step) => step.do === 'send' && step.isFirstPiece && ++count === at.chunk)
}

function atChunk(steps: readonly Step[], at: Fault['at'], change: (step: Step) => Step[]): Step[] {
  const index = indexOf(steps, at)
  return steps.flatMap((step, position) => (position === index ? change(step) : [step]))
}

/** The steps up to a position: behind the chunk, or behind the byte. */
function until(steps: readonly Step[], at: Fault['at'], last: Step): Step[] {
  if (typeof at !== 'object') return [...steps, last]
  if ('chunk' in at) {
    const index = indexOf(steps, at)
    return index === -1 ? [...steps] : [...steps.slice(0, index + 1), last]
  }
  const [head, hasEnd] = divided(steps, at.bytes)
  return hasEnd ? [...head, last] : head
}

function before(steps: readonly Step[], at: Fault['at'], step: Step): Step[] {
  if (typeof at !== 'object') return [...steps]
  if ('chunk' in at) return atChunk(steps, at, (one) => [step, one])
  const [head, hasEnd, tail] = divided(steps, at.bytes)
  return hasEnd ? [...head, step, ...tail] : head
}

/** The steps before and behind a byte; an event that goes across is sent in two pieces. */
function divided(steps: readonly Step[], bytes: number): [head: Step[], hasEnd: boolean, tail: Step[]] {
  const head: Step[] = []
  let left = bytes
  for (const [index, step] of steps.entries()) {
    const length = step.do === 'send' ? step.event.bytes.length : 0
    if (step.do !== 'send' || length <= left) {
      head.push(step)
      left -= length
      continue
    }
    const whole = step.event.bytes
    if (left > 0) head.push(sending({ ...step.event, bytes: whole.subarray(0, left) }))
    const rest = sending({ ...step.event, bytes: whole.subarray(left) }, left === 0)
    return [head, true, [rest, ...steps.slice(index + 1)]]
  }
  return [head, left === 0, []]
}

/** An event in several writes: of so many bytes, or ending inside of its first character of several bytes. */
function pieces(event: RecordedEvent, size: number | undefined): Step[] {
  const { bytes } = event
  if (size !== undefined) {
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      sending({ ...event, bytes: bytes.subarray(at * size, (at + 1) * size) }, at === 0),
    )
  }
  const inside = bytes.findIndex(isPartOfCharacter)
  if (inside === -1) return [sending(event)]
  return [
    sending({ ...event, bytes: bytes.subarray(0, inside) }),
    sending({ ...event, bytes: bytes.subarray(inside) }, false),
  ]
}

function sizeOf(at: Position | undefined): number {
  return Math.max(1, at !== undefined && 'bytes' in at ? at.bytes : 1)
}

function edited(steps: readonly Step[], edit: (text: string) => string): Step[] {
  return steps.map((step) => (step.do === 'send' ? { ...step, event: editedEvent(step.event, edit) } : step))
}

function editedEvent(event: RecordedEvent, edit: (text: string) => string): RecordedEvent {
  return { ...event, bytes: new TextEncoder().encode(edit(textOf(event))) }
}

function textOf({ bytes }: RecordedEvent): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function errorEvent(type: string): RecordedEvent {
  const error = { message: 'This server was told to fail here.', type, param: null, code: type }
  return { bytes: new TextEncoder().encode(`data: ${JSON.stringify({ error })}\n\n`), isUsage: false, hasToken: false }
}

const units = { ms: 1, s: 1000, m: 60_000 } as const

function msOf(text: string): number {
  const [, amount = '', unit = 'ms'] = /^([\d.]+)(ms|s|m)?$/.exec(text) ?? []
  return Number(amount) * units[unit as keyof typeof units]
}

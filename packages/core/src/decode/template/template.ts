import type { ChatCompletionChunk, ChunkChoice, ToolCallDelta } from '../../chunk.ts'
import { QUOTE } from '../../json-characters.ts'
import { type Literal, matches } from './literal.ts'
import type { PendingText } from './pending-text.ts'
import { CLASS, MISS, PLAIN, readString } from './string-hole.ts'
import type { Path } from './walk-json.ts'

/** What a hole's value does to the sum. */
export type Effect =
  /** Appends: text in pieces. */
  | 'grow'
  /** Stands until the next one: a counter, a token's id, padding under an unknown name. */
  | 'set'
  /** Nothing: padding that normalizing drops. */
  | 'skip'

/** A place between fixed bytes, and what was read there. */
export interface Hole {
  readonly path: Path
  readonly effect: Effect
  /** Where a text is read to; `undefined` for a number. With `grow` all templates share it that fill the same place. */
  readonly text: PendingText | undefined
  /** The number that was read last. */
  number: number
  /** With `set`: what the sum does not have yet. */
  latest: unknown
  /** With `grow`: which field of which choice the text belongs to. */
  readonly field: Field | undefined
  /** With `grow`: where exactly, so that equal places have equal names. */
  readonly place: string
  /** The tool call whose arguments the text belongs to. */
  readonly call: { readonly choice: number; readonly index: number } | undefined
}

/** A field of the answer. Texts that go to different places in it must keep their order. */
export interface Field {
  readonly name: string
  /** Where pending text of this field goes, if there is any. */
  latest: PendingText | undefined
}

/** What consecutive events of a stream have in common: fixed bytes, and holes between them. */
export interface Template {
  readonly literals: readonly Literal[]
  readonly holes: readonly Hole[]
  /** The bytes of the literals: no event is shorter. */
  readonly least: number
  /** The normalized chunk with its growing holes empty. */
  readonly base: ChatCompletionChunk
  /** When it last matched, among the templates that have matched and are not in the sum yet; 0 for the others. */
  turn: number
  /** The common case: one hole that says something, a field of the delta itself or the text of its only call. */
  readonly direct: Direct | undefined
  /** What every event adds to the length of the answer beside its holes. */
  readonly weight: number
  /** The hole that holds tool-call arguments, if one does. */
  readonly call: PendingText | undefined
}

export interface Direct {
  readonly field: string
  readonly hole: Hole
  /** For a field of the delta's only tool call: the part of the call. */
  readonly inCall: 'custom' | 'function' | undefined
}

/** Verifies one event against a template, reads its holes, and gives the position behind it; `MISS` if a byte differs. */
export function match(
  { literals, holes, least }: Template,
  bytes: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): number {
  if (from + least > end) return MISS
  let at = from
  for (let i = 0; ; i++) {
    const literal = literals[i] as Literal
    const { length } = literal
    if (at + length > end || !matches(literal, bytes, view, at)) return MISS
    at += length
    if (i === holes.length) return at
    const hole = holes[i] as Hole
    const { text } = hole
    if (text === undefined) at = readNumber(hole, bytes, at, end)
    else {
      // Most strings are short and plain. Here and not in a function of its own: 230 instead of 339 ns per event.
      const own = text.bytes
      let to = text.length
      const near = Math.min(end, at + own.length - to)
      while (at < near && CLASS[bytes[at] as number] === PLAIN) own[to++] = bytes[at++] as number
      if (at < near && bytes[at] === QUOTE) text.end = to
      else at = readString(text, bytes, at, end, to)
    }
    if (at < 0) return MISS
  }
}

/** A whole number in its only spelling, up to 15 digits. */
function readNumber(hole: Hole, bytes: Uint8Array, from: number, end: number): number {
  let at = from
  let number = 0
  for (let digit: number; at < end && (digit = (bytes[at] as number) - 48) >= 0 && digit <= 9; at++)
    number = number * 10 + digit
  const length = at - from
  if (at === end || length === 0 || length > 15 || (length > 1 && bytes[from] === 48)) return MISS
  hole.number = number
  return at
}

/** What was read in a hole last. */
export const valueOf = (hole: Hole): unknown => (hole.text === undefined ? hole.number : hole.text.piece())

/** The template's chunk with these values in its holes: shares with the base whatever no hole lies in. */
export function fill({ base, holes, direct }: Template, valueIn: (hole: Hole) => unknown): ChatCompletionChunk {
  if (direct !== undefined) return withField(base, direct, valueIn(direct.hole))
  let chunk: unknown = base
  for (const hole of holes) if (hole.effect !== 'skip') chunk = withValue(chunk, hole.path, 0, valueIn(hole))
  return chunk as ChatCompletionChunk
}

/**
 * The chunk with one field of its only delta set, or the text of its only call.
 *
 * Spreads written out: 0.6 µs less than walking the path.
 */
function withField(base: ChatCompletionChunk, { field, inCall }: Direct, value: unknown): ChatCompletionChunk {
  const choice = base.choices[0] as ChunkChoice
  const delta: Record<string, unknown> = { ...choice.delta }
  if (inCall === undefined) delta[field] = value
  else {
    const call = choice.delta.tool_calls?.[0] as ToolCallDelta
    delta['tool_calls'] = [{ ...call, [inCall]: { ...call[inCall], [field]: value } }]
  }
  return { ...base, choices: [{ ...choice, delta }] }
}

export function withValue(value: unknown, path: Path, at: number, leaf: unknown): unknown {
  const key = path[at]
  if (key === undefined) return leaf
  const copy = (Array.isArray(value) ? value.slice() : { ...(value as object) }) as Record<number | string, unknown>
  copy[key] = withValue(copy[key], path, at + 1, leaf)
  return copy
}

/** The value at a path. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<number | string, unknown>)[key]
  }
  return at
}

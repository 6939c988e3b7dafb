import type { ChatCompletionChunk } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE } from '../../normalize/answer-length.ts'
import { listReader } from './list-hole.ts'
import type { Literal } from './literal.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { keepBytes } from './template-bytes.ts'
import { type Hole, type Template, valueAt, withValue } from './template.ts'
import type { Leaf } from './walk-json.ts'

/** An event that has just taken the slow way, and the one chunk that it became. */
export interface Lesson {
  /** Its bytes, and the same as a text of a character for each. */
  readonly bytes: Uint8Array
  readonly text: string
  readonly leaves: readonly Leaf[]
  readonly chunk: ChatCompletionChunk
  /** What stands there in an event before, which differs in nothing else; `undefined` for the first of its kind. */
  readonly before: readonly string[] | undefined
  readonly known: readonly Template[]
  /** What a chunk adds to the length of the answer. */
  readonly weigh: (chunk: ChatCompletionChunk) => number
  readonly decode: DecodeRange
  readonly maxJsonDepth: number
}

/** The most holes that a template may have; more would not be worth matching. */
const MAX_HOLES = 8

/**
 * Learns a template from an event, or `undefined` if the event is not of the kind that repeats.
 *
 * Nothing about fields is written down here. Two chunks that differ in the holes are merged: what a hole does to the sum is
 * seen there, and that the rest of the chunk adds nothing when it comes again.
 */
export function learn(lesson: Lesson): Template | undefined {
  const { bytes, text, leaves, chunk, before, known, weigh, decode } = lesson
  if (mayOpen(leaves)) return undefined
  // The first of its kind teaches if it is plain what varies in it.
  if (before === undefined && leaves.some((leaf) => mayVary(leaf, true) !== mayVary(leaf, false))) return undefined
  const varying = leaves.filter((leaf, i) => mayVary(leaf, before !== undefined && leaf.raw !== before[i]))
  const literals = literalsBetween(text, varying)
  const fixed = literals.map(({ from, length }) => text.slice(from, from + length)).join('\n')
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (varying.length > MAX_HOLES || /[^\0-\u007F]/.test(fixed) || known.some((other) => other.fixed === fixed))
    return undefined
  const kept: Leaf[] = []
  for (const leaf of varying) {
    const value = valueAt(chunk, leaf.path)
    const raw = decode(bytes, leaf.from, leaf.from + leaf.raw.length, false)
    const sent: unknown = JSON.parse(leaf.kind === 'text' ? `"${raw}"` : raw)
    if (value !== undefined && JSON.stringify(value) === JSON.stringify(sent)) kept.push(leaf)
    // What normalizing has changed is not in the bytes of the next event either.
    else if (value !== undefined || !isPadding(leaf, leaves)) return undefined
  }
  const base = withPathsOfItsOwn(chunk, kept)
  setValues(base, kept, 1)
  let sum = mergeChunk(undefined, base)
  const told = JSON.stringify(sum)
  setValues(base, kept, 2)
  sum = mergeChunk(sum, base)
  const holes: Hole[] = []
  for (const leaf of varying) {
    const hole = holeOf(leaf, valueAt(sum, leaf.path), lesson)
    // Two values in one field would have to keep their order.
    if (hole === undefined || holes.some(({ field }) => field !== undefined && field === hole.field)) return undefined
    holes.push(hole)
  }
  setValues(sum, kept, 1)
  if (JSON.stringify(sum) !== told) return undefined
  // The values of the base are empty, so that what it weighs can be told once.
  setValues(base, kept, 0)
  const call = holes.find((hole) => hole.call !== undefined)?.text
  const own = keepBytes(bytes)
  for (const literal of literals) literal.from += own.from
  return { literals, holes, bytes: own.bytes, view: own.view, fixed, base, turn: 0, weight: weigh(base), call }
}

/** One choice, without anything whose normalizing looks back: whole messages, audio, legacy calls, new calls. */
export function repeats({ choices }: ChatCompletionChunk): boolean {
  const [choice, ...others] = choices
  if (choice === undefined || others.length > 0) return false
  const { delta, whole_message } = choice
  if (whole_message || delta.audio || delta.function_call) return false
  const [call, ...more] = delta.tool_calls ?? []
  if (call === undefined) return true
  const { id, type, function: fn, custom } = call
  return more.length === 0 && (id ?? type ?? fn?.name ?? custom?.name) === undefined
}

/**
 * Whether the same event opens a call once the arguments before it are whole: one with a name, or with an id and no index.
 * Nothing in its bytes would tell.
 */
function mayOpen(leaves: readonly Leaf[]): boolean {
  const said = leaves
    .filter(({ path, raw }) => path[3] === 'tool_calls' && raw !== '' && raw !== 'null')
    .map(({ path }) => path.slice(5).join('.'))
  return said.some((place) => /^\w+\.name$/.test(place)) || (said.includes('id') && !said.includes('index'))
}

/** Whether a value that normalizing has dropped is one that it always drops. */
function isPadding({ path, kind }: Leaf, leaves: readonly Leaf[]): boolean {
  const [name, , part] = path
  if (path.length === 1) return name === 'obfuscation'
  // What repeats the delta (cases 075 and 120). Where there is none, it is the content.
  const isEcho = part === 'message' || (part === 'text' && kind === 'text' && path.length === 3)
  return isEcho && leaves.some((leaf) => leaf.path[2] === 'delta')
}

/** Where values may be others in the next event because they are others than in the event before. */
const CHANGING = /^usage\.|^choices\.\d+\.(?:text$|message\.|delta\.(?!role$|tool_calls\.))/

/** Where texts are others in every event: padding against eavesdroppers, of the chunk (OpenAI) or of the choice (Bedrock); arguments. */
const GROWING = /^choices\.\d+\.(?:obfuscation|delta\.tool_calls\.\d+\.\w+\.(?:arguments|input))$/

function mayVary({ path, kind }: Leaf, isOther: boolean): boolean {
  if (kind === 'list') return true
  const isText = kind === 'text'
  const name = path.at(-1)
  if (path.length === 1) return isOther ? !ENVELOPE.has(name as string) : isText && name === 'obfuscation'
  const place = path.join('.')
  if (isText && GROWING.test(place)) return true
  return CHANGING.test(place) && (isOther || (isText && isProse(String(name))))
}

/** What is fixed around these values. */
function literalsBetween({ length }: string, leaves: readonly Leaf[]): Literal[] {
  const ends = [...leaves.map(({ from }) => from), length]
  const begins = [0, ...leaves.map(({ from, raw }) => from + raw.length)]
  return begins.map((from, i) => ({ from, length: (ends[i] as number) - from, probe: 0 }))
}

/** Two values of each kind, 1 and 2, what they are when one has grown by the other, and one that says nothing. */
const SAMPLES: Record<Leaf['kind'], (n: number) => unknown> = {
  text: (n) => ['', 'a', 'b', 'ab'][n],
  number: (n) => [0, 1, 2][n],
  list: (n) => [[], [1], [2], [1, 2]][n],
}
const GROWN = 3

/** A copy of a chunk in which the values at these leaves may be set. */
const withPathsOfItsOwn = (chunk: ChatCompletionChunk, leaves: readonly Leaf[]) =>
  leaves.reduce((all, { path }) => withValue(all, path, 0, ''), chunk as unknown) as ChatCompletionChunk

function setValues(chunk: ChatCompletionChunk, leaves: readonly Leaf[], n: number): void {
  for (const { path, kind } of leaves) {
    const parent = valueAt(chunk, path.slice(0, -1))
    // Where merging has made something else of it, there is nothing to set.
    if (typeof parent === 'object' && parent !== null)
      (parent as { [key: number | string]: unknown })[path.at(-1) as number | string] = SAMPLES[kind](n)
  }
}

/** The hole at a leaf, by what two values of it have become in a sum. */
function holeOf({ path, kind }: Leaf, sum: unknown, { chunk, decode, maxJsonDepth }: Lesson): Hole | undefined {
  const hole: Hole = {
    path,
    text: kind === 'text' ? new PendingText(decode) : undefined,
    // The list is nested in as many containers as its path has steps.
    readList: kind === 'list' ? listReader(decode, maxJsonDepth - path.length) : undefined,
    value: 0,
    field: undefined,
    latest: undefined,
    call: undefined,
  }
  if (sum === undefined) return { ...hole, path: undefined }
  const told = JSON.stringify(sum)
  if (told === JSON.stringify(SAMPLES[kind](2))) return hole
  const [choice] = chunk.choices
  if (told !== JSON.stringify(SAMPLES[kind](GROWN)) || choice === undefined) return undefined
  const index = path[3] === 'tool_calls' ? choice.delta.tool_calls?.[0]?.index : undefined
  const call = index === undefined ? undefined : { choice: choice.index, index }
  const field = [choice.index, ...path.slice(2, 4), index].join(' ')
  return { ...hole, field, call }
}

import type { ChatCompletionChunk } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE, lengthOf } from '../../normalize/answer-length.ts'
import { type Literal, literalOf } from './literal.ts'
import type { PendingText } from './pending-text.ts'
import { type Effect, type Hole, type Template, valueAt, withValue } from './template.ts'
import type { Leaf, Path } from './walk-json.ts'

/** An event that has just taken the slow way, and the one chunk that it became. */
export interface Lesson {
  readonly bytes: Uint8Array
  /** The event, from `data:` to behind its blank line. */
  readonly from: number
  readonly to: number
  readonly chunk: ChatCompletionChunk
  /** The values of the event before, by path, to see what varies. */
  readonly before: ReadonlyMap<string, string>
  readonly pendingOf: (place: string) => PendingText
  /** A number for a field or a place, the same for the same. */
  readonly numberOf: (name: string) => number
  readonly textOf: (leaf: Leaf) => unknown
}

/** The most holes that a template may have; more would not be worth matching. */
const MAX_HOLES = 8

/**
 * Learns a template from an event, or `undefined` if the event is not of the kind that repeats.
 *
 * Nothing about fields is written down here. What a hole does to the sum is found by merging two chunks that differ in
 * it; that the rest of the chunk adds nothing when it comes again is found by merging it twice.
 */
export function learn(lesson: Lesson, leaves: readonly Leaf[]): Template | undefined {
  const { bytes, from, to, chunk, before, pendingOf, numberOf, textOf } = lesson
  if (!repeats(chunk)) return undefined
  const holes: Hole[] = []
  const literals: Literal[] = []
  let base: unknown = chunk
  let at = from
  for (const leaf of leaves) {
    if (!mayVary(leaf, before, textOf)) continue
    const effect = effectOf(chunk, leaf, textOf)
    if (effect === undefined || holes.length === MAX_HOLES) return undefined
    if (effect !== 'skip' && leaf.kind === 'text') base = withValue(base, leaf.path, 0, '')
    const literal = literalOf(copyOf(bytes, at, leaf.from))
    if (literal === undefined) return undefined
    literals.push(literal)
    const { path, kind } = leaf
    holes.push({ path, kind, effect, pending: undefined, field: fieldOf(chunk, path) })
    at = leaf.to
  }
  const last = literalOf(copyOf(bytes, at, to))
  if (last === undefined) return undefined
  literals.push(last)
  const template = base as ChatCompletionChunk
  if (!addsNothingAgain(template)) return undefined
  const places = new Map<string, string>()
  const filled = holes.map((hole) => {
    if (hole.effect !== 'grow') return hole
    const place = placeOf(template, hole)
    places.set(hole.field, (places.get(hole.field) ?? '') + place)
    return { ...hole, pending: pendingOf(place) }
  })
  return {
    literals,
    holes: filled,
    places: Array.from(places, ([field, place]) => ({ field: numberOf(field), place: numberOf(place) })),
    turn: 0,
    least: literals.reduce((sum, literal) => sum + literal.length, 0),
    base: template,
    direct: directOf(holes),
    weight: weightOf(template),
    call: callOf(template, holes),
  }
}

/** One choice, without anything whose normalizing looks back: whole messages, audio, legacy calls, new calls. */
function repeats({ choices }: ChatCompletionChunk): boolean {
  const [choice, ...others] = choices
  if (choice === undefined || others.length > 0) return false
  const { delta, whole_message, logprobs } = choice
  if (whole_message !== undefined || delta.audio || delta.function_call) return false
  if (logprobs?.content || logprobs?.refusal) return false
  const [call, ...more] = delta.tool_calls ?? []
  if (call === undefined) return true
  const { id, type, function: fn, custom } = call
  return more.length === 0 && (id ?? type ?? fn?.name ?? custom?.name) === undefined
}

/** Whether a value may differ in the next event: by its name, or because it differs from the event before. */
function mayVary(
  { path, kind, from, to }: Leaf,
  before: ReadonlyMap<string, string>,
  textOf: Lesson['textOf'],
): boolean {
  const [first, , third, fourth] = path
  const name = String(path.at(-1))
  const inDelta = first === 'choices' && third === 'delta'
  const isArguments =
    inDelta && fourth === 'tool_calls' && path.length === 7 && (name === 'arguments' || name === 'input')
  const isPadding = path.length === 1 && name === 'obfuscation'
  if (isArguments || isPadding) return kind === 'text'
  const isOpen = inDelta
    ? fourth !== 'tool_calls' && fourth !== 'role'
    : path.length === 1
      ? !ENVELOPE.has(name)
      : isDropped(path)
  if (!isOpen && first !== 'usage') return false
  if (kind === 'text' && inDelta && isProse(name)) return true
  const told = before.get(path.join('.'))
  return told !== undefined && told !== String(textOf({ path, kind, from, to }))
}

/** A text that repeats the delta (case 120). */
const isDropped = (path: Path): boolean => path.length === 3 && path[0] === 'choices' && path[2] === 'text'

function effectOf(chunk: ChatCompletionChunk, leaf: Leaf, textOf: Lesson['textOf']): Effect | undefined {
  const { path, kind } = leaf
  const told = valueAt(chunk, path)
  if (told === undefined) return kind === 'text' && (path[0] === 'obfuscation' || isDropped(path)) ? 'skip' : undefined
  if (told !== textOf(leaf)) return undefined
  const [first, second, both] = kind === 'text' ? ['a', 'b', 'ab'] : [1, 2, 3]
  const sum = valueAt(
    mergeChunk(mergeChunk(undefined, withLeaf(chunk, path, first)), withLeaf(chunk, path, second)),
    path,
  )
  return sum === both && kind === 'text' ? 'grow' : sum === second ? 'set' : undefined
}

const withLeaf = (chunk: ChatCompletionChunk, path: Path, leaf: unknown): ChatCompletionChunk =>
  withValue(chunk, path, 0, leaf) as ChatCompletionChunk

function addsNothingAgain(chunk: ChatCompletionChunk): boolean {
  const once = mergeChunk(undefined, chunk)
  const told = JSON.stringify(once)
  return JSON.stringify(mergeChunk(once, chunk)) === told
}

/** Which field of which choice, and of which call. */
function fieldOf({ choices: [choice] }: ChatCompletionChunk, path: Path): string {
  return `${choice?.index} ${path[3]} ${path[3] === 'tool_calls' ? choice?.delta.tool_calls?.[0]?.index : ''}`
}

/** Where in the answer a hole's text goes: its field, its path, and what surrounds it there (an entry's index and type). */
function placeOf({ choices: [choice] }: ChatCompletionChunk, { path, field }: Hole): string {
  return `${field} ${path.join('.')} ${JSON.stringify(valueAt(choice?.delta, path.slice(3, 4)))}`
}

function directOf(holes: readonly Hole[]): Template['direct'] {
  const [first, ...others] = holes.filter(({ effect }) => effect !== 'skip')
  if (first === undefined || others.length > 0) return undefined
  const { path } = first
  const inCall = path[3] === 'tool_calls' ? (path[5] === 'custom' ? 'custom' : 'function') : undefined
  if (path.length !== (inCall === undefined ? 4 : 7)) return undefined
  return { field: String(path.at(-1)), hole: holes.indexOf(first), inCall }
}

/** A template outlives the bytes it was learnt from. The `slice` of Node's `Buffer` is no copy but a view. */
const copyOf = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
  Uint8Array.prototype.slice.call(bytes, from, to)

function weightOf(chunk: ChatCompletionChunk): number {
  let sum = 0
  // A list at the top replaces its like, and the sum does not grow by it.
  for (const [key, value] of Object.entries(chunk))
    if (!ENVELOPE.has(key) && !Array.isArray(value)) sum += lengthOf(value)
  for (const choice of chunk.choices) sum += lengthOf(choice)
  return sum
}

function callOf({ choices }: ChatCompletionChunk, holes: readonly Hole[]): Template['call'] {
  const hole = holes.findIndex(({ path }) => path[3] === 'tool_calls')
  const index = choices[0]?.delta.tool_calls?.[0]?.index
  return hole === -1 || index === undefined ? undefined : { choice: choices[0]?.index ?? 0, index, hole }
}

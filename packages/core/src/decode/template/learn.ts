import type { ChatCompletionChunk } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE, lengthOf } from '../../normalize/answer-length.ts'
import { type Literal, literalOf } from './literal.ts'
import type { Walked } from './lessons.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { type Effect, type Hole, type Template, valueAt, withValue } from './template.ts'
import type { Leaf, Path } from './walk-json.ts'

/** An event that has just taken the slow way, and the one chunk that it became. */
export interface Lesson extends Walked {
  readonly chunk: ChatCompletionChunk
  /** The event before that has the same leaves. */
  readonly before: Walked
  /** The templates there are: holes that fill the same place share their text. */
  readonly known: readonly Template[]
  readonly decode: DecodeRange
}

/** The most holes that a template may have; more would not be worth matching. */
const MAX_HOLES = 8

/**
 * Learns a template from an event, or `undefined` if the event is not of the kind that repeats.
 *
 * Nothing about fields is written down here. What a hole does to the sum is found by merging two chunks that differ in
 * it; that the rest of the chunk adds nothing when it comes again is found by merging it twice.
 */
export function learn(lesson: Lesson): Template | undefined {
  const { bytes, chunk, leaves, before, known } = lesson
  const literals: Literal[] = []
  const varying: { leaf: Leaf; effect: Effect }[] = []
  let base: unknown = chunk
  let at = 0
  for (const [i, leaf] of leaves.entries()) {
    if (!mayVary(leaf, differs(lesson, leaf, before.bytes, before.leaves[i]))) continue
    const effect = effectOf(lesson, leaf)
    const literal = literalOf(bytes.subarray(at, leaf.from))
    if (effect === undefined || literal === undefined) return undefined
    // The texts of the base are empty, so that what it weighs can be told once.
    if (effect !== 'skip' && leaf.isText) base = withValue(base, leaf.path, 0, '')
    literals.push(literal)
    varying.push({ leaf, effect })
    at = leaf.to
  }
  const last = literalOf(bytes.subarray(at))
  if (last === undefined || varying.length > MAX_HOLES) return undefined
  literals.push(last)
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (known.some((other) => other.literals.length === literals.length && other.literals.every(isAmong(literals))))
    return undefined
  const empty = base as ChatCompletionChunk
  const holes: Hole[] = []
  for (const { leaf, effect } of varying) {
    const hole = holeOf(lesson, empty, leaf, effect)
    // Two texts in one field would have to keep their order.
    if (hole.field !== undefined && holes.some(({ field }) => field?.name === hole.field?.name)) return undefined
    holes.push(hole)
  }
  if (!addsNothingAgain(empty)) return undefined
  return {
    literals,
    holes,
    turn: 0,
    least: literals.reduce((sum, { length }) => sum + length, 0),
    base: empty,
    direct: directOf(holes),
    weight: weightOf(empty),
    call: holes.find(({ call }) => call !== undefined)?.text,
  }
}

/** One choice, without anything whose normalizing looks back: whole messages, audio, legacy calls, new calls. */
export function repeats({ choices }: ChatCompletionChunk): boolean {
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

/** Whether a value may be another in the next event: by its name, or because it is another than in the event before. */
function mayVary({ path, isText }: Leaf, isOther: boolean): boolean {
  const [first, , third, fourth] = path
  const name = String(path.at(-1))
  if (first === 'usage') return isOther && !isText
  if (path.length === 1) return name === 'obfuscation' ? isText : isOther && !ENVELOPE.has(name)
  if (isDropped(path)) return isOther
  if (first !== 'choices' || third !== 'delta' || fourth === 'role') return false
  if (fourth === 'tool_calls') return isText && path.length === 7 && (name === 'arguments' || name === 'input')
  return isOther || (isText && isProse(name))
}

/** A text that repeats the delta (case 120). */
const isDropped = (path: Path): boolean => path.length === 3 && path[0] === 'choices' && path[2] === 'text'

function effectOf({ bytes, chunk, decode }: Lesson, { path, isText, from, to }: Leaf): Effect | undefined {
  const value = valueAt(chunk, path)
  if (value === undefined) return isText && (path[0] === 'obfuscation' || isDropped(path)) ? 'skip' : undefined
  const text = decode(bytes, from, to, false)
  // What normalizing has changed is not in the bytes of the next event either.
  if (value !== (isText ? (JSON.parse(`"${text}"`) as unknown) : Number(text))) return undefined
  const [first, second, both] = isText ? ['a', 'b', 'ab'] : [1, 2]
  const once = mergeChunk(undefined, withValue(chunk, path, 0, first) as ChatCompletionChunk)
  const sum = valueAt(mergeChunk(once, withValue(chunk, path, 0, second) as ChatCompletionChunk), path)
  return sum === second ? 'set' : isText && sum === both ? 'grow' : undefined
}

function addsNothingAgain(chunk: ChatCompletionChunk): boolean {
  const once = mergeChunk(undefined, chunk)
  const told = JSON.stringify(once)
  return JSON.stringify(mergeChunk(once, chunk)) === told
}

/** A hole of this effect, which shares with those there are the text of its place and its field. */
function holeOf(
  { known, decode }: Lesson,
  { choices: [choice] }: ChatCompletionChunk,
  { path, isText }: Leaf,
  effect: Effect,
): Hole {
  const hole = { path, effect, number: 0, latest: undefined, field: undefined, place: '', call: undefined }
  if (effect !== 'grow') return { ...hole, text: isText ? new PendingText(decode) : undefined }
  // Which field of which choice, and of which call; then the path in it, and what surrounds the text there.
  const index = choice?.delta.tool_calls?.[0]?.index
  const inCall = path[3] === 'tool_calls' && index !== undefined
  const name = `${choice?.index} ${path[3]} ${inCall ? index : ''}`
  const others = known.flatMap(({ holes }) => holes)
  const place = `${name} ${path.join('.')} ${JSON.stringify(valueAt(choice?.delta, path.slice(3, 4)))}`
  return {
    ...hole,
    place,
    text: others.find((other) => other.place === place)?.text ?? new PendingText(decode),
    field: others.find(({ field }) => field?.name === name)?.field ?? { name, latest: undefined },
    call: inCall ? { choice: choice?.index ?? 0, index } : undefined,
  }
}

function directOf(holes: readonly Hole[]): Template['direct'] {
  const [hole, ...others] = holes.filter(({ effect }) => effect !== 'skip')
  if (hole === undefined || others.length > 0) return undefined
  const { path } = hole
  const inCall = path[3] === 'tool_calls' ? (path[5] === 'custom' ? 'custom' : 'function') : undefined
  if (path.length !== (inCall === undefined ? 4 : 7)) return undefined
  return { field: String(path.at(-1)), hole, inCall }
}

const isAmong =
  (literals: readonly Literal[]) =>
  ({ bytes }: Literal, i: number): boolean => {
    const other = literals[i]?.bytes
    return other?.length === bytes.length && bytes.every((byte, at) => byte === other[at])
  }

function differs({ bytes }: Lesson, { from, to }: Leaf, others: Uint8Array, other: Leaf | undefined): boolean {
  if (other === undefined || to - from !== other.to - other.from) return true
  for (let i = from, j = other.from; i < to; i++, j++) if (bytes[i] !== others[j]) return true
  return false
}

function weightOf(chunk: ChatCompletionChunk): number {
  let sum = 0
  // A list at the top replaces its like, and the sum does not grow by it.
  for (const [key, value] of Object.entries(chunk))
    if (!ENVELOPE.has(key) && !Array.isArray(value)) sum += lengthOf(value)
  for (const choice of chunk.choices) sum += lengthOf(choice)
  return sum
}

import type { ChatCompletionChunk } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE, lengthOf } from '../../normalize/answer-length.ts'
import { type Literal, literalOf, matches } from './literal.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { type Effect, type Hole, type Template, valueAt, withValue } from './template.ts'
import type { Leaf, Path, Walked } from './walk-json.ts'

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
 * Nothing about fields is written down here. Two chunks that differ in the holes are merged: what a hole does to the sum is
 * seen there, and that the rest of the chunk adds nothing when it comes again.
 */
export function learn(lesson: Lesson): Template | undefined {
  const { bytes, chunk, leaves, before, known } = lesson
  const varying = leaves.filter((leaf, i) => mayVary(leaf, differs(bytes, leaf, before.bytes, before.leaves[i])))
  if (varying.length > MAX_HOLES) return undefined
  const literals = literalsBetween(bytes, varying)
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (literals === undefined || known.some((other) => areSame(other.literals, literals))) return undefined
  const effects = effectsOf(lesson, varying)
  if (effects === undefined) return undefined
  // The texts of the base are empty, so that what it weighs can be told once.
  const texts = varying.filter((leaf, i) => leaf.isText && effects[i] !== 'skip')
  const base = withValues(chunk, texts, '', 0)
  const holes: Hole[] = []
  for (const [i, leaf] of varying.entries()) {
    const hole = holeOf(lesson, base, leaf, effects[i] as Effect)
    // Two texts in one field would have to keep their order.
    if (hole.field !== undefined && holes.some(({ field }) => field?.name === hole.field?.name)) return undefined
    holes.push(hole)
  }
  return {
    literals,
    holes,
    turn: 0,
    least: literals.reduce((sum, { length }) => sum + length, 0),
    base,
    direct: directOf(holes),
    weight: weightOf(base),
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
  if (isPadding(path)) return isText
  if (path.length === 1) return isOther && !ENVELOPE.has(name)
  if (isDropped(path)) return isOther
  if (first !== 'choices' || third !== 'delta' || fourth === 'role') return false
  if (fourth === 'tool_calls') return isText && path.length === 7 && (name === 'arguments' || name === 'input')
  return isOther || (isText && isProse(name))
}

/** Padding against eavesdroppers, of the chunk (OpenAI) or of the choice (Bedrock): another length in every event. */
const isPadding = (path: Path): boolean => (path.length === 1 || path.length === 3) && path.at(-1) === 'obfuscation'

/** A text that repeats the delta (case 120). */
const isDropped = (path: Path): boolean => path.length === 3 && path[0] === 'choices' && path[2] === 'text'

/** The fixed bytes around these values, if they are ASCII. */
function literalsBetween(bytes: Uint8Array, leaves: readonly Leaf[]): Literal[] | undefined {
  const literals: Literal[] = []
  let at = 0
  for (const to of [...leaves.map(({ from }) => from), bytes.length]) {
    const literal = literalOf(bytes.subarray(at, to))
    if (literal === undefined) return undefined
    at = leaves[literals.length]?.to ?? at
    literals.push(literal)
  }
  return literals
}

/** What each of these values does to the sum; `undefined` if the chunk without them is not one that may come again. */
function effectsOf(lesson: Lesson, leaves: readonly Leaf[]): Effect[] | undefined {
  const kept: Leaf[] = []
  for (const leaf of leaves) {
    const value = valueAt(lesson.chunk, leaf.path)
    if (value !== undefined && value === valueIn(lesson, leaf)) kept.push(leaf)
    // What normalizing has changed is not in the bytes of the next event either.
    else if (value !== undefined || !leaf.isText || !(isPadding(leaf.path) || isDropped(leaf.path))) return undefined
  }
  const once = mergeChunk(undefined, withValues(lesson.chunk, kept, 'a', 1))
  const told = JSON.stringify(once)
  const twice = mergeChunk(once, withValues(lesson.chunk, kept, 'b', 2))
  if (JSON.stringify(withValues(twice, kept, 'a', 1)) !== told) return undefined
  const effects = leaves.map((leaf) => {
    if (!kept.includes(leaf)) return 'skip'
    const sum = valueAt(twice, leaf.path)
    return sum === 'ab' ? 'grow' : sum === (leaf.isText ? 'b' : 2) ? 'set' : undefined
  })
  return effects.includes(undefined) ? undefined : (effects as Effect[])
}

function valueIn({ bytes, decode }: Lesson, { isText, from, to }: Leaf): unknown {
  const text = decode(bytes, from, to, false)
  return isText ? JSON.parse(`"${text}"`) : Number(text)
}

const withValues = (chunk: ChatCompletionChunk, leaves: readonly Leaf[], text: string, number: number) =>
  leaves.reduce(
    (all, { path, isText }) => withValue(all, path, 0, isText ? text : number),
    chunk as unknown,
  ) as ChatCompletionChunk

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

const areSame = (one: readonly Literal[], other: readonly Literal[]): boolean =>
  one.length === other.length &&
  one.every((literal, i) => {
    const { bytes, length, view } = other[i] as Literal
    return length === literal.length && matches(literal, bytes, view, 0)
  })

function differs(bytes: Uint8Array, { from, to }: Leaf, others: Uint8Array, other: Leaf | undefined): boolean {
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

import type { ChatCompletionChunk, ChunkChoice } from '../../chunk.ts'
import { copy, isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE } from '../../normalize/answer-length.ts'
import { listReader } from './list-hole.ts'
import type { Literal } from './literal.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { type Hole, type Template, valueAt } from './template.ts'
import type { Leaf, Path } from './walk-json.ts'

/** An event that has just taken the slow way, and the one chunk that it became. */
export interface Lesson {
  /** Its bytes, and the same as a text of a character for each. */
  readonly bytes: Uint8Array
  readonly text: string
  readonly leaves: readonly Leaf[]
  readonly chunk: ChatCompletionChunk
  /** What stood in an event before that taught nothing. */
  readonly before: readonly Leaf[] | undefined
  readonly known: readonly Template[]
  /** What a chunk adds to the length of the answer. */
  readonly weigh: (chunk: ChatCompletionChunk) => number
  readonly decode: DecodeRange
  readonly maxJsonDepth: number
}

/**
 * Learns a template from an event, or `undefined` if the event is not of the kind that repeats.
 *
 * Nothing about fields is written down here. Two chunks that differ in the holes are merged: what a hole does to the sum is
 * seen there, and that the rest of the chunk adds nothing when it comes again.
 */
export function learn(lesson: Lesson): Template | undefined {
  const { bytes, text, leaves, chunk, before, known, weigh, decode } = lesson
  if (mayOpen(leaves)) return undefined
  const hasKind = before?.length === leaves.length
  // The first of its kind teaches if it is plain what varies in it.
  if (!hasKind && leaves.some((leaf) => mayVary(leaf, true) !== mayVary(leaf, false))) return undefined
  const varying = leaves.filter((leaf, i) => mayVary(leaf, hasKind && leaf.raw !== before[i]?.raw))
  const literals = literalsBetween(text, varying)
  const fixed = literals.map(({ from, length }) => text.slice(from, from + length)).join('\n')
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (/[^\0-\u007F]/.test(fixed) || known.some((other) => other.fixed === fixed)) return undefined
  const kept: Leaf[] = []
  for (const leaf of varying) {
    const { path, kind, raw, from } = leaf
    const value = valueAt(chunk, path)
    const sent = decode(bytes, from, from + raw.length, false)
    if (value === undefined) {
      // What normalizing has dropped it may not drop always. Beside no delta, what would repeat it is the content.
      if (path.at(-1) !== PADDING && !(isEcho(path) && leaves.some((other) => other.path[2] === 'delta')))
        return undefined
    } else if (JSON.stringify(value) === JSON.stringify(JSON.parse(kind === 'text' ? `"${sent}"` : sent)))
      kept.push(leaf)
    // What it has changed is not in the bytes of the next event either.
    else return undefined
  }
  const base = copy(chunk)
  setValues(base, kept, ONE)
  let sum = mergeChunk(undefined, base)
  const told = JSON.stringify(sum)
  setValues(base, kept, OTHER)
  sum = mergeChunk(sum, base)
  const holes: Hole[] = []
  for (const leaf of varying) {
    const hole = holeOf(leaf, valueAt(sum, leaf.path), lesson)
    // Two values in one field would have to keep their order.
    if (hole === undefined || holes.some(({ field }) => field !== undefined && field === hole.field)) return undefined
    holes.push(hole)
  }
  setValues(sum, kept, ONE)
  if (JSON.stringify(sum) !== told) return undefined
  // The values of the base are empty, so that what it weighs can be told once.
  setValues(base, kept, NONE)
  const call = holes.find((hole) => hole.call !== undefined)?.text
  // A template outlives the read that it was learnt from.
  const own = bytes.slice()
  const view = new DataView(own.buffer)
  return { literals, holes, bytes: own, view, fixed, base, turn: 0, weight: weigh(base), call }
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

/** The name of padding against eavesdroppers, which normalizing drops: of the chunk (OpenAI) or of the choice (Bedrock). */
const PADDING = 'obfuscation'

/** Whether a value here repeats the delta (cases 075 and 120). */
const isEcho = ({ length, 2: part }: Path): boolean => part === 'message' || (part === 'text' && length === 3)

/** Whether a value may be another in the next event, given whether it was another in the event before. */
function mayVary({ path, kind }: Leaf, isOther: boolean): boolean {
  const isText = kind === 'text'
  const [name, , part, field] = path
  const key = path.at(-1) as string
  if (kind === 'list' || (isText && key === PADDING)) return true
  if (part === 'delta' && field === 'tool_calls') return isText && (key === 'arguments' || key === 'input')
  if ((part === 'delta' && field !== 'role') || isEcho(path)) return isOther || (isText && isProse(key))
  return isOther && (name === 'usage' || (path.length === 1 && !ENVELOPE.has(key)))
}

/** What is fixed around these values. */
function literalsBetween({ length }: string, leaves: readonly Leaf[]): Literal[] {
  const ends = [...leaves.map(({ from }) => from), length]
  const begins = [0, ...leaves.map(({ from, raw }) => from + raw.length)]
  return begins.map((from, i) => ({ from, length: (ends[i] as number) - from, probe: 0 }))
}

/** Of each kind of value: none, one, another, and one that has grown by the other. */
const SAMPLES = { text: ['', 'a', 'b', 'ab'], number: [0, 1, 2], list: [[], [1], [2], [1, 2]] } as const
const NONE = 0
const ONE = 1
const OTHER = 2
const GROWN = 3

function setValues(
  chunk: ChatCompletionChunk,
  leaves: readonly Leaf[],
  sample: typeof NONE | typeof ONE | typeof OTHER,
): void {
  for (const { path, kind } of leaves) {
    const parent = valueAt(chunk, path.slice(0, -1))
    // Where merging has made something else of it, there is nothing to set.
    if (typeof parent === 'object' && parent !== null)
      (parent as { [key: number | string]: unknown })[path.at(-1) as number | string] = SAMPLES[kind][sample]
  }
}

/** The hole at a leaf, by what two values of it have become in a sum. */
function holeOf({ path, kind }: Leaf, sum: unknown, { chunk, decode, maxJsonDepth }: Lesson): Hole | undefined {
  const hole: Hole = {
    path: sum === undefined ? undefined : path,
    text: kind === 'text' ? new PendingText(decode) : undefined,
    // The list is nested in as many containers as its path has steps.
    readList: kind === 'list' ? listReader(decode, maxJsonDepth - path.length) : undefined,
    value: 0,
    field: undefined,
    latest: undefined,
    call: undefined,
  }
  const is = (sample: number): boolean => JSON.stringify(sum) === JSON.stringify(SAMPLES[kind][sample])
  if (sum === undefined || is(OTHER)) return hole
  if (!is(GROWN)) return undefined
  const { index, delta } = chunk.choices[0] as ChunkChoice
  const call = path[3] === 'tool_calls' ? delta.tool_calls?.[0] : undefined
  return {
    ...hole,
    field: [index, ...path.slice(2, 4), call?.index].join(' '),
    call: call && { choice: index, index: call.index },
  }
}

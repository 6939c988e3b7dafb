import type { ChatCompletionChunk, ChunkChoice } from '../../chunk.ts'
import { isProse } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { ENVELOPE } from '../../normalize/answer-length.ts'
import type { Literal } from './literal.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { type Hole, type Template, valueAt, withValue } from './template.ts'
import type { Leaf } from './walk-json.ts'

/** An event that has just taken the slow way, and the one chunk that it became. */
export interface Lesson {
  /** Its bytes, and the same as a text of a character for each. */
  readonly bytes: Uint8Array
  readonly text: string
  readonly leaves: readonly Leaf[]
  readonly chunk: ChatCompletionChunk
  /** What stands there in the event before, which differs in nothing else. */
  readonly before: readonly string[]
  readonly known: readonly Template[]
  /** What a chunk adds to the length of the answer. */
  readonly weigh: (chunk: ChatCompletionChunk) => number
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
export function learn({ bytes, text, leaves, chunk, before, known, weigh, decode }: Lesson): Template | undefined {
  if (mayOpen(leaves)) return undefined
  const varying = leaves.filter((leaf, i) => mayVary(leaf, leaf.raw !== before[i]))
  const literals = literalsBetween(text, varying)
  const fixed = literals.map(({ from, length }) => text.slice(from, from + length)).join('\n')
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (varying.length > MAX_HOLES || /[^\0-\u007F]/.test(fixed) || known.some((other) => other.fixed === fixed))
    return undefined
  const kept: Leaf[] = []
  for (const leaf of varying) {
    const value = valueAt(chunk, leaf.path)
    const raw = decode(bytes, leaf.from, leaf.from + leaf.raw.length, false)
    if (value !== undefined && value === JSON.parse(leaf.isText ? `"${raw}"` : raw)) kept.push(leaf)
    // What normalizing has changed is not in the bytes of the next event either.
    else if (value !== undefined || !isPadding(leaf, leaves)) return undefined
  }
  const once = mergeChunk(undefined, withValues(chunk, kept, 'a', 1))
  const told = JSON.stringify(once)
  const twice = mergeChunk(once, withValues(chunk, kept, 'b', 2))
  if (JSON.stringify(withValues(twice, kept, 'a', 1)) !== told) return undefined
  const holes: Hole[] = []
  for (const leaf of varying) {
    const hole = holeOf(leaf, twice, chunk.choices[0], decode)
    // Two texts in one field would have to keep their order.
    if (hole === undefined || holes.some(({ field }) => field !== undefined && field === hole.field)) return undefined
    holes.push(hole)
  }
  // The texts of the base are empty, so that what it weighs can be told once.
  const base = withValues(chunk, kept, '', 0)
  const call = holes.find((hole) => hole.call !== undefined)?.text
  // A template outlives the read that it was learnt from.
  const own = new Uint8Array(bytes)
  const view = new DataView(own.buffer)
  return { literals, holes, bytes: own, view, fixed, base, turn: 0, weight: weigh(base), call }
}

/** One choice, without anything whose normalizing looks back: whole messages, audio, legacy calls, new calls. */
export function repeats({ choices }: ChatCompletionChunk): boolean {
  const [choice, ...others] = choices
  if (choice === undefined || others.length > 0) return false
  const { delta, whole_message, logprobs } = choice
  if (whole_message || delta.audio || delta.function_call || logprobs?.content) return false
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
function isPadding({ path, isText }: Leaf, leaves: readonly Leaf[]): boolean {
  const [name, , part] = path
  if (path.length === 1) return name === 'obfuscation'
  // What repeats the delta (cases 075 and 120). Where there is none, it is the content.
  const isEcho = part === 'message' || (part === 'text' && isText && path.length === 3)
  return isEcho && leaves.some((leaf) => leaf.path[2] === 'delta')
}

/** Where values may be others in the next event because they are others than in the event before. */
const CHANGING = /^usage\.|^choices\.\d+\.(?:text$|message\.|delta\.(?!role$|tool_calls\.))/

/** Where texts are others in every event: padding against eavesdroppers, of the chunk (OpenAI) or of the choice (Bedrock); arguments. */
const GROWING = /^(?:choices\.\d+\.)?obfuscation$|^choices\.\d+\.delta\.tool_calls\.\d+\.\w+\.(?:arguments|input)$/

function mayVary({ path, isText }: Leaf, isOther: boolean): boolean {
  const [name = ''] = path.slice(-1)
  const place = path.join('.')
  if (isText && GROWING.test(place)) return true
  if (path.length === 1) return isOther && !ENVELOPE.has(String(name))
  return CHANGING.test(place) && (isOther || (isText && isProse(String(name))))
}

/** What is fixed around these values. */
function literalsBetween({ length }: string, leaves: readonly Leaf[]): Literal[] {
  const ends = [...leaves.map(({ from }) => from), length]
  const begins = [0, ...leaves.map(({ from, raw }) => from + raw.length)]
  return begins.map((from, i) => ({ from, length: (ends[i] as number) - from, probe: 0 }))
}

const withValues = (chunk: ChatCompletionChunk, leaves: readonly Leaf[], text: string, number: number) =>
  leaves.reduce(
    (all, { path, isText }) => withValue(all, path, 0, isText ? text : number),
    chunk as unknown,
  ) as ChatCompletionChunk

/** The hole at a leaf, by what two values of it, `a` and `b` or 1 and 2, have become in a sum. */
function holeOf(
  { path, isText }: Leaf,
  twice: ChatCompletionChunk,
  choice: ChunkChoice | undefined,
  decode: DecodeRange,
): Hole | undefined {
  const text = isText ? new PendingText(decode) : undefined
  const hole = { path, text, number: 0, field: undefined, latest: undefined, call: undefined }
  const sum = valueAt(twice, path)
  if (sum === undefined) return { ...hole, path: undefined }
  if (sum === (isText ? 'b' : 2)) return hole
  if (sum !== 'ab' || choice === undefined) return undefined
  const index = path[3] === 'tool_calls' ? choice.delta.tool_calls?.[0]?.index : undefined
  const call = index === undefined ? undefined : { choice: choice.index, index }
  return { ...hole, field: `${choice.index} ${path[3]} ${index}`, call }
}

import type { ChatCompletionChunk, ChunkChoice } from '../../chunk.ts'
import { copy } from '../../merge/extras.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import { growsByName, isPadding, mayOpen, mayVary } from './candidates.ts'
import { listReader } from './list-hole.ts'
import type { Literal } from './literal.ts'
import { readNumber } from './number-hole.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import { type Hole, isGrowingText, type Template, valueAt } from './template.ts'
import type { Leaf } from './walk-json.ts'

/** How a stream is decoded. */
export interface Decoding {
  readonly decode: DecodeRange
  readonly maxJsonDepth: number
  /** What a chunk adds to the length of the answer. */
  readonly weigh: (chunk: ChatCompletionChunk) => number
}

/** An event that has just taken the slow way, and the one chunk that it became. */
interface Lesson extends Decoding {
  /** Its bytes, and the same as a text of a character for each. */
  readonly bytes: Uint8Array
  readonly text: string
  readonly leaves: readonly Leaf[]
  readonly chunk: ChatCompletionChunk
  readonly known: readonly Template[]
}

/**
 * Learns a template from an event, or `undefined` if the event is not of the kind that repeats.
 *
 * Nothing about fields is written down here. Two chunks that differ in the holes are merged: what a hole does to the sum is
 * seen there, and that the rest of the chunk adds nothing when it comes again. A value that cannot be a hole is fixed.
 */
export function learn(lesson: Lesson): Template | undefined {
  const { bytes, text, leaves, known, weigh } = lesson
  if (mayOpen(leaves)) return undefined
  let varying = leaves.filter(mayVary)
  let trial = tryHoles(varying, lesson)
  if (trial.holes.length < varying.length) {
    // One may stand in the way of others: the type of an item, which names its place, in that of its text.
    varying = varying.filter(growsByName)
    trial = tryHoles(varying, lesson)
  }
  const { holes, base, repeats } = trial
  const literals: Literal[] = []
  let fixed = 0
  let bits = 0
  let seen = 0
  for (const { from, raw } of [...varying, { from: text.length, raw: '' }]) {
    literals.push({ from: seen, length: from - seen, probe: 0 })
    for (; seen < from; seen++) {
      const byte = text.charCodeAt(seen)
      fixed = (Math.imul(fixed, 31) + byte) | 0
      bits |= byte
    }
    fixed = Math.imul(fixed, 31)
    seen += raw.length
  }
  if (!repeats || holes.length < varying.length || bits > 0x7f) return undefined
  // What a hole held may have sent an event the slow way: that teaches nothing.
  if (known.some((other) => other.fixed === fixed)) return undefined
  const call = holes.find((hole) => hole.call !== undefined)?.text
  const others = holes.filter((hole) => hole.path !== undefined && !isGrowingText(hole))
  const growing = holes.filter(isGrowingText).map(({ text: pending }) => pending)
  // A template outlives the read that it was learnt from. Not by `slice`, which in a Buffer copies nothing.
  const own = new Uint8Array(bytes)
  const view = new DataView(own.buffer)
  return { literals, holes, growing, others, bytes: own, view, fixed, base, turn: 0, weight: weigh(base), call }
}

/** The holes at those of these leaves that can be holes, the chunk with nothing in them, and whether all else repeats. */
function tryHoles(
  leaves: readonly Leaf[],
  lesson: Lesson,
): { holes: Hole[]; base: ChatCompletionChunk; repeats: boolean } {
  const kept = leaves.filter((leaf) => isInChunk(leaf, lesson))
  const base = copy(lesson.chunk)
  setValues(base, kept, ONE)
  let sum = mergeChunk(undefined, base)
  const told = JSON.stringify(sum)
  setValues(base, kept, OTHER)
  sum = mergeChunk(sum, base)
  const holes: Hole[] = []
  for (const leaf of leaves) {
    if (!kept.includes(leaf) && !isPadding(leaf, lesson.leaves, lesson.chunk)) continue
    const hole = holeOf(leaf, valueAt(sum, leaf.path), lesson)
    // Two values in one field would have to keep their order.
    const isTaken = hole?.field !== undefined && holes.some(({ field }) => field === hole.field)
    if (hole !== undefined && !isTaken) holes.push(hole)
  }
  setValues(sum, kept, ONE)
  // The values of the base are empty, so that what it weighs can be told once.
  setValues(base, kept, NONE)
  return { holes, base, repeats: JSON.stringify(sum) === told }
}

/** Whether a value is in the chunk as in the bytes: what normalizing has changed is not in the bytes of the next event either. */
function isInChunk({ path, kind, raw, from }: Leaf, { bytes, chunk, decode }: Lesson): boolean {
  const sent = decode(bytes, from, from + raw.length, false)
  return isSame(valueAt(chunk, path), JSON.parse(kind === 'text' ? `"${sent}"` : sent))
}

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

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
    // A list is nested in as many containers as its path has steps.
    read: kind === 'list' ? listReader(decode, maxJsonDepth - path.length) : readNumber,
    value: 0,
    field: undefined,
    latest: undefined,
    call: undefined,
  }
  if (sum === undefined || isSame(sum, SAMPLES[kind][OTHER])) return hole
  if (!isSame(sum, SAMPLES[kind][GROWN])) return undefined
  const { index, delta } = chunk.choices[0] as ChunkChoice
  const call = path[3] === 'tool_calls' ? delta.tool_calls?.[0] : undefined
  return {
    ...hole,
    field: [index, ...path.slice(2, 4), call?.index].join(' '),
    call: call && { choice: index, index: call.index },
  }
}

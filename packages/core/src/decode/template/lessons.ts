import type { ChatCompletionChunk } from '../../chunk.ts'
import { learn } from './learn.ts'
import { type DecodeRange, PendingText } from './pending-text.ts'
import type { Template } from './template.ts'
import { type Leaf, leavesOf } from './walk-json.ts'

/** After so many lessons without a match the stream is not of the kind that repeats. */
const MAX_LESSONS = 200
/** Fields and places of an answer; a real one has a dozen. */
const MAX_PLACES = 512

const LF = 10
const CR = 13

/** What a stream's slow events have taught: which values vary, and where in the answer texts go. */
export class Lessons {
  readonly #decode: DecodeRange
  #taken = 0
  /** The values of the event before, by path. */
  #before: ReadonlyMap<string, string> = new Map()
  readonly #pendings = new Map<string, PendingText>()
  readonly #numbers = new Map<string, number>()

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** A template has matched: lessons are worth taking. */
  paid(): void {
    this.#taken = 0
  }

  /** What later events are read by has changed. */
  startOver(): void {
    this.#before = new Map()
  }

  /** Whether the stream has named more places than an answer has. Nothing must be pending when they are forgotten. */
  get crowded(): boolean {
    return this.#numbers.size > MAX_PLACES
  }

  forget(): void {
    this.#pendings.clear()
    this.#numbers.clear()
  }

  /** A template of an event that has taken the slow way and become one chunk. */
  take(bytes: Uint8Array, from: number, to: number, chunk: ChatCompletionChunk): Template | undefined {
    const json = this.#taken > MAX_LESSONS ? -1 : jsonOf(bytes, from, to)
    if (json === -1) return undefined
    this.#taken++
    const leaves = leavesOf(bytes, json)
    if (leaves === undefined) return undefined
    const textOf = ({ kind, from: begin, to: behind }: Leaf): unknown => {
      const text = this.#decode(bytes, begin, behind, false)
      return kind === 'text' ? (JSON.parse(`"${text}"`) as unknown) : Number(text)
    }
    const pendingOf = (place: string): PendingText =>
      entryOf(this.#pendings, place, () => new PendingText(this.#decode))
    const numberOf = (name: string): number => entryOf(this.#numbers, name, () => this.#numbers.size)
    const template = learn({ bytes, from, to, chunk, before: this.#before, pendingOf, numberOf, textOf }, leaves)
    this.#before = new Map(leaves.map((leaf) => [leaf.path.join('.'), String(textOf(leaf))]))
    return template
  }
}

function entryOf<T>(map: Map<string, T>, key: string, create: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = create()
  map.set(key, made)
  return made
}

/** Where the JSON of an event begins that is one `data:` line and a blank line and nothing else; -1 for any other. */
function jsonOf(bytes: Uint8Array, from: number, to: number): number {
  for (let i = 0; i < 5; i++) if (bytes[from + i] !== 'data:'.charCodeAt(i)) return -1
  const end = bytes.indexOf(LF, from)
  const behind = bytes[end + 1] === CR ? end + 3 : end + 2
  return behind === to ? from + 5 : -1
}

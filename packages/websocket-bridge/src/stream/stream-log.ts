import type { EngineEvent, StreamEnd, StreamState } from '../engine.ts'
import type { WireChunk } from '../protocol/frame.ts'
import { epochOf, type Lineage } from '../protocol/position.ts'
import { addWireChunk } from '../protocol/receive.ts'

/** What a node knows of one stream: the newest chunks one by one, and the sum of all. */
export interface StreamLog {
  readonly id: string
  readonly lineage: Lineage
  readonly epoch: string
  /** The offset up to which chunks are only known as their sum. */
  readonly base: number
  /** The last offset. */
  readonly tail: number
  readonly end: StreamEnd | undefined
  /** Grows with every change. */
  readonly version: number
  /**
   * Takes in what the engine tells.
   *
   * @returns `false` when only the whole state can help: it went on elsewhere, before what was summed here
   */
  apply(event: EngineEvent): boolean
  /** Lets chunks go that are too many to be kept one by one. To be called when readers have been sent what is new. */
  trim(): void
  /** Takes the state of the store in the place of everything. */
  reset(state: StreamState): void
  /** The sum of all chunks: only to be read. `undefined` at offset 0. */
  sum(): WireChunk | undefined
  /** The chunks of (from, to], merged, as JSON. Both are between `base` and `tail`. */
  merged(from: number, to: number): string
  /** The offset after `from` up to which the chunks are no longer than so many characters; at least one. */
  reach(from: number, maxLength: number): number
}

export interface LogOptions {
  /**
   * Characters of chunks that are kept one by one, for those who are a little behind.
   *
   * @defaultValue `65_536`: some hundred chunks. Who is further behind gets the sum
   */
  keptLength?: number | undefined
}

/** Makes a node's copy of a stream from its state in the store. */
export function createStreamLog(state: StreamState, { keptLength = 65_536 }: LogOptions = {}): StreamLog {
  let lineage = state.lineage
  let base = 0
  let chunks: string[] = []
  let length = 0
  let sum: WireChunk | undefined
  /** The offset up to which `sum` holds the chunks. It follows when somebody needs it. */
  let summed = 0
  let end: StreamEnd | undefined
  let version = 0

  const tail = (): number => base + chunks.length

  function reset(to: StreamState): void {
    lineage = to.lineage
    base = summed = to.base
    chunks = [...to.chunks]
    length = lengthOf(chunks)
    sum = to.sum === undefined ? undefined : parse(to.sum)
    end = to.end
    version++
  }

  function add(from: number, added: readonly string[]): boolean {
    if (from > tail()) return false
    // What is known already is the same: nobody may add twice at one offset of an epoch.
    for (const chunk of added.slice(tail() - from)) {
      chunks.push(chunk)
      length += chunk.length
    }
    return true
  }

  function fork(to: Lineage): boolean {
    const at = to.at(-1)?.at ?? 0
    if (at > tail() || at < summed) return false
    lineage = to
    length -= lengthOf(chunks.splice(at - base))
    return true
  }

  function sumUpTo(offset: number): void {
    for (const chunk of chunks.slice(summed - base, offset - base)) sum = addWireChunk(sum, parse(chunk))
    summed = Math.max(summed, offset)
  }

  /** Half of what may be kept goes at once, so that chunks are not moved for each that comes. */
  function trim(): void {
    if (length <= 2 * keptLength) return
    let drop = 0
    for (let left = length; left > keptLength; drop++) left -= chunks[drop]?.length ?? left
    sumUpTo(base + drop)
    length -= lengthOf(chunks.splice(0, drop))
    base += drop
    version++
  }

  function apply(event: EngineEvent): boolean {
    version++
    switch (event.kind) {
      case 'chunks':
        return add(event.from, event.chunks)
      case 'end':
        end = event.end
        return true
      case 'epoch':
        return fork(event.lineage)
      case 'reset':
        reset(event.state)
        return true
      case 'flag':
      case 'gone':
    }
    return true
  }

  reset(state)
  return {
    id: state.id,
    apply,
    trim,
    reset,
    sum() {
      sumUpTo(tail())
      return sum
    },
    merged(from, to) {
      const [first = '{}', ...rest] = chunks.slice(from - base, to - base)
      if (rest.length === 0) return first
      let merged = parse(first)
      for (const chunk of rest) merged = addWireChunk(merged, parse(chunk))
      return JSON.stringify(merged)
    },
    reach(from, maxLength) {
      let to = from
      for (let left = maxLength; to < tail(); to++) {
        left -= chunks[to - base]?.length ?? 0
        if (left < 0 && to > from) break
      }
      return to
    },
    get lineage() {
      return lineage
    },
    get epoch() {
      return epochOf(lineage)
    },
    get base() {
      return base
    },
    get tail() {
      return tail()
    },
    get end() {
      return end
    },
    get version() {
      return version
    },
  }
}

// Written by `JSON.stringify` from a chunk as it travels, on this node or another.
const parse = (json: string): WireChunk => JSON.parse(json) as WireChunk

const lengthOf = (texts: readonly string[]): number => texts.reduce((length, text) => length + text.length, 0)

import { CARRIAGE_RETURN, LINE_FEED } from '../../json-characters.ts'

/** Reads whole events from a range of bytes, and gives the position behind the last one. */
export type ReadEvents = (bytes: Uint8Array, view: DataView, from: number, end: number) => number

/** Reads up to this size are mostly single events: they are copied, which is cheaper than a view of them. */
const SMALL_READ = 2048
/** The longest end of an event: LF CR LF. */
const BLANK_LINE = 3
/** An event that takes longer than this to end is nothing for templates. */
const LONG_EVENT = 64 * 1024

/** Where they are copied to: all streams share it, as none leaves anything there. */
const scratch = /* @__PURE__ */ new Uint8Array(SMALL_READ)
const scratchView = /* @__PURE__ */ new DataView(scratch.buffer)

/** Gives whole events out of reads that are cut anywhere, and keeps the beginning of the event whose end has not arrived. */
export class Carry {
  #bytes = scratch
  /** From when an event that was cut has ended: many a stream only lacks its last blank line. */
  #view: DataView | undefined = scratchView
  #length = 0
  /** Whether an event has ended, as it does here with a blank line that ends with LF. */
  #hasEnded = false
  /** Until then, up to where there is no end of a line with CR alone. */
  #seen = 0

  /** Takes the next bytes, and says whether to go on: not with an event that is long, nor where lines end with CR alone. */
  push(more: Uint8Array, read: ReadEvents): boolean {
    const { length } = more
    let at = 0
    while (at < length && (this.#length > 0 || length - at < SMALL_READ)) {
      let to = Math.min(at + SMALL_READ, length)
      // Of a long read only what the event that was cut still lacks: its line, and the blank one behind it.
      const line = to < length ? more.indexOf(LINE_FEED, at) : -1
      if (line !== -1) to = Math.min(to, line + BLANK_LINE)
      const piece = to - at === length ? more : more.subarray(at, to)
      this.#append(piece)
      at = to
      // Without an end of a line no event ends.
      if (more[to - 1] !== LINE_FEED && !piece.includes(LINE_FEED)) continue
      const rest = this.#length - read(this.#bytes, (this.#view ??= new DataView(this.#bytes.buffer)), 0, this.#length)
      if (at < length && rest <= at) {
        // All that is left is of this read, and need not be copied.
        at -= rest
        this.#length = 0
      } else if (rest < this.#length) {
        if (rest > 0) this.#bytes.copyWithin(0, this.#length - rest, this.#length)
        this.#length = rest
        this.#hasEnded = true
      }
    }
    if (at < length) {
      const view = new DataView(more.buffer, more.byteOffset, length)
      const to = read(more, view, at, length)
      if (to > at) this.#hasEnded = true
      if (to < length) this.#append(more.subarray(to))
    }
    if (this.#length === 0) return true
    if (this.#bytes === scratch) this.#widen(this.#length)
    return this.#length < LONG_EVENT && (this.#hasEnded || !this.#hasLoneCr())
  }

  /** What was kept, which is then no longer. */
  take(): Uint8Array {
    const kept = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return kept
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) this.#widen(length)
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  #widen(length: number): void {
    // V8 keeps so few bytes as a `data: [DONE]` without a blank line in the heap, for next to nothing.
    const wider = new Uint8Array(length > 32 ? Math.max(length * 2, 1024) : 64)
    wider.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = wider
    this.#view = undefined
  }

  /** Such streams have no blank lines that end with LF. Looks at each byte once. */
  #hasLoneCr(): boolean {
    const last = this.#length - 1
    for (let at = this.#seen; at < last; at++)
      if (this.#bytes[at] === CARRIAGE_RETURN && this.#bytes[at + 1] !== LINE_FEED) return true
    this.#seen = Math.max(0, last)
    return false
  }
}

/** The position behind the first blank line that ends with LF, or -1. */
export function behindBlankLine(bytes: Uint8Array, from: number, end: number): number {
  for (let at = bytes.indexOf(LINE_FEED, from); at !== -1 && at < end; at = bytes.indexOf(LINE_FEED, at + 1)) {
    const next = bytes[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1
    if (next < end && bytes[next] === LINE_FEED) return next + 1
  }
  return -1
}

/** The position behind the last blank line, or `from` if there is none. */
export function behindLastBlankLine(bytes: Uint8Array, from: number, end: number): number {
  for (let at = end; at > from; at--) {
    const before = bytes[at - 1] === LINE_FEED ? bytes[at - 2] : undefined
    if (before === LINE_FEED || (before === CARRIAGE_RETURN && bytes[at - 3] === LINE_FEED)) return at
  }
  return from
}

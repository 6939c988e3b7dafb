const LF = 10
const CR = 13

/** The beginning of an event whose end has not arrived. */
export class Carry {
  bytes = new Uint8Array(0)
  view = new DataView(this.bytes.buffer)
  length = 0
  /** Up to where {@link hasLoneCr} has looked. */
  #seen = 0

  append(more: Uint8Array, from: number, to: number): void {
    const length = this.length + to - from
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length * 2, 1024))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    this.bytes.set(to - from === more.length ? more : more.subarray(from, to), this.length)
    this.length = length
  }

  /** Drops what has been read. */
  drop(read: number): void {
    if (read > 0 && read < this.length) this.bytes.copyWithin(0, read, this.length)
    this.length -= read
  }

  /** Whether a line ends with CR alone: such streams have no blank lines that end with LF. Looks at each byte once. */
  hasLoneCr(): boolean {
    const last = this.length - 1
    let at = this.bytes.indexOf(CR, Math.min(this.#seen, last))
    for (; at !== -1 && at < last; at = this.bytes.indexOf(CR, at + 1)) if (this.bytes[at + 1] !== LF) return true
    this.#seen = last
    return false
  }
}

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
    this.bytes.set(from === 0 && to === more.length ? more : more.subarray(from, to), this.length)
    this.length = length
  }

  /** Drops what has been read. */
  drop(read: number): void {
    if (read > 0 && read < this.length) this.bytes.copyWithin(0, read, this.length)
    this.length -= read
  }

  /**
   * Appends up to the blank line that ends the event, and gives the position behind it; -1 if there is none yet.
   *
   * Only the new bytes are looked at, and the end of what is there, so that bytes that come one by one cost no more.
   */
  complete(more: Uint8Array): number {
    for (let at = more.indexOf(LF); at !== -1; at = more.indexOf(LF, at + 1)) {
      if (!this.#endsLine(more, at)) continue
      this.append(more, 0, at + 1)
      return at + 1
    }
    this.append(more, 0, more.length)
    return -1
  }

  /** Whether the line that this LF ends is blank. */
  #endsLine(more: Uint8Array, at: number): boolean {
    const byte = (back: number): number | undefined =>
      at - back >= 0 ? more[at - back] : this.length + at - back >= 0 ? this.bytes[this.length + at - back] : LF
    return byte(1) === LF || (byte(1) === CR && byte(2) === LF)
  }

  /** Whether a line ends with CR alone: such streams have no blank lines that end with LF. */
  hasLoneCr(): boolean {
    if (this.#seen > this.length) this.#seen = 0
    for (let at = this.#seen; at + 1 < this.length; at++) {
      if (this.bytes[at] === CR && this.bytes[at + 1] !== LF) return true
    }
    this.#seen = Math.max(0, this.length - 1)
    return false
  }
}

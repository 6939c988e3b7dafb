import { copyUnescaped, Held, MISS } from './string-hole.ts'

/** Decodes a range of bytes that is known to be valid UTF-8; `ascii` when it is even that. The platform's fastest way. */
export type DecodeRange = (bytes: Uint8Array, from: number, to: number, ascii: boolean) => string

/**
 * Text that has arrived and nobody has asked for yet: kept as UTF-8 and decoded in one go.
 *
 * Decoding every piece costs 60 to 400 ns, decoding many at once 1 ns per piece.
 */
export class PendingText {
  #bytes = new Uint8Array(64)
  #length = 0
  #ascii = true
  #text = ''
  readonly #decode: DecodeRange

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** Appends what a string hole held. */
  append(bytes: Uint8Array, from: number, to: number, held: number): void {
    const most = this.#length + to - from
    if (most > this.#bytes.length) this.#grow(most)
    if (held & Held.escapes) {
      const behind = copyUnescaped(bytes, from, to, this.#bytes, this.#length)
      if (behind === MISS) {
        this.#settle()
        this.#text += unescaped(this.#decode, bytes, from, to)
        return
      }
      this.#length = behind
    } else if (to - from < 32) {
      // A call of set() costs as much as twenty bytes.
      const own = this.#bytes
      let behind = this.#length
      for (let i = from; i < to; i++) own[behind++] = bytes[i] ?? 0
      this.#length = behind
    } else {
      this.#bytes.set(bytes.subarray(from, to), this.#length)
      this.#length = most
    }
    if (held & Held.unicode) this.#ascii = false
  }

  /** The text, which is then no longer pending. */
  take(): string {
    this.#settle()
    const text = this.#text
    this.#text = ''
    return text
  }

  #settle(): void {
    if (this.#length === 0) return
    this.#text += this.#decode(this.#bytes, 0, this.#length, this.#ascii)
    this.#length = 0
    this.#ascii = true
  }

  #grow(most: number): void {
    const grown = new Uint8Array(most * 2)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** The text of a scanned string with escapes. */
export function unescaped(decode: DecodeRange, bytes: Uint8Array, from: number, to: number): string {
  return JSON.parse(`"${decode(bytes, from, to, false)}"`) as string
}

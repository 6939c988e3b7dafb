import { CLOSE_BRACE, OPEN_BRACE } from '../../json-characters.ts'
import { shortText } from './short-text.ts'
import { HALF, HALF_LENGTH, halfAt } from './string-escape.ts'

/** Decodes a range of bytes as UTF-8; `ascii` when they are even that. The platform's fastest way. */
export type DecodeRange = (bytes: Uint8Array, from: number, to: number, ascii: boolean) => string

/** From so many bytes on they are decoded before there are more: the buffer stays in the processor's cache. */
const FULL = 1024

/**
 * Text that has arrived and nobody has asked for yet: kept as UTF-8 and decoded in one go.
 *
 * The string that was read last stands behind it until it is taken, by whoever moves `length`, or by {@link piece}.
 */
export class PendingText {
  bytes = new Uint8Array(64)
  /** What is kept. */
  length = 0
  /** Where the string that was read last ends; it begins at `length`. */
  end = 0
  /** Whether all bytes are ASCII; what was read and not taken counts too. */
  isAscii = true
  /** Whether there are halves of characters among the bytes. */
  hasHalves = false
  #text = ''
  readonly #decode: DecodeRange

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** Makes room behind `at`, and gives where that is afterwards. */
  widen(at: number): number {
    const kept = this.length
    if (kept >= FULL) {
      const { isAscii, hasHalves } = this
      this.settle()
      this.isAscii = isAscii
      this.hasHalves = hasHalves
      this.bytes.copyWithin(0, kept, at)
      return at - kept
    }
    const wider = new Uint8Array(Math.max(512, this.bytes.length * 2))
    wider.set(this.bytes)
    this.bytes = wider
    return at
  }

  /** Whether the string that was read last may be a whole JSON object. */
  mayBeObject(): boolean {
    const { bytes, length, end } = this
    return bytes[length] === OPEN_BRACE && bytes[end - 1] === CLOSE_BRACE
  }

  /** The string that was read last, as a text of its own. */
  piece(): string {
    const { bytes, length, end } = this
    const isShort = end - length <= 8 && !this.hasHalves
    const text = isShort ? shortText(this, bytes, length, end) : this.decode(length, end)
    if (length === 0) this.#forget()
    return text
  }

  /** The text that was kept, which is then no longer pending. */
  take(): string {
    this.settle()
    const text = this.#text
    this.#text = ''
    return text
  }

  /** The text of a part of the bytes. */
  decode(from: number, to: number): string {
    const { bytes, isAscii } = this
    if (!this.hasHalves) return this.#decode(bytes, from, to, isAscii)
    let text = ''
    for (let at = from; at < to;) {
      const half = bytes.indexOf(HALF, at)
      const stop = half === -1 || half > to ? to : half
      text += this.#decode(bytes, at, stop, isAscii)
      if (stop < to) text += halfAt(bytes, stop)
      at = stop + HALF_LENGTH
    }
    return text
  }

  /** Decodes what is kept, to stand behind what was decoded before. */
  settle(): void {
    if (this.length > 0) this.#text += this.decode(0, this.length)
    this.length = 0
    this.#forget()
  }

  #forget(): void {
    this.isAscii = true
    this.hasHalves = false
  }
}

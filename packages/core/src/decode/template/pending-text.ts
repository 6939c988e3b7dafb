import { shortText } from './short-text.ts'

/** Decodes a range of bytes that is known to be valid UTF-8; `ascii` when it is even that. The platform's fastest way. */
export type DecodeRange = (bytes: Uint8Array, from: number, to: number, ascii: boolean) => string

/** What bytes hold beside ASCII. Half a pair of surrogates is written as if it were a character, as UTF-8 never is. */
export const Held = { unicode: 1, halves: 2 } as const

/** From so many bytes on they are decoded before there are more: the buffer stays in the processor's cache. */
const FULL = 1024

/**
 * Text that has arrived and nobody has asked for yet: kept as UTF-8 and decoded in one go.
 *
 * The string that was read last stands behind it until it is taken, by {@link keep} or {@link piece}.
 */
export class PendingText {
  bytes = new Uint8Array(64)
  /** What is kept. */
  length = 0
  /** Where the string that was read last ends; it begins at `length`. */
  end = 0
  /** What the bytes hold, or may: what was read and not taken counts too. */
  held = 0
  #text = ''
  readonly #decode: DecodeRange

  constructor(decode: DecodeRange) {
    this.#decode = decode
  }

  /** Makes room behind `at`, and gives where that is afterwards. */
  widen(at: number): number {
    const kept = this.length
    if (kept >= FULL) {
      const { held } = this
      this.#settle()
      this.held = held
      this.bytes.copyWithin(0, kept, at)
      return at - kept
    }
    const wider = new Uint8Array(this.bytes.length * 2)
    wider.set(this.bytes)
    this.bytes = wider
    return at
  }

  /** The string that was read last, as a text of its own. */
  piece(): string {
    const { bytes, length, end } = this
    const text = end - length > 8 ? this.decode(length, end) : shortText(this, bytes, length, end)
    if (length === 0) this.held = 0
    return text
  }

  /** The text that was kept, which is then no longer pending. */
  take(): string {
    this.#settle()
    const text = this.#text
    this.#text = ''
    return text
  }

  /** The text of a part of the bytes. */
  decode(from: number, to: number): string {
    const { bytes, held } = this
    if (held < Held.halves) return this.#decode(bytes, from, to, held === 0)
    let text = ''
    let at = from
    for (let i = bytes.indexOf(0xed, from); i !== -1 && i < to; i = bytes.indexOf(0xed, i + 1)) {
      const next = bytes[i + 1] as number
      if (next < 0xa0) continue
      text += this.#decode(bytes, at, i, false)
      at = i + 3
      text += String.fromCharCode(0xd000 | ((next & 63) << 6) | ((bytes[i + 2] as number) & 63))
    }
    return text + this.#decode(bytes, at, to, false)
  }

  #settle(): void {
    if (this.length > 0) this.#text += this.decode(0, this.length)
    this.length = 0
    this.held = 0
  }
}

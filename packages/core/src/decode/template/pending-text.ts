import { BACKSLASH, CLOSE_BRACE, LETTER_D, LETTER_U, OPEN_BRACE } from '../../json-characters.ts'
import { shortText } from './short-text.ts'
import { ESCAPE, UNICODE } from './string-bytes.ts'

/** Decodes a range of bytes as UTF-8; `ascii` when they are even that. The platform's fastest way. */
export type DecodeRange = (bytes: Uint8Array, from: number, to: number, ascii: boolean) => string

/** From so many bytes on they are decoded before there are more: the buffer stays in the processor's cache. */
const FULL = 1024

/**
 * Text that has arrived and nobody has asked for yet: kept as the bytes of a JSON string and decoded in one go.
 *
 * The string that was read last stands behind it until it is taken, by whoever moves `length`, or by {@link piece}.
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

  /** Whether the string that was read last may stand for a whole JSON object: either brace may be an escape. */
  mayBeObject(): boolean {
    const { bytes, length, end } = this
    const first = bytes[length]
    const last = bytes[end - 1] as number
    return (
      (first === OPEN_BRACE || (first === BACKSLASH && bytes[length + 1] === LETTER_U)) &&
      (last === CLOSE_BRACE || (last | 32) === LETTER_D)
    )
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
    const text = this.#decode(this.bytes, from, to, (this.held & UNICODE) === 0)
    return (this.held & ESCAPE) === 0 ? text : (JSON.parse(`"${text}"`) as string)
  }

  #settle(): void {
    if (this.length > 0) this.#text += this.decode(0, this.length)
    this.length = 0
    this.held = 0
  }
}

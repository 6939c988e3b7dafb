import { Buffer, isAscii } from 'node:buffer'

// Works on any bytes, and is in no type: a Buffer's own toString() would need a Buffer for every piece.
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: (from: number, to: number) => string }

/** The text of a range of bytes that are ASCII: read as Latin-1, which is the same. */
export const asciiText = (bytes: Uint8Array, from: number, to: number): string => latin1Slice.call(bytes, from, to)

/**
 * Decodes a stream as `new TextDecoder()` does.
 *
 * Bytes that are ASCII, as most of every stream is, need no such decoder. An event of 300 bytes takes Node.js 20 0.2 µs
 * that way instead of 0.7, and 24 0.14 instead of 0.22.
 */
export class Utf8Decoder {
  /** As soon as something is not ASCII. */
  #decoder: InstanceType<typeof TextDecoder> | undefined
  #begun = false
  /** Whether what has been decoded ends with a whole character. */
  #isWhole = true

  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string {
    if (bytes === undefined) return this.#decoder?.decode() ?? ''
    if (this.#isWhole && isAscii(bytes)) {
      this.#begun ||= bytes.length > 0
      return asciiText(bytes, 0, bytes.length)
    }
    // A byte order mark is one at the very beginning, and text elsewhere.
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: this.#begun })
    this.#isWhole = (bytes.at(-1) as number) < 0x80
    return this.#decoder.decode(bytes, options)
  }
}

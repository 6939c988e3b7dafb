import { Buffer } from 'node:buffer'
import type { Limits } from '@deltawire/core'
import type { BytePlatform } from '@deltawire/core/bytes'
import { sseParser } from './sse-parser.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

// Works on any bytes, and is in no type: a Buffer's own toString() would need a Buffer for every piece.
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: (from: number, to: number) => string }

const decodeRange: BytePlatform['decodeRange'] = (bytes, from, to, ascii) => {
  // Reading Latin-1 is twice as fast as UTF-8, and the same for ASCII.
  if (ascii) return latin1Slice.call(bytes, from, to)
  return utf8.decode(bytes.subarray(from, to))
}

/** What Node.js brings to the decoding of bytes. */
export const bytePlatform = (options: Limits): BytePlatform => ({
  createSseParser: (emit) => sseParser(emit, options),
  createTextDecoder: () => new TextDecoder(),
  decodeRange,
})

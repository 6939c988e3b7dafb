import type { Limits } from '@deltawire/core'
import type { BytePlatform } from '@deltawire/core/bytes'
import { sseParser } from './sse-parser.ts'
import { asciiText, Utf8Decoder } from './utf8-decoder.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** What Node.js brings to the decoding of bytes. */
export const bytePlatform = (options: Limits): BytePlatform => ({
  createSseParser: (emit) => sseParser(emit, options),
  createTextDecoder: () => new Utf8Decoder(),
  decodeRange: (bytes, from, to, ascii) => (ascii ? asciiText(bytes, from, to) : utf8.decode(bytes.subarray(from, to))),
})

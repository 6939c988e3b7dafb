import { createParser } from 'eventsource-parser'
import type { BytePlatform } from '../../src/decode/template/byte-platform.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** What an adapter passes in, for tests of core: the reference parser and decoder, and nothing clever. */
export const platform: BytePlatform = {
  createSseParser(emit) {
    const parser = createParser({ onEvent: emit })
    return { push: (text) => parser.feed(text), end: () => parser.feed('\n\n') }
  },
  createTextDecoder: () => new TextDecoder(),
  decodeRange: (bytes, from, to, ascii) =>
    ascii ? Buffer.from(bytes.subarray(from, to)).toString('latin1') : utf8.decode(bytes.subarray(from, to)),
}

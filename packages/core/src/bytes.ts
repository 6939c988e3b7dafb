// An entry of its own, for adapters that read bytes: whoever reads events does not pay for the fast way.
export { createByteDecoder } from './decode/template/byte-decoder.ts'
export type { ByteDecoder, BytePlatform } from './decode/template/byte-platform.ts'

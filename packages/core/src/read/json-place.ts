// Where a reader is in a JSON text. In a file of their own, so that bundlers put the numbers where the names stand.

// Between values: what may come next, as bits, for in some places two things may. At the end nothing may.
export const VALUE = 1
export const KEY = 2
export const COLON = 4
export const COMMA = 8
export const CLOSE = 16

// Inside a value or a key: what is being read.
export const STRING = 32
export const ESCAPE = 64
export const UNICODE = 128
export const NUMBER = 256
export const LITERAL = 512

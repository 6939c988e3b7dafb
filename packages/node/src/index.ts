export { readChunks } from './read-chunks.ts'
export type { ReadChunksOptions } from './read-chunks.ts'

// For adapter authors.
export { readEvents } from './read-events.ts'
export type { ByteSource } from './read-events.ts'

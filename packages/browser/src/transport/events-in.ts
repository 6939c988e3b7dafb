import type { ChunkEvent } from './transport.ts'

/** What was given at once, as a list. By its look: `[given].flat()` takes 0.3 µs, more than the chunk itself. */
export const eventsIn = (given: ChunkEvent | readonly ChunkEvent[]): readonly ChunkEvent[] =>
  isOne(given) ? [given] : given

const isOne = (given: ChunkEvent | readonly ChunkEvent[]): given is ChunkEvent => 'chunk' in given

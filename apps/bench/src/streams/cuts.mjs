// How a network cuts a stream into reads.

/** Bytes per read; `0` is one event per read, as a server that flushes each token sends. */
export const CUTS = {
  event: { about: 'one event per read', size: 0 },
  '16k': { about: '16 KB reads', size: 16 * 1024 },
  '64k': { about: '64 KB reads', size: 64 * 1024 },
  7: { about: '7-byte reads', size: 7 },
}

const encoder = new TextEncoder()

/** The reads of a stream: its events, or all its bytes cut every `size` bytes. */
export function readsOf(events, size) {
  if (size === 0) return events.map((event) => encoder.encode(event))
  const bytes = encoder.encode(events.join(''))
  // Copies, because each read of a socket has memory of its own.
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size))
}

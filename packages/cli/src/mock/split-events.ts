const LF = 0x0a
const CR = 0x0d

/** Cuts an event stream after every blank line. The pieces together are the stream, byte for byte. */
export function splitEvents(bytes: Uint8Array): Uint8Array[] {
  const events: Uint8Array[] = []
  let start = 0
  let lineStart = 0
  let isBlankEnd = false
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== LF && bytes[at] !== CR) {
      // The event has begun that the blank line before it made room for.
      if (isBlankEnd) {
        events.push(bytes.subarray(start, at))
        start = at
        isBlankEnd = false
      }
      continue
    }
    if (at === lineStart && start < at) isBlankEnd = true
    if (bytes[at] === CR && bytes[at + 1] === LF) at += 1
    lineStart = at + 1
  }
  if (start < bytes.length) events.push(bytes.subarray(start))
  return events
}

import type { ChatCompletionChunk } from '../chunk.ts'

/** The event that carries a chunk in an event stream: `data: {…}` and the blank line that sends it off. */
export function encodeChunk(chunk: ChatCompletionChunk): string {
  // JSON writes line ends as escapes, so that one line holds any chunk.
  return `data: ${JSON.stringify(chunk)}\n\n`
}

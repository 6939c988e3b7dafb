import type { WireChunk } from '../protocol/frame.ts'

/** A frame that is written once and sent to many. What one reader has made of it, the others find. */
export interface SharedFrame {
  readonly kind: 'd' | 'end'
  readonly text: string
  /** How many chunks of the source it covers. */
  readonly covers: number
  /** The position after it, as one word. */
  readonly position: string
  /** Whether it covers everything from offset 0. */
  readonly isWhole: boolean
  /** As it goes over a WebSocket. */
  framed?: Uint8Array
  /** Its chunks: only to be read. */
  chunks?: readonly WireChunk[]
  /** As it goes into an OpenAI-compatible event stream. */
  openai?: string
}

import type { PendingText } from './pending-text.ts'

/** As many texts as a stream's common tokens need; a power of two. */
const SIZE = 4096

/** The texts that were decoded last, by the hash of their bytes: up to eight bytes, kept as two numbers. */
const texts: string[] = /* @__PURE__ */ Array.from({ length: SIZE }, () => '')
const low = /* @__PURE__ */ new Int32Array(SIZE)
const high = /* @__PURE__ */ new Int32Array(SIZE)

/** A text of up to eight bytes, decoded or remembered: tokens repeat. */
export function shortText(pending: PendingText, bytes: Uint8Array, from: number, to: number): string {
  let first = 0
  let second = 0
  for (let i = from; i < to; i++) {
    second = (second << 8) | (first >>> 24)
    first = (first << 8) | (bytes[i] as number)
  }
  // No byte of a text is 0, so that its length is in the numbers too.
  const at = ((Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)) >>> 20) & (SIZE - 1)
  if (low[at] === first && high[at] === second) return texts[at] as string
  const text = pending.decode(from, to)
  low[at] = first
  high[at] = second
  texts[at] = text
  return text
}

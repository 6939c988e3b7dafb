import { type DecodeRange, unescaped } from './pending-text.ts'
import { textOf } from './short-text.ts'
import { copyUnescaped, Held, MISS } from './string-hole.ts'
import { found, type Hole } from './template.ts'

/** For texts with escapes, which most pieces of tool arguments are. */
const scratch = new Uint8Array(256)

/** What hole number `i` of the last match holds. */
export function valueOf(decode: DecodeRange, { kind }: Hole, i: number, bytes: Uint8Array): unknown {
  const from = found.from[i] ?? 0
  const to = found.to[i] ?? 0
  if (kind === 'number') return Number(decode(bytes, from, to, true))
  const held = found.held[i] ?? 0
  if (held & Held.escapes) {
    const length = to - from > scratch.length ? MISS : copyUnescaped(bytes, from, to, scratch, 0)
    if (length === MISS) return unescaped(decode, bytes, from, to)
    return textOf(decode, scratch, 0, length, (held & Held.unicode) === 0)
  }
  return textOf(decode, bytes, from, to, held === Held.plain)
}

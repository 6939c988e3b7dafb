/**
 * Fixed bytes of a template, compared eight at a time.
 *
 * Eight ASCII bytes read as a double are never `NaN` and never a zero, so that `!==` on doubles tells whether the bits
 * differ.
 */
export interface Literal {
  readonly length: number
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The bytes in groups of eight; the last group overlaps the one before, unless there are fewer than eight bytes. */
  readonly doubles: Float64Array
  /** The group that differed last, and where it stands: where templates differ in little, it tells at once which is meant. */
  probe: number
  probeAt: number
}

/** `undefined` for bytes that are not ASCII. */
export function literalOf(bytes: Uint8Array): Literal | undefined {
  for (const byte of bytes) if (byte === 0 || byte >= 128) return undefined
  const { length } = bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  const doubles = new Float64Array(length < 8 ? 0 : Math.ceil(length / 8))
  for (let i = 0; i < doubles.length; i++) doubles[i] = view.getFloat64(Math.min(i * 8, length - 8), true)
  return { length, bytes, view, doubles, probe: doubles[0] ?? 0, probeAt: 0 }
}

/** Whether the bytes at `at` are the literal's. The caller has seen to it that there are enough. */
export function matches(literal: Literal, read: Uint8Array, view: DataView, at: number): boolean {
  const { length, bytes, doubles } = literal
  const last = doubles.length - 1
  if (last < 0) {
    for (let i = 0; i < length; i++) if (read[at + i] !== bytes[i]) return false
    return true
  }
  if (view.getFloat64(at + literal.probeAt, true) !== literal.probe) return false
  let i = 0
  let p = at
  // Unrolled: one look at the bounds of the loop for four comparisons.
  for (; i + 4 <= last; i += 4, p += 32) {
    if (
      view.getFloat64(p, true) !== doubles[i] ||
      view.getFloat64(p + 8, true) !== doubles[i + 1] ||
      view.getFloat64(p + 16, true) !== doubles[i + 2] ||
      view.getFloat64(p + 24, true) !== doubles[i + 3]
    )
      break
  }
  for (; i < last; i++, p += 8) if (view.getFloat64(p, true) !== doubles[i]) return differs(literal, i, p - at)
  return view.getFloat64(at + length - 8, true) === doubles[last] || differs(literal, last, length - 8)
}

function differs(literal: Literal, group: number, at: number): false {
  literal.probe = literal.doubles[group] as number
  literal.probeAt = at
  return false
}

import { canonicalJson } from '../protocol/checksum.ts'
import type { WireChoice, WireChunk } from '../protocol/frame.ts'
import { addWireChunk } from '../protocol/receive.ts'

type Obj = { readonly [key: string]: unknown }

/**
 * What is to be added to `have` so that it becomes `whole`; `undefined` where nothing that can be added does that.
 *
 * A relay may answer with the whole sum where the reader has a part of it. Whoever shows chunks as they come gets what is
 * new, and nothing twice. It is a guess by the look of the two, and it is proved before it is given: `have` and the
 * remainder are summed and compared with `whole`, of which parts are parts of the remainder. Costs the length of the answer, as the whole sum on the wire did.
 */
export function remainder(have: WireChunk, whole: WireChunk): WireChunk | undefined {
  // What stands beside the choices is identity or state: said again, it changes nothing.
  // A list of choices keeps its kind: each of them comes with its index.
  const rest = { ...whole, choices: restOfList(have.choices ?? [], whole.choices ?? []) as WireChoice[] }
  const sum = addWireChunk(addWireChunk(undefined, have), rest)
  return saysTheSame(sum, whole) ? rest : undefined
}

export const saysTheSame = (a: WireChunk, b: WireChunk): boolean => canonicalJson(a) === canonicalJson(b)

function restOf(have: unknown, whole: unknown): unknown {
  if (typeof whole === 'string')
    return typeof have === 'string' && whole.startsWith(have) ? whole.slice(have.length) : whole
  if (!isObject(whole) || !isObject(have)) return whole
  if (Array.isArray(whole)) return Array.isArray(have) ? restOfList(have, whole) : whole
  const rest: { [key: string]: unknown } = {}
  for (const [key, value] of Object.entries(whole)) {
    // What names a place is said with every piece.
    const isPlace = /^(index|type|id|delta)$/.test(key)
    if (!isPlace && isSame(have[key], value)) continue
    rest[key] = isObject(value) || !(isPlace || /^(name|finish_reason)$/.test(key)) ? restOf(have[key], value) : value
  }
  return rest
}

/** Items with an index by their index. Of others, the last may have grown and further ones may have come. */
function restOfList(have: readonly unknown[], whole: readonly unknown[]): unknown[] {
  return whole.flatMap((item, at) => {
    const index = isObject(item) ? item['index'] : undefined
    const known = index === undefined ? have[at] : have.find((other) => isObject(other) && other['index'] === index)
    if (known === undefined) return [item]
    return isSame(known, item) ? [] : [restOf(known, item)]
  })
}

const isObject = (value: unknown): value is Obj => typeof value === 'object' && value !== null

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

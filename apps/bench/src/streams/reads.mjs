import { eventsOf, framesOf } from './frames.mjs'
import { readsOf } from './cuts.mjs'
import { chunksOf, deltasOf } from './shape.mjs'

/** From here on a stream repeats its deltas, so that a million of them need no gigabyte. */
const BLOCK = 25_000

/** The reads of a stream of `count` deltas. */
export function readsOfShape(shape, count, size) {
  if (count <= BLOCK) return readsOf(eventsOf(shape, chunksOf(shape, count)), size)
  const block = readsOf(framesOf(deltasOf(shape, BLOCK), shape.framing), size)
  const [open, close] = [framesOf(shape.open(), shape.framing), eventsOf(shape, shape.close(count))]
  return [
    ...readsOf(open, size),
    ...Array.from({ length: Math.ceil(count / BLOCK) }, () => block).flat(),
    ...readsOf(close, size),
  ]
}

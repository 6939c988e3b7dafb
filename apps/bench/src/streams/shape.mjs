// From a shape to its chunks.
import { numbers } from './numbers.mjs'

/**
 * How one kind of stream looks.
 *
 * @typedef {object} Shape
 * @property {string} about
 * @property {() => object[]} open the chunks before the first delta
 * @property {(at: number, next: (n: number) => number, count: number) => object} [delta] the chunk of one delta
 * @property {(count: number, next: (n: number) => number) => Iterable<object>} [deltas] all of them, where one depends on the next
 * @property {(count: number) => object[]} close the chunks after the last delta
 * @property {import('./frames.mjs').Framing} [framing] how chunks are written
 */

/** The chunks of `count` deltas alone: what may be repeated. */
export function* deltasOf({ delta, deltas }, count, seed = 1) {
  const next = numbers(seed)
  if (deltas !== undefined) yield* deltas(count, next)
  else for (let at = 0; at < count; at++) yield delta(at, next, count)
}

/** The chunks of a whole stream. */
export const chunksOf = (shape, count, seed) => [
  ...shape.open(),
  ...deltasOf(shape, count, seed),
  ...shape.close(count),
]

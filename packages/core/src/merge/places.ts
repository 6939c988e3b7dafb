/**
 * Where the items of a list stand that merge by their place, by the key that names the place.
 *
 * A list gets its map with the second place in it: most have one. Without the map each new item would cost a look at all
 * before it, and a snapshot a look at every item, to see whether any may change.
 */
const maps = new WeakMap<readonly unknown[], Map<unknown, number>>()

/**
 * The places in a list, to be kept in step by whoever adds to it.
 *
 * @param keyOf `undefined` for an item that has no place
 */
export function placesIn<T>(list: readonly T[], keyOf: (item: T) => unknown): Map<unknown, number> {
  const known = maps.get(list)
  if (known !== undefined) return known
  const places = new Map<unknown, number>()
  for (const [at, item] of list.entries()) {
    const key = keyOf(item)
    if (key !== undefined) places.set(key, at)
  }
  maps.set(list, places)
  return places
}

/** Whether items of a list may still change: only a list that has places holds such items. */
export const hasPlaces = (list: readonly unknown[]): boolean => maps.has(list)

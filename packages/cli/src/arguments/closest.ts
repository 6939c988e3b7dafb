/**
 * The candidate that a mistyped word most likely meant, if there is one.
 *
 * A short word resembles everything: it may be wrong in one place, a longer one in two.
 */
export function closest<T extends string>(
  word: string,
  candidates: Iterable<T>,
  maxDistance = word.length < 5 ? 1 : 2,
): T | undefined {
  let best: T | undefined
  let shortest = maxDistance + 1
  for (const candidate of candidates) {
    const distance = distanceBetween(word, candidate)
    if (distance > 0 && distance < shortest) {
      best = candidate
      shortest = distance
    }
  }
  return best
}

/** Letters to add, drop, change, or swap with their neighbour. */
function distanceBetween(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) cost = Math.min(cost, at(before, j - 2) + 1)
      next.push(cost)
    }
    before = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}

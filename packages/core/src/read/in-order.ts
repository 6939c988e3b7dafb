/** The items of a sum by their `index`: in it they stand in the order in which they came. */
export const inOrder = <T extends { index?: unknown }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0))

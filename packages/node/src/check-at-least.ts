/** An option that is a number, or a `TypeError` that shows a right one. */
export function checkAtLeast(least: number, option: string, value: number, example: number): number {
  if (typeof value === 'number' && value >= least) return value
  throw new TypeError(
    `${option} must be a number of at least ${least}, as in { ${option}: ${example} }, not ${String(value)}`,
  )
}

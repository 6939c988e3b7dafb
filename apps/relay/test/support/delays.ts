import type { Answer } from './clocked-upstream.ts'
import type { ReaderLog } from './judge.ts'

/** How long it took each time from the model's word to this reader, in milliseconds, for the offsets in (from, to]. */
export function delays({ entries }: ReaderLog, { saidAt }: Answer, from: number, to: number): number[] {
  return entries.flatMap(({ position: { o }, at }) => {
    const said = saidAt[o - 1]
    return o > from && o <= to && said !== undefined ? [at - said] : []
  })
}

/** What so much of them is not more than. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Infinity
}

import { quantile } from './statistics.ts'

const blocks = ' ▏▎▍▌▋▊▉█'
const rows = 10

/**
 * How values are spread, as rows of bars.
 *
 * What lies beyond the 99th percentile is in the last row, so that one pause does not flatten all the others.
 */
export function histogram(values: readonly number[], { width = 40, isAscii = false } = {}): string[] {
  if (values.length < 2) return []
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[0] ?? 0
  const high = Math.max(quantile(sorted, 0.99), low)
  const step = (high - low) / rows || 1
  const counts = Array.from({ length: rows }, () => 0)
  for (const value of sorted) {
    const row = Math.min(rows - 1, Math.floor((value - low) / step))
    counts[row] = (counts[row] ?? 0) + 1
  }
  const most = Math.max(...counts)
  const dash = isAscii ? '-' : '–'
  const edges = counts.map((_, row) => `${inMs(low + row * step)} ${dash} ${inMs(low + (row + 1) * step)}`)
  const label = Math.max(...edges.map((edge) => edge.length))
  return counts.map((count, row) => {
    const beyond =
      row === rows - 1 && (sorted.at(-1) ?? 0) > high + 0.05 ? ` (up to ${inMs(sorted.at(-1) ?? 0)} ms)` : ''
    return `${(edges[row] ?? '').padStart(label)} ms ${bar(count / most, width, isAscii)} ${count}${beyond}`
  })
}

function bar(part: number, width: number, isAscii: boolean): string {
  const length = part * width
  if (isAscii) return '#'.repeat(Math.round(length)).padEnd(width)
  const rest = blocks[Math.round((length % 1) * 8)] ?? ''
  return `${'█'.repeat(Math.floor(length))}${rest.trim()}`.padEnd(width)
}

function inMs(ms: number): string {
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0)
}

const blocks = '▁▂▃▄▅▆▇█'
const marks = '_.-=+*#@'

/** Values as a line of bars, from the least to the largest of them; a bar is the mean of several where there are many. */
export function sparkline(values: readonly number[], { width = 40, isAscii = false } = {}): string {
  const bars = meansOf(values, Math.min(width, values.length))
  const low = Math.min(...bars)
  const span = Math.max(...bars) - low
  const signs = isAscii ? marks : blocks
  return bars
    .map((value) => signs[span === 0 ? 0 : Math.round(((value - low) / span) * (signs.length - 1))] ?? '')
    .join('')
}

/** The means of so many parts of equal length, one after the other. A part has one value at least. */
export function meansOf(values: readonly number[], parts: number): number[] {
  return Array.from({ length: parts }, (_, part) => {
    const start = Math.floor((part * values.length) / parts)
    const own = values.slice(start, Math.max(start + 1, Math.floor(((part + 1) * values.length) / parts)))
    return own.reduce((sum, value) => sum + value, 0) / own.length
  })
}

/** The number below which so many of them lie. */
export const quantile = (numbers, part) =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * part)] ?? Number.NaN

export const median = (numbers) => quantile(numbers, 0.5)

export function table(head, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n')
}

export const quiet = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Milliseconds on a clock that all processes of a machine share. */
export const sharedNow = () => Number(process.hrtime.bigint()) / 1e6

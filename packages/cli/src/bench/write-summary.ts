import type { Output } from '../io.ts'
import { changeOf } from './condition.ts'
import { histogram } from './histogram.ts'
import type { Spread } from './statistics.ts'
import { measureNames, measureOf, type Summary } from './summary.ts'

const columns = ['p50', 'p90', 'p95', 'p99', 'max'] as const

/** One level of load as a table, with the histogram of its gaps. */
export async function writeSummary(
  output: Output,
  summary: Summary,
  gaps: readonly number[],
  options: { readonly before: Summary | undefined; readonly isAscii: boolean },
): Promise<void> {
  const lines = [headOf(summary), ...tableOf(summary, options.before)]
  const bars = histogram(gaps, { isAscii: options.isAscii })
  if (bars.length > 0) lines.push('', 'between two chunks:', ...bars.map((row) => `  ${row.trimEnd()}`))
  await output.write(`${lines.join('\n')}\n`)
}

function headOf({ concurrency, runs, failed, errors, wallMs, chunks, tokens, isEstimated }: Summary): string {
  const parts = [
    `${runs} ${runs === 1 ? 'answer' : 'answers'}`,
    `${concurrency} at a time`,
    `${chunks} chunks`,
    `${isEstimated ? '~' : ''}${tokens} tokens`,
    wallMs > 0 && `${isEstimated ? '~' : ''}${((tokens * 1000) / wallMs).toFixed(1)} tokens/s in all`,
    failed > 0 &&
      `${failed} failed (${Object.entries(errors)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ')})`,
  ]
  return parts.filter((part) => part !== false).join(' · ')
}

function tableOf({ connect, measures, isEstimated }: Summary, before: Summary | undefined): string[] {
  const rows: string[][] = [['', ...columns, ...(before === undefined ? [] : ['p50 before', 'change']), '']]
  const add = (name: string, unit: string, spread: Spread | undefined, old: Spread | undefined, mark = '') => {
    if (spread === undefined) return
    const cells = columns.map((column) => `${mark}${inUnit(spread[column], unit)}`)
    const change =
      before === undefined
        ? []
        : [old === undefined ? '' : inUnit(old.p50, unit), inPercent(changeOf(spread.p50, old?.p50))]
    rows.push([name, ...cells, ...change, spread.count === 1 ? '' : `n=${spread.count}`])
  }
  add('connect', 'ms', connect, before?.connect)
  for (const name of measureNames) {
    const isGuess = isEstimated && name.startsWith('token')
    add(name, measureOf(name).unit, measures[name], before?.measures[name], isGuess ? '~' : '')
  }
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function inUnit(value: number, unit: string): string {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
  return unit === '' ? text : unit === 'ms' ? `${text} ms` : `${text}${unit}`
}

function inPercent(change: number | undefined): string {
  return change === undefined ? '' : `${change >= 0 ? '+' : ''}${change.toFixed(1)} %`
}

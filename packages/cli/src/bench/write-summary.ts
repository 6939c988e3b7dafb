import type { Output } from '../io.ts'
import { changeOf } from './condition.ts'
import { histogram } from './histogram.ts'
import type { Sample } from './sample.ts'
import { meansOf, sparkline } from './sparkline.ts'
import type { Spread } from './statistics.ts'
import { gapsOf, measureNames, measureOf, type Summary } from './summary.ts'

const columns = ['p50', 'p90', 'p95', 'p99', 'max'] as const

interface WriteOptions {
  readonly before: Summary | undefined
  readonly isAscii: boolean
}

/** One level of load as a table, with plots of what a table hides. */
export async function writeSummary(
  output: Output,
  summary: Summary,
  samples: readonly Sample[],
  { before, isAscii }: WriteOptions,
): Promise<void> {
  const lines = [headOf(summary), ...tableOf(summary, before)]
  const gaps = samples.map(({ tokenTimesMs }) => gapsOf(tokenTimesMs))
  const bars = histogram(gaps.flat(), { isAscii })
  if (bars.length > 0) lines.push('', 'between two chunks:', ...bars.map((row) => `  ${row.trimEnd()}`))
  const courses = [
    courseOf('ttft, from answer to answer', ttftsOf(samples), isAscii),
    courseOf('gap, along an answer', alongAnAnswer(gaps), isAscii),
  ]
  const drawn = courses.filter((course) => course !== undefined)
  if (drawn.length > 0) lines.push('', ...drawn)
  await output.write(`${lines.join('\n')}\n`)
}

function ttftsOf(samples: readonly Sample[]): number[] {
  return samples.map(({ tokenTimesMs }) => tokenTimesMs[0]).filter((ms) => ms !== undefined)
}

const places = 40

/** The mean gap at each part of the answers, however long they are. */
function alongAnAnswer(gaps: readonly (readonly number[])[]): number[] {
  const longest = gaps.reduce((most, { length }) => Math.min(places, Math.max(most, length)), 0)
  const courses = gaps.filter(({ length }) => length > 0).map((own) => meansOf(own, longest))
  return Array.from(
    { length: longest },
    (_, place) => courses.reduce((sum, course) => sum + (course[place] ?? 0), 0) / courses.length,
  )
}

/** `ttft, from answer to answer  ▁▂█▁  280 ms – 350 ms` */
function courseOf(name: string, values: readonly number[], isAscii: boolean): string | undefined {
  if (values.length < 2) return undefined
  const means = meansOf(values, Math.min(places, values.length))
  const [low, high] = [Math.min(...means), Math.max(...means)].map((value) => inUnit(value, 'ms'))
  return `${name.padEnd(27)}  ${sparkline(means, { width: places, isAscii })}  ${low} ${isAscii ? '-' : '–'} ${high}`
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

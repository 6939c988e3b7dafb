import type { Sample } from './sample.ts'
import { spreadOf, type Spread } from './statistics.ts'

interface Measure {
  readonly unit: '' | '/s' | 'ms'
  readonly about: string
  /** What one answer adds to it. */
  readonly of: (sample: Sample) => readonly (number | undefined)[]
}

/** Everything that is measured, by the name that `--fail-if` and the JSON use. */
export const measures = {
  headers: { unit: 'ms', about: 'the status of the response', of: ({ headersMs }) => [headersMs] },
  firstByte: { unit: 'ms', about: 'the first byte of the body', of: ({ firstByteMs }) => [firstByteMs] },
  firstChunk: {
    unit: 'ms',
    about: 'the first chunk, which mostly carries nothing',
    of: ({ firstChunkMs }) => [firstChunkMs],
  },
  firstReasoning: {
    unit: 'ms',
    about: 'the first token of the thoughts',
    of: ({ firstReasoningMs }) => [firstReasoningMs],
  },
  firstContent: { unit: 'ms', about: 'the first token of the answer', of: ({ firstContentMs }) => [firstContentMs] },
  ttft: { unit: 'ms', about: 'the first token of either', of: ({ tokenTimesMs }) => [tokenTimesMs[0]] },
  gap: { unit: 'ms', about: 'between two chunks that carry something', of: ({ tokenTimesMs }) => gapsOf(tokenTimesMs) },
  total: {
    unit: 'ms',
    about: 'the whole answer',
    of: ({ totalMs, error }) => [error === undefined ? totalMs : undefined],
  },
  chunkRate: { unit: '/s', about: 'chunks that carry something, after the first', of: (sample) => [chunkRate(sample)] },
  tokenRate: { unit: '/s', about: 'tokens after the first chunk', of: (sample) => [tokenRate(sample)] },
  tokensPerChunk: { unit: '', about: 'a chunk is no token', of: (sample) => [tokensPerChunk(sample)] },
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof measures

export const measureNames = Object.keys(measures) as MeasureName[]

export function measureOf(name: MeasureName): Measure {
  return measures[name]
}

/** What one level of load came to. */
export interface Summary {
  readonly concurrency: number
  readonly runs: number
  /** How many failed. */
  readonly failed: number
  /** By their codes. */
  readonly errors: Readonly<Record<string, number>>
  readonly wallMs: number
  readonly chunks: number
  readonly tokens: number
  /** Some of the tokens were counted by a guess. */
  readonly isEstimated: boolean
  /** Of the connections that were opened; later requests mostly find one that is open. */
  readonly connect?: Spread
  readonly measures: { readonly [N in MeasureName]?: Spread }
}

export function summaryOf(
  samples: readonly Sample[],
  level: { readonly concurrency: number; readonly wallMs: number; readonly connectsMs: readonly number[] },
): Summary {
  const errors: Record<string, number> = {}
  for (const { error } of samples) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1
  const connect = spreadOf(level.connectsMs)
  return {
    concurrency: level.concurrency,
    runs: samples.length,
    failed: samples.filter(({ error }) => error !== undefined).length,
    errors,
    wallMs: level.wallMs,
    chunks: total(samples, ({ chunks }) => chunks),
    tokens: total(samples, ({ tokens }) => tokens),
    isEstimated: samples.some(({ isEstimated, tokens }) => isEstimated && tokens > 0),
    ...(connect !== undefined && { connect }),
    measures: Object.fromEntries(
      measureNames
        .map((name) => [name, spreadOf(samples.flatMap((sample) => measureOf(name).of(sample)).filter(isKnown))])
        .filter(([, spread]) => spread !== undefined),
    ) as Summary['measures'],
  }
}

function isKnown(value: number | undefined): value is number {
  return value !== undefined
}

function total(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.reduce((sum, sample) => sum + of(sample), 0)
}

/** The times between two tokens. */
export function gapsOf(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? at))
}

/** From the first to the last of them: the time to the first is another measure. */
function chunkRate({ tokenTimesMs: times }: Sample): number | undefined {
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
  return spanMs > 0 ? ((times.length - 1) * 1000) / spanMs : undefined
}

function tokenRate(sample: Sample): number | undefined {
  const rate = chunkRate(sample)
  const each = tokensPerChunk(sample)
  return rate === undefined || each === undefined ? undefined : rate * each
}

function tokensPerChunk({ tokens, tokenTimesMs }: Sample): number | undefined {
  return tokens > 0 && tokenTimesMs.length > 0 ? tokens / tokenTimesMs.length : undefined
}

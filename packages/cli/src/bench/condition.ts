import { spreadKeys, type Spread } from './statistics.ts'
import { measureNames, type MeasureName, type Summary } from './summary.ts'

/** `ttft.p95>800ms`, `errors>0`, `tokenRate.p50<-10%` (ten percent below the run it is compared with). */
export interface Condition {
  readonly text: string
  readonly what: 'errors' | { readonly measure: MeasureName | 'connect'; readonly of: keyof Spread }
  readonly isAbove: boolean
  readonly limit: number
  /** A change against the run it is compared with, in percent. */
  readonly isChange: boolean
}

export function parseCondition(text: string): Condition | undefined {
  const [, name = '', of = '', sign = '', amount = '', unit = ''] =
    /^\s*(\w+)(?:\.(\w+))?\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*(ms|s|\/s|%)?\s*$/.exec(text) ?? []
  if (amount === '') return undefined
  const limit = Number(amount) * (unit === 's' ? 1000 : 1)
  const rest = { text: text.trim(), isAbove: sign === '>', limit, isChange: unit === '%' }
  if (name === 'errors' && of === '') return unit === '' ? { ...rest, what: 'errors' } : undefined
  const measure = [...measureNames, 'connect' as const].find((one) => one === name)
  const key = spreadKeys.find((one) => one === (of === '' ? 'p50' : of))
  return measure === undefined || key === undefined ? undefined : { ...rest, what: { measure, of: key } }
}

/** What a condition looks at, when it is met; `undefined` when it is not, or when there is nothing to look at. */
export function metBy(condition: Condition, now: Summary, before: Summary | undefined): number | undefined {
  const value = valueOf(condition, now)
  if (value === undefined) return undefined
  const compared = condition.isChange ? changeOf(value, before && valueOf(condition, before)) : value
  if (compared === undefined) return undefined
  const isMet = condition.isAbove ? compared > condition.limit : compared < condition.limit
  return isMet ? compared : undefined
}

function valueOf({ what }: Condition, summary: Summary): number | undefined {
  if (what === 'errors') return summary.failed
  const spread = what.measure === 'connect' ? summary.connect : summary.measures[what.measure]
  return spread?.[what.of]
}

/** In percent. */
export function changeOf(value: number, before: number | undefined): number | undefined {
  return before === undefined || before === 0 ? undefined : (value / before - 1) * 100
}

import type { ContentPart } from '../chunk.ts'
import { isObject } from '../is-object.ts'
import { copy, extraOf } from './extras.ts'
import { joinText, type Rule } from './rules.ts'

type Content = string | ContentPart[]

/**
 * `content`: text that appends, or typed parts.
 *
 * Mistral and Databricks send lists of parts, sometimes after plain text. From the first list on, plain text is a text
 * part. Where two pieces meet, the last part of the one and the first of the other become one part if both are of the
 * same growing type: only at the seam, so that parts which came together stay as they were.
 */
export const content: Rule<Content> = (have, next) => {
  if (typeof next === 'string') {
    if (have === undefined) return next
    return typeof have === 'string' ? joinText(have, next) : joinParts(have, partsOf(next))
  }
  return joinParts(have === undefined ? [] : partsOf(have), next)
}

function partsOf(value: Content): ContentPart[] {
  if (typeof value !== 'string') return value
  return value === '' ? [] : [{ type: 'text', text: value }]
}

/** Part types whose text comes in pieces. An image or a reference is whole. */
const GROWING: ReadonlySet<unknown> = new Set([
  'text',
  'thinking',
  'reasoning',
  'summary_text',
  'reasoning_text',
  'output_text',
  'refusal',
])

function joinParts<T>(sum: T[], next: readonly T[]): T[] {
  let seam = true
  for (const item of next) {
    const last = sum.at(-1)
    // What is merged of two parts is one, of their type.
    if (seam && sameGrowing(last, item)) sum[sum.length - 1] = part('', last, item) as T
    else sum.push(copy(item))
    seam = false
  }
  return sum
}

/** Two parts that are one: as among extras, but their lists are lists of parts. */
const part = /* @__PURE__ */ extraOf({ prose: true, list: joinParts })

const sameGrowing = (a: unknown, b: unknown): boolean =>
  isObject(a) && isObject(b) && GROWING.has(a['type']) && ['type', 'index', 'id'].every((key) => a[key] === b[key])

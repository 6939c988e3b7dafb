import { isObject, type Obj } from '../is-object.ts'
import { placesIn } from './places.ts'
import { type ExtraRule, joinText } from './rules.ts'

/**
 * The rules for what a provider adds, per level of the chunk.
 *
 * | level | string | list | object |
 * | --- | --- | --- | --- |
 * | top level | set | replaced: Perplexity repeats all citations | key by key |
 * | choice | set | grows: the token ids of vLLM | key by key |
 * | delta | grows where its name says prose, else set | grows | key by key |
 * | tool call | set | replaced | key by key |
 *
 * A number or boolean is set, never added. In a growing list, objects with an `index` merge by `index`, `type` and `id`
 * (the `reasoning_details` and `images` of OpenRouter); everything else is appended whole.
 *
 * Of two values of different kinds the richer stands (number, string, list, object), whatever their order: a "last one
 * wins" between kinds would make the answer depend on where chunks were summed.
 */
interface Level {
  readonly prose: boolean
  readonly list: ListRule
}

/** What becomes of two lists. `have` may be changed; `merge` is the rule for two items of one place. */
type ListRule = (have: unknown[], next: readonly unknown[], merge: ExtraRule) => unknown[]

const latestList: ListRule = (_have, next) => next.map(copy)

const growing: ListRule = (sum, next, merge) => {
  for (const item of next) {
    const key = placeKey(item)
    // An appended item is never changed later, so it may be shared; one with a place grows and must be ours.
    if (key === undefined) {
      sum.push(item)
      continue
    }
    const places = placesIn(sum, placeKey)
    const at = places.get(key) ?? sum.length
    places.set(key, at)
    sum[at] = merge('', sum[at], item)
  }
  return sum
}

export const topLevelExtra: ExtraRule = /* @__PURE__ */ extraOf({ prose: false, list: latestList })
export const choiceExtra: ExtraRule = /* @__PURE__ */ extraOf({ prose: false, list: growing })
export const deltaExtra: ExtraRule = /* @__PURE__ */ extraOf({ prose: true, list: growing })
export const callExtra: ExtraRule = topLevelExtra

export function extraOf({ prose, list }: Level): ExtraRule {
  return function merge(key, have, next) {
    if (next === undefined || next === null) return have === undefined ? null : have
    const rank = rankOf(next)
    if (rankOf(have) > rank) return have
    const base = rankOf(have) === rank ? have : undefined
    if (Array.isArray(next)) return list((base ?? []) as unknown[], next, merge)
    if (isObject(next)) return overlay((base ?? {}) as Obj, next, merge)
    return typeof base === 'string' && prose && isProse(key) ? joinText(base, next as string) : next
  }
}

function overlay(sum: Obj, next: Obj, merge: ExtraRule): Obj {
  for (const key of Object.keys(next)) {
    if (key === '__proto__') continue
    sum[key] = merge(key, Object.hasOwn(sum, key) ? sum[key] : undefined, next[key])
  }
  return sum
}

/** How rich a value is: nothing, a number or flag, text, a list, an object. */
function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'string') return 2
  return isObject(value) ? 4 : Array.isArray(value) ? 3 : 1
}

/** What names the place of an item in a growing list, so that later items of the same place merge into it. */
function placeKey(item: unknown): string | undefined {
  if (!isObject(item)) return undefined
  const { index, type = null, id = null } = item
  return Number.isInteger(index) && isScalar(type) && isScalar(id) ? JSON.stringify([index, type, id]) : undefined
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

const PROSE = /reasoning|thinking|thought|refusal|content|(?<!con)text|summary|transcript/i
/** Names with a word of prose in them that hold something else: `thought_signature`, `encrypted_content`. */
const NOT_PROSE = /signature|encrypted|format|type|effort|status|model|_id$|_url$/i

/** Whether a string under this name arrives in pieces. */
export const isProse = (key: string): boolean => PROSE.test(key) && !NOT_PROSE.test(key)

/** A deep copy of a JSON value, without `__proto__`. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy) as T
  const sum: Obj = {}
  for (const key of Object.keys(value)) if (key !== '__proto__') sum[key] = copy((value as Obj)[key])
  return sum as T
}

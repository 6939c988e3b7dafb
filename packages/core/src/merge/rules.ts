import { placesIn } from './places.ts'

/**
 * Folds one incoming value into what has been collected so far.
 *
 * `have` is `undefined` the first time a value arrives. The merge owns `have` and may change it in place; `next` belongs
 * to the caller and is never changed.
 */
export type Rule<T> = (have: T | undefined, next: T) => T

/**
 * One rule for every field of `T`: a field left out is a type error.
 *
 * The fields of `Extra` are known, but must survive any kind of value: they have no rule of their own.
 */
export type Rules<T, Extra extends keyof T> = {
  readonly [K in Exclude<keyof T, Extra>]-?: Rule<NonNullable<T[K]>>
}

/** What happens to a field that has no rule of its own: the same question, with the field's name. */
export type ExtraRule = (key: string, have: unknown, next: unknown) => unknown

/** Text that arrives in pieces: `refusal`, `function.arguments`, `audio.data`. */
export const append: Rule<string> = (have, next) => (have === undefined ? next : joinText(have, next))

/**
 * Appends, and lays the text out flat each time a sixteenth of it (at least 256 characters) has come.
 *
 * An engine keeps an appended text as a tree of its pieces, 32 bytes for each: a thousand pieces of 6 characters cost
 * 27 KB, with this half a KB beyond the text. Its garbage collector walks the tree, too.
 */
export function joinText(have: string, next: string): string {
  const sum = have + next
  // Copies of long texts cost more than their characters: space is made for each.
  const part = Math.max(8, (sum.length < 0x10000 ? 27 : 29) - Math.clz32(sum.length))
  // A search lays the text out first (Node.js 20, 24); asking for a character no longer does on Node.js 24.
  if (sum.length >> part !== have.length >> part) sum.lastIndexOf(' ', 0)
  return sum
}

/** Identity. The first value that says something stands, later ones are echoes: `id`, `created`, `role`, `type`. */
export const keep = <T>(have: T | undefined, next: T): T => have || next

/** State. The latest value stands: `moderation`, `audio.expires_at`. */
export const replace = <T>(_have: T | undefined, next: T): T => next

/** State in words. The latest value stands, but `''` says nothing: `finish_reason`, `service_tier`, `function.name`. */
export const latest: Rule<string> = (have, next) => (next === '' ? (have ?? next) : next)

/** Lists of whole items: `logprobs.content`. Pushes in place: copying would be quadratic in the length of the answer. */
export const concat = <T>(have: T[] | undefined, next: readonly T[]): T[] => {
  const sum = have ?? []
  for (const item of next) sum.push(item)
  return sum
}

/**
 * An object, field by field.
 *
 * A field without a rule goes to `extra`. A `null` never erases a value, it only says that the field was there.
 */
export function fields<T extends object, Extra extends keyof T = never>(
  rules: Rules<T, Extra>,
  extra: ExtraRule,
): Rule<T> {
  // No prototype: a wire field called "constructor" must find no rule.
  // A rule is only ever given the values of its own field.
  const ruleOf = Object.assign(Object.create(null) as object, rules) as { [key: string]: Rule<unknown> | undefined }
  return (have, next) => {
    const sum = (have ?? {}) as Record<string, unknown>
    for (const key in next) {
      const value: unknown = next[key]
      if (value === undefined || key === '__proto__') continue
      const rule = ruleOf[key]
      const known = sum[key]
      if (value === null) {
        if (!Object.hasOwn(sum, key)) sum[key] = null
      } else if (rule === undefined) {
        sum[key] = extra(key, Object.hasOwn(sum, key) ? known : undefined, value)
      } else {
        const grown = rule(known ?? undefined, value)
        // Most fields of a chunk say nothing new: not writing them back saves a push a quarter.
        if (grown !== known) sum[key] = grown
      }
    }
    return sum as T
  }
}

/** A list of partial items, each naming its place with `index`: `choices`, `tool_calls`. */
export function byIndex<T extends { index: number }>(item: Rule<T>): Rule<T[]> {
  return (have, next) => {
    const sum = have ?? []
    for (const partial of next) {
      const at = placeOf(sum, partial.index)
      if (at === undefined) sum.push(item(undefined, partial))
      else sum[at] = item(sum[at], partial)
    }
    return sum
  }
}

/** Where an item stands or, if it is new, `undefined`; then it is taken for the next to be added. */
function placeOf(items: readonly { index: number }[], index: number): number | undefined {
  const last = items.length - 1
  if (last === -1) return undefined
  // A fragment nearly always belongs to the item that came last.
  if (items[last]?.index === index) return last
  const places = placesIn(items, (item) => item.index)
  const at = places.get(index)
  if (at === undefined) places.set(index, items.length)
  return at
}

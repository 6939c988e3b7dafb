import type { Obj } from './is-object.ts'

/** The given fields of an object, in the order given. A field that is absent or `undefined` is left out. */
export function pick(fields: object, keys: readonly string[]): Obj {
  const present = fields as Readonly<Obj>
  return Object.fromEntries(keys.filter((key) => present[key] !== undefined).map((key) => [key, present[key]]))
}

/**
 * The other fields of an object.
 *
 * A copy, where `delete` would be shorter: V8 keeps an object that had a field deleted as a table of hashes, which takes
 * more than twice the memory and slows down whoever reads it. An event of OpenAI took 5.3 µs that way, and takes 4.1.
 */
export function omit(fields: object, keys: readonly string[] = []): Obj {
  const present = fields as Readonly<Obj>
  const others: Obj = {}
  for (const key in present)
    if (present[key] !== undefined && key !== '__proto__' && !keys.includes(key)) others[key] = present[key]
  return others
}

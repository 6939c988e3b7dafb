import { isObject, type Obj } from '../is-object.ts'
import { omit } from '../pick.ts'

/**
 * One provider's oddity and how it is resolved.
 *
 * A repair gets a part of a chunk that is its own to change, sees whether its oddity is there, and returns whether it
 * changed anything. A field that it sets to `undefined` is dropped.
 */
export type Repair<State> = (part: Obj, state: State) => boolean

/**
 * Named repairs, in the order of their application. A name is stable: warnings carry it, people search for it. What is
 * odd, who does it and where it was reported stands in `catalogue.ts`.
 */
export type Repairs<State> = Readonly<Record<string, Repair<State>>>

/** Makes the one small loop over a table, which gives what it made of the part. Its entries are listed once, for all streams. */
export function repairer<Name extends string, State>(repairs: {
  readonly [name in Name]: Repair<State>
}): (part: Obj, state: State, report: (name: Name) => void) => Obj {
  const entries = Object.entries(repairs) as [Name, Repair<State>][]
  return (part, state, report) => {
    let changed = false
    for (const [name, repair] of entries) {
      if (!repair(part, state)) continue
      report(name)
      changed = true
    }
    return changed ? omit(part) : part
  }
}

/** A repair that drops a field whose value says nothing. */
export const dropped =
  (field: string, isOdd: (value: unknown) => boolean): Repair<unknown> =>
  (part) =>
    part[field] !== undefined && isOdd(part[field]) && drop(part, field)

/** Drops a field. */
export function drop(part: Obj, field: string): true {
  part[field] = undefined
  return true
}

export const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The items of a list; of an object in a list's place, the object. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : isObject(value) ? [value] : [])

export const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** An object of one's own without its key `__proto__`, which would not survive being assigned, and must not. */
export function own(part: Obj): Obj {
  if (Object.hasOwn(part, '__proto__')) delete part['__proto__']
  return part
}

/** Refuses a call without what it needs, and shows the right one: plain JavaScript has no compiler to do so. */
export function required<T>(option: T | undefined, call: string): asserts option is T {
  if (option === undefined) throw new TypeError(`the right call is ${call}`)
}

/** Refuses a call without what it needs, and shows the right one: plain JavaScript has no compiler to do so. */
export function required(option: unknown, call: string): void {
  if (option === undefined) throw new TypeError(`the right call is ${call}`)
}

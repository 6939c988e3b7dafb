/** The value of a text of JSON; `undefined`, which JSON does not have, when it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The given fields of an object, in the order given. A field that is absent or `undefined` is left out. */
export function pick(fields: object, keys: readonly string[]): { [key: string]: unknown } {
  const present = fields as { readonly [key: string]: unknown }
  return Object.fromEntries(keys.filter((key) => present[key] !== undefined).map((key) => [key, present[key]]))
}

/** The other fields of an object. */
export function omit(fields: object, keys: readonly string[]): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => value !== undefined && !keys.includes(key)))
}

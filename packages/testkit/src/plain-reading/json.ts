/** Guards of our own, though core has such: nothing of core is used in this folder. */
export type Json = { [key: string]: unknown }

export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : []
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Keeps the different values, in order, without `''`. */
export function remember(list: string[], value: unknown) {
  const text = typeof value === 'number' ? String(value) : value
  if (isText(text) && !list.includes(text)) list.push(text)
}

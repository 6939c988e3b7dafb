export type Obj = Record<string, unknown>

/** Whether a value is an object in the sense of JSON. */
export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

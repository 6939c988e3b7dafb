export type Obj = Record<string, unknown>

/** Whether a value is an object in the sense of JSON. */
export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether an object has no fields. */
export const isEmpty = (value: object): boolean => Object.keys(value).length === 0

/** A value, or a function that is asked for it each time. */
export type Resolvable<T> = T | (() => Promise<T> | T)

/** The value, now. */
export const currentOf = <T>(value: Resolvable<T>): Promise<T> | T =>
  typeof value === 'function' ? (value as () => Promise<T> | T)() : value

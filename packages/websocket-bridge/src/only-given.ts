/** Without the options that are `undefined`, so that spreading them over defaults leaves the defaults. */
export function onlyGiven<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // What is left has no `undefined` in it.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

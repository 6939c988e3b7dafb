/** Who is told of something. */
export type Listeners<T> = Set<(value: T) => void>

/** Adds a listener, also one that listens already. Gives what ends that. */
export function listen<T>(listeners: Listeners<T>, listener: (value: T) => void): () => void {
  const own = (value: T): void => listener(value)
  listeners.add(own)
  return () => listeners.delete(own)
}

export function tellAll<T>(listeners: Listeners<T>, value: T): void {
  for (const listener of listeners) listener(value)
}

import { attempt } from './attempt.ts'

/** Who is told of something. */
export type Listeners<T> = Set<(value: T) => void>

/** Adds a listener, also one that listens already. Gives what ends that. */
export function listen<T>(listeners: Listeners<T>, listener: (value: T) => void): () => void {
  const own = (value: T): void => listener(value)
  listeners.add(own)
  return () => listeners.delete(own)
}

/** Tells those who listen now. */
export function tellAll<T>(listeners: Listeners<T>, value: T): void {
  // Who listens again from within is told the next time.
  const told = [...listeners]
  for (const listener of told) if (listeners.has(listener)) attempt(() => listener(value))
}

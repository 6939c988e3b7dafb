/** Listens to events of the window, where there is one. Gives what ends that. */
export function onWindow(types: readonly string[], listener: (event: Event) => void): () => void {
  const listening = new AbortController()
  const { window } = globalThis as Partial<typeof globalThis>
  // Its `signal` is the one option that it has.
  for (const type of types) window?.addEventListener(type, listener, listening)
  return () => listening.abort()
}

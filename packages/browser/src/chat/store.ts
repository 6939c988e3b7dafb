/** A part of a store, as an external store of its own. */
export interface Selection<S> {
  subscribe(onChange: () => void): () => void
  getSnapshot(): S
}

export interface Store<State> {
  get(): State
  /** Changes what is given, and tells everybody. */
  set(change: Partial<State>): void
  subscribe(onChange: () => void): () => void
  select<S>(select: (state: State) => S, isEqual?: (a: S, b: S) => boolean): Selection<S>
  readonly size: number
  clear(): void
}

/** Holds one immutable value after the other. */
export function createStore<State extends object>(initial: State): Store<State> {
  let state = initial
  const listeners = new Set<() => void>()
  const subscribe = (onChange: () => void): (() => void) => {
    // One function may subscribe twice.
    const listener = (): void => onChange()
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    get: () => state,
    set(change) {
      if (Object.entries(change).every(([key, value]) => Object.is(state[key as keyof State], value))) return
      state = { ...state, ...change }
      for (const listener of listeners) listener()
    },
    subscribe,
    select(select, isEqual = Object.is) {
      let seen = state
      let value = select(state)
      const getSnapshot = (): typeof value => {
        if (seen === state) return value
        seen = state
        const next = select(state)
        if (!isEqual(value, next)) value = next
        return value
      }
      return {
        getSnapshot,
        subscribe(onChange) {
          let told = getSnapshot()
          return subscribe(() => {
            if (told === getSnapshot()) return
            told = value
            onChange()
          })
        },
      }
    },
    get size() {
      return listeners.size
    },
    clear: () => listeners.clear(),
  }
}

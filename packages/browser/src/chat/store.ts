import { type Listeners, tellAll } from './listeners.ts'

/** A part of a store, as an external store of its own. */
export interface Selection<S> {
  /** Calls back when the part has changed. Gives what ends that. */
  subscribe(onChange: () => void): () => void
  /** The part now. The same value until it changes. */
  getSnapshot(): S
}

export interface Store<State> {
  get(): State
  /** Changes what is given, and tells everybody. */
  set(change: Partial<State>): void
  /** @param subscribe to the whole */
  select<S>(
    select: (state: State) => S,
    isEqual: ((a: S, b: S) => boolean) | undefined,
    subscribe: Selection<S>['subscribe'],
  ): Selection<S>
  /** Who is told of changes. */
  readonly listeners: Listeners<void>
}

/** Holds one immutable value after the other. */
export function createStore<State extends object>(initial: State): Store<State> {
  let state = initial
  const listeners: Listeners<void> = new Set()
  return {
    listeners,
    get: () => state,
    set(change) {
      if (Object.entries(change).every(([key, value]) => Object.is(state[key as keyof State], value))) return
      state = { ...state, ...change }
      tellAll(listeners, undefined)
    },
    select(select, isEqual = Object.is, subscribe) {
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
  }
}

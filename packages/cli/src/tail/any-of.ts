/** What any of the sources gives, as it comes; ends when all have ended. Leaving it leaves all. */
export async function* anyOf<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, undefined> {
  const iterators = new Map(sources.map((source, at) => [at, source[Symbol.asyncIterator]()]))
  const next = async (at: number) => ({ at, result: await iterators.get(at)?.next() })
  const waiting = new Map([...iterators.keys()].map((at) => [at, next(at)]))
  try {
    while (waiting.size > 0) {
      const { at, result } = await Promise.race(waiting.values())
      if (result === undefined || result.done === true) {
        waiting.delete(at)
        continue
      }
      waiting.set(at, next(at))
      yield result.value
    }
  } finally {
    // Not awaited: one that waits for what never comes would not come back.
    for (const iterator of iterators.values()) iterator.return?.()?.catch(() => {})
    for (const one of waiting.values()) one.catch(() => {})
  }
}

/** A loop over what comes, which ends when it is left, also while it waits. */
export interface Loop<T> {
  readonly values: AsyncGenerator<T, void, undefined>
  /** There may be something to take. */
  wake(): void
  /** Nothing comes after what is there. With a reason: that is thrown then. */
  end(reason?: Error): void
}

/**
 * Makes a loop.
 *
 * @param take what there is; `undefined` if there is nothing
 * @param leave called when nobody loops any more, perhaps more than once
 */
export function createLoop<T>(take: () => T | undefined, leave: () => void): Loop<T> {
  let end: { readonly reason: Error | undefined } | undefined
  let hasLeft = false
  let wake = (): void => {}

  async function* loop(): AsyncGenerator<T, void, undefined> {
    try {
      while (!hasLeft) {
        const value = take()
        if (value !== undefined) yield value
        else if (end === undefined)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        else if (end.reason === undefined) return
        else throw end.reason
      }
    } finally {
      leave()
    }
  }

  const values = loop()
  // A generator does not hear `return` before it has begun, nor while it waits.
  const finish = values.return.bind(values)
  values.return = async (value) => {
    hasLeft = true
    leave()
    wake()
    return finish(value)
  }
  return {
    values,
    wake: () => wake(),
    end(reason) {
      end ??= { reason }
      wake()
    },
  }
}

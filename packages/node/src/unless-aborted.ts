/** What is promised, or an abort's reason if that comes first: what is waited for need not know signals. */
export function unlessAborted<T>(signal: AbortSignal, value: T): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    Promise.resolve(value)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/**
 * The source until the signal: then it ends with the signal's reason, even when the source is silent.
 *
 * A read of standard input cannot be taken back; it is left behind.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  // One listener for all reads. A race against one promise would keep something of every read until the end.
  let endRead = () => {}
  const abort = () => endRead()
  signal.addEventListener('abort', abort)
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        endRead = () => reject(signal.reason as Error)
        if (signal.aborted) endRead()
        else iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not awaited: it would wait for the read that is still out.
    iterator.return?.()?.catch(() => {})
  }
}

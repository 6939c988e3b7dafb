/**
 * The source until the signal: then it ends with the signal's reason, even when the source is silent.
 *
 * A read of standard input cannot be taken back; it is left behind.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
  })
  // It may be aborted while nobody reads.
  aborted.catch(() => {})
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not awaited: it would wait for the read that is still out.
    iterator.return?.()?.catch(() => {})
  }
}

import type { Clock } from '../clock.ts'

/** The outputs of tools that a source waits for. */
export interface ToolOutputs {
  /**
   * Resolves to the output of a call, once somebody has given it.
   *
   * @param name the word under which it is given
   * @param standing what was given already
   */
  wait(name: string, standing: string | undefined): Promise<unknown>
  /** A word has been put on the stream. Any other is nothing to this. */
  take(name: string, value: string): void
  readonly areAwaited: boolean
}

export interface ToolOutputsOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Aborts when the stream is over: nobody is waited for then. */
  readonly signal: AbortSignal
}

export function createToolOutputs({ clock, timeoutMs, signal }: ToolOutputsOptions): ToolOutputs {
  const waiting = new Map<string, Set<(value: string) => void>>()
  let count = 0

  /** Whichever way it ends, no timer and no listener is left of it. */
  function given(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const waiters = waiting.get(name) ?? new Set()
      const leave = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', abort)
        waiters.delete(take)
        if (waiters.size === 0 && waiting.get(name) === waiters) waiting.delete(name)
      }
      const fail = (reason: Error): void => {
        leave()
        reject(reason)
      }
      const take = (value: string): void => {
        leave()
        resolve(value)
      }
      // It is the `DOMException` that ends a stream.
      const abort = (): void => fail(signal.reason as Error)
      const timer = clock.start(timeoutMs, () =>
        fail(new Error(`no output of ${name} came within ${timeoutMs} ms (toolTimeoutMs)`)),
      )
      signal.addEventListener('abort', abort)
      waiting.set(name, waiters.add(take))
    })
  }

  return {
    async wait(name, standing) {
      count++
      try {
        // Written by `JSON.stringify` when it was given.
        return (JSON.parse(standing ?? (await given(name))) as { readonly output?: unknown }).output
      } finally {
        count--
      }
    },
    take(name, value) {
      for (const take of waiting.get(name) ?? []) take(value)
    },
    get areAwaited() {
      return count > 0
    },
  }
}

/** A signal of a caller, or a `TypeError` that shows one: its controller is easily given in its place. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || (typeof signal?.addEventListener === 'function' && 'aborted' in signal)) return signal
  throw new TypeError('signal must be an AbortSignal, as in { signal: controller.signal }')
}

interface Followers {
  readonly callbacks: Set<(reason: unknown) => void>
  readonly stop: () => void
}

const followed = new WeakMap<AbortSignal, Followers>()

/**
 * Calls back when a signal aborts, which it has not yet, unless stopped before.
 *
 * One listener serves all: one signal may well end a thousand streams, and Node.js warns of a leak from the eleventh on.
 *
 * @returns stops following
 */
export function followAbort(signal: AbortSignal, callback: (reason: unknown) => void): () => void {
  const followers = followed.get(signal) ?? follow(signal)
  // One's own, so that the same callback may follow twice.
  const own = (reason: unknown): void => callback(reason)
  followers.callbacks.add(own)
  return () => {
    if (followers.callbacks.delete(own) && followers.callbacks.size === 0) followers.stop()
  }
}

function follow(signal: AbortSignal): Followers {
  const callbacks = new Set<(reason: unknown) => void>()
  const onAbort = (): void => {
    for (const callback of callbacks) callback(signal.reason)
  }
  const stop = (): void => {
    signal.removeEventListener('abort', onAbort)
    followed.delete(signal)
  }
  signal.addEventListener('abort', onAbort)
  const followers = { callbacks, stop }
  followed.set(signal, followers)
  return followers
}

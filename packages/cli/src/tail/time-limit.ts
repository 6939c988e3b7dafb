import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'

export interface TimeLimits {
  /** For all of it. */
  readonly timeoutMs: number | undefined
  /** Without anything new. */
  readonly idleMs: number | undefined
}

export interface LimitedIo {
  /** Its signal is aborted also when a time is over, with a `CliError` that says so. */
  readonly io: Io
  /** Something new has come. */
  readonly hear: () => void
  /** Ends it: nothing waits for a time any more. */
  readonly stop: () => void
}

/** The same, for so long; for as long as it takes without a time. */
export function withinTime(io: Io, { timeoutMs, idleMs }: TimeLimits): LimitedIo {
  const { clock } = io
  const over = new AbortController()
  const stopped = new AbortController()
  let heardAt = clock.now()

  async function end(code: number, message: string, leftMs: () => number): Promise<void> {
    for (let left = leftMs(); left > 0; left = leftMs()) {
      await clock.sleep(left, stopped.signal)
      if (stopped.signal.aborted) return
    }
    over.abort(new CliError(code, message))
  }

  const startedAt = heardAt
  if (timeoutMs !== undefined) {
    const message = `there was no end within ${timeoutMs / 1000} s (--timeout)`
    void end(exitCode.totalTimeout, message, () => startedAt + timeoutMs - clock.now())
  }
  if (idleMs !== undefined) {
    const message = `nothing has come for ${idleMs / 1000} s (--idle-timeout)`
    void end(exitCode.broken, message, () => heardAt + idleMs - clock.now())
  }
  return {
    io: { ...io, signal: AbortSignal.any([io.signal, over.signal]) },
    hear: () => (heardAt = clock.now()),
    stop: () => stopped.abort(),
  }
}

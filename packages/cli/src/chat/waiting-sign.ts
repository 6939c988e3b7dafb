import type { Io } from '../io.ts'
import type { Loudness } from '../report.ts'

/** A sign that something is going on. */
export interface WaitingSign {
  /** Takes it away, once and for all. */
  stop(): Promise<void>
}

/** What is answered at once needs no sign. */
const firstMs = 500
const stepMs = 100
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * Shows on a terminal that the answer is being waited for, and for how long.
 *
 * On the line where the cursor stands, which is empty, and gone before anything is printed: in the log of a terminal
 * nothing of it stays. A terminal that cannot erase (`TERM=dumb`) gets none.
 *
 * @param about how far it is, for what takes many steps
 */
export function createWaitingSign(
  { stderr, stdout, env, clock, signal }: Io,
  { quiet }: Pick<Loudness, 'quiet'>,
  about?: () => string,
): WaitingSign {
  const isShown = stderr.isTTY && stdout.isTTY && !quiet && env['TERM'] !== 'dumb'
  if (!isShown) return { stop: async () => {} }
  const ended = new AbortController()
  const end = () => ended.abort()
  signal.addEventListener('abort', end, { once: true })
  const startedAt = clock.now()
  let isThere = false

  async function turn() {
    await clock.sleep(firstMs, ended.signal)
    for (let at = 0; !ended.signal.aborted; at++) {
      isThere = true
      const seconds = Math.floor((clock.now() - startedAt) / 1000)
      const step = about === undefined ? '' : ` · ${about()}\u001B[K`
      await stderr.write(`\r${frames[at % frames.length]}${seconds === 0 ? '' : ` ${seconds} s`}${step}`)
      await clock.sleep(stepMs, ended.signal)
    }
  }

  const turning = turn()
  return {
    async stop() {
      signal.removeEventListener('abort', end)
      if (ended.signal.aborted && !isThere) return
      end()
      await turning
      if (!isThere) return
      isThere = false
      await stderr.write('\r\u001B[K')
      // The answer goes to another stream of the same terminal: it shall not be overtaken.
      await stderr.flush()
    },
  }
}

import type { Input } from './io.ts'
import { isTerminal } from './is-terminal.ts'

/**
 * Standard input, opened when it is first read.
 *
 * Not before: opening makes a pipe non-blocking, also for a command of the user's that we hand it on to.
 */
export function createProcessInput(): Input & { open: () => NodeJS.ReadStream; close: () => void } {
  let isOpen = false
  return {
    isTTY: isTerminal(0),
    [Symbol.asyncIterator]() {
      isOpen = true
      return process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    },
    /** For who reads more than bytes from it: a line editor. */
    open() {
      isOpen = true
      return process.stdin
    },
    /** A read that is still out would keep the process alive until the other side writes or leaves. */
    close() {
      if (isOpen) process.stdin.destroy()
    },
  }
}

import { isatty } from 'node:tty'
import type { Input } from './io.ts'

/**
 * Standard input, opened when it is first read.
 *
 * Not before: opening makes a pipe non-blocking, also for a command of the user's that we hand it on to.
 */
export function createProcessInput(): Input & { close: () => void } {
  let isOpen = false
  return {
    isTTY: isatty(0),
    [Symbol.asyncIterator]() {
      isOpen = true
      return process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    },
    /** A read that is still out would keep the process alive until the other side writes or leaves. */
    close() {
      if (isOpen) process.stdin.destroy()
    },
  }
}

import type { Writable } from 'node:stream'
import { OutputClosed, type Output } from './io.ts'

/** How much may wait before the writer has to. */
const maxPendingLength = 64 * 1024

/**
 * An output over one of the process's streams.
 *
 * What is written in one turn of the event loop leaves it together: the chunks of one network read are one system call,
 * and a reader down the pipe still has them at once.
 *
 * When nobody reads a vital output any more, writing fails; any other is then written to in vain.
 */
export function createProcessOutput(stream: Writable & { isTTY?: boolean }, { isVital }: { isVital: boolean }): Output {
  let pending = ''
  let flushing: Promise<void> | undefined
  let failure: Error | undefined

  function fail(error: Error | null | undefined) {
    if (error) failure ??= isClosedPipe(error) ? new OutputClosed('the output was closed', { cause: error }) : error
  }

  // Without a listener it would end the process.
  stream.on('error', fail)

  async function flushPending() {
    await new Promise((resolve) => setImmediate(resolve))
    while (pending !== '' && failure === undefined) {
      const text = pending
      pending = ''
      await new Promise<void>((resolve) => {
        stream.write(text, (error) => {
          fail(error)
          resolve()
        })
      })
    }
    flushing = undefined
  }

  async function flush() {
    await flushing
    if (failure !== undefined && isVital) throw failure
  }

  return {
    isTTY: stream.isTTY === true,
    async write(text) {
      if (failure !== undefined) return flush()
      pending += text
      flushing ??= flushPending()
      if (pending.length > maxPendingLength) await flush()
    },
    flush,
  }
}

/** `EPIPE` on a pipe, the other two on Windows and on sockets. */
function isClosedPipe(error: Error): boolean {
  return 'code' in error && ['EPIPE', 'EOF', 'ECONNRESET'].includes(String(error.code))
}

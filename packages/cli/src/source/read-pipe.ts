import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'

/**
 * A named pipe to its end, or to the signal.
 *
 * A pipe that is opened as a file is blocks until somebody writes into it, and every read until more comes: nothing else
 * happens then, and no Ctrl-C either.
 */
export async function* readPipe(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const pipe = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })
  const stop = () => pipe.destroy(signal?.reason as Error)
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop)
  try {
    yield* pipe as AsyncIterable<Uint8Array>
  } finally {
    signal?.removeEventListener('abort', stop)
    pipe.destroy()
  }
}

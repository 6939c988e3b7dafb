import type { Writable } from 'node:stream'
import { usageError } from './arguments/usage-error.ts'
import { OutputClosed, type Output } from './io.ts'

/** How much may wait before the writer has to. */
const maxPendingLength = 64 * 1024

type ProcessStream = Writable & { columns?: number; rows?: number }

export interface ProcessOutputOptions {
  readonly isTTY: boolean
  readonly isVital: boolean
}

/**
 * An output over one of the process's streams.
 *
 * What is written in one turn of the event loop leaves it together: the chunks of one network read are one system call,
 * and a reader down the pipe still has them at once.
 *
 * A stream of Node.js is opened for a terminal, and where a descriptor cannot take more right now: to open one costs a
 * start six milliseconds.
 *
 * When nobody reads a vital output any more, writing fails; any other is then written to in vain.
 */
export function createProcessOutput(
  descriptor: 1 | 2,
  open: () => ProcessStream,
  { isTTY, isVital }: ProcessOutputOptions,
): Output {
  let opened: ProcessStream | undefined
  let pending: (Uint8Array | string)[] = []
  let pendingLength = 0
  let flushing: Promise<void> | undefined
  let failure: Error | undefined

  function fail(error: Error | null | undefined) {
    if (!error) return
    failure ??= isClosedPipe(error)
      ? new OutputClosed('the output was closed', { cause: error })
      : usageError(`cannot write the output: ${error.message}`)
  }

  function stream(): ProcessStream {
    if (opened !== undefined) return opened
    opened = open()
    // Without a listener it would end the process.
    opened.on('error', fail)
    return opened
  }

  async function send(piece: Uint8Array | string) {
    try {
      const rest = isTTY || opened !== undefined ? piece : await writeTo(descriptor, piece)
      if (rest.length > 0)
        await new Promise<void>((resolve, reject) => {
          stream().write(rest, (error) => (error ? reject(error) : resolve()))
        })
    } catch (error) {
      fail(error as Error)
    }
  }

  async function flushPending() {
    await new Promise((resolve) => setImmediate(resolve))
    while (pending.length > 0 && failure === undefined) {
      const pieces = joined(pending)
      pending = []
      pendingLength = 0
      for (const piece of pieces) await send(piece)
    }
    flushing = undefined
  }

  async function flush() {
    await flushing
    if (failure !== undefined && isVital) throw failure
  }

  return {
    isTTY,
    columns: () => (isTTY ? stream().columns : undefined),
    rows: () => (isTTY ? stream().rows : undefined),
    async write(text) {
      if (failure !== undefined) return flush()
      if (text.length === 0) return
      pending.push(text)
      pendingLength += text.length
      flushing ??= flushPending()
      if (pendingLength > maxPendingLength) await flush()
    },
    flush,
    ...(isTTY && {
      writeNow(text) {
        // The stream of a terminal is written to synchronously.
        for (const piece of joined([...pending, text])) stream().write(piece)
        pending = []
        pendingLength = 0
      },
    }),
  }
}

/**
 * Writes to a file or a pipe without blocking, and resolves to what is left: a pipe that somebody else has made
 * non-blocking takes no more while it is full.
 */
async function writeTo(descriptor: number, piece: Uint8Array | string): Promise<Uint8Array> {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
  let done = 0
  while (done < bytes.length) {
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      process.getBuiltinModule('node:fs').write(descriptor, bytes, done, bytes.length - done, null, (reason, count) => {
        done += count
        resolve(reason)
      })
    })
    if (error?.code === 'EAGAIN') break
    if (error !== null) throw error
  }
  return bytes.subarray(done)
}

/** Text that follows text goes out with it: one system call. */
function joined(pieces: readonly (Uint8Array | string)[]): (Uint8Array | string)[] {
  const out: (Uint8Array | string)[] = []
  let run: string[] = []
  for (const piece of [...pieces, new Uint8Array()]) {
    if (typeof piece === 'string') {
      run.push(piece)
      continue
    }
    if (run.length > 0) out.push(run.join(''))
    run = []
    if (piece.length > 0) out.push(piece)
  }
  return out
}

/** `EPIPE` on a pipe, the other two on Windows and on sockets. */
function isClosedPipe(error: Error): boolean {
  return 'code' in error && ['EPIPE', 'EOF', 'ECONNRESET'].includes(String(error.code))
}

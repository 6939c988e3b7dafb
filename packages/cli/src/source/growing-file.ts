import type { Clock } from '../clock.ts'

const fs = process.getBuiltinModule('node:fs')

/** How often a file is looked at that has nothing new. */
const pauseMs = 100

/** A file from its beginning, and on and on as it grows. Ends when its reader leaves, or with the reason of the signal. */
export async function* growingFile(
  path: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = fs.openSync(path, 'r')
  try {
    for (;;) {
      if (signal.aborted) throw signal.reason
      const piece = Buffer.allocUnsafe(64 * 1024)
      const length = fs.readSync(file, piece, 0, piece.length, null)
      if (length > 0) yield piece.subarray(0, length)
      else await clock.sleep(pauseMs, signal)
    }
  } finally {
    fs.closeSync(file)
  }
}

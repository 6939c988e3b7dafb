import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

const fileProblems: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'not allowed',
  EPERM: 'not allowed',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
}

// An import would load the promises of the module as well, which costs every start 3 ms.
const fs = process.getBuiltinModule('node:fs')

/** Says before anything is printed that a file cannot be read. */
export function checkFile(path: string): void {
  try {
    fs.accessSync(path, fs.constants.R_OK)
  } catch (error) {
    throw unreadable(path, error instanceof Error && 'code' in error ? String(error.code) : '')
  }
  if (fs.statSync(path).isDirectory()) throw unreadable(path, 'EISDIR')
}

function unreadable(path: string, code: string) {
  return usageError(
    `cannot read ${quote(path)}: ${fileProblems[code] ?? code}`,
    'a SOURCE is a file, - for standard input, an http URL, ws://HOST/TOPIC, @ID of the history, or demo:NAME',
  )
}

/** Whether it is a named pipe, as of `<(curl …)`. */
export function isPipe(path: string): boolean {
  return fs.statSync(path).isFIFO()
}

/**
 * Opened when it is read, not before: there may be many.
 *
 * Without a stream of Node.js around it, which costs a short run 5 ms.
 *
 * @param signal ends the wait for a pipe; a file never lets anybody wait
 */
export async function* readFile(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (isPipe(path)) {
    yield* (await import('./read-pipe.ts')).readPipe(path, signal)
    return
  }
  const file = fs.openSync(path, 'r')
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(64 * 1024)
      const length = await new Promise<number>((resolve, reject) => {
        fs.read(file, piece, 0, piece.length, null, (error, read) => (error ? reject(error) : resolve(read)))
      })
      if (length === 0) return
      yield piece.subarray(0, length)
    }
  } finally {
    fs.closeSync(file)
  }
}

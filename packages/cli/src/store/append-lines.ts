import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { usageError } from '../arguments/usage-error.ts'
import { statIfThere } from '../stat-if-there.ts'
import { fileMode } from './private-file.ts'

/**
 * Adds lines at the end of a file, all of them or none, whoever else adds at the same time.
 *
 * One write to a file that is open for appending goes to its end as a whole: POSIX, `write`, `O_APPEND`; Windows,
 * `FILE_APPEND_DATA`. A process that was killed can have left half a line; then ours begins on a new one.
 */
export function appendLines(path: string, lines: readonly string[]): void {
  // Read and append: the last byte tells whether the last line is whole.
  const file = openSync(path, 'a+', fileMode)
  try {
    const text = `${lines.join('\n')}\n`
    const bytes = Buffer.from(endsInsideLine(file) ? `\n${text}` : text)
    const written = writeSync(file, bytes)
    if (written < bytes.length) throw usageError(`the disk is full: ${path} was not written to its end`)
    // Somebody made the file anew in the meantime: what was written went with the old one.
    if (fstatSync(file).ino !== statIfThere(path)?.ino) return appendLines(path, lines)
  } finally {
    closeSync(file)
  }
}

function endsInsideLine(file: number): boolean {
  const { size } = fstatSync(file)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
}

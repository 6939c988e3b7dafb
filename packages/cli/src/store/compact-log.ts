import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { statIfThere } from '../stat-if-there.ts'
import { appendLines } from './append-lines.ts'
import { fileMode } from './private-file.ts'
import { readLines } from './read-lines.ts'

/** A line of the log that is kept. */
export interface KeptLine {
  readonly offset: number
  readonly length: number
}

/**
 * Writes the log anew, without what nobody needs any more. Only who holds the lock of the history may do it.
 *
 * Others go on adding lines meanwhile, and we may be killed after any step:
 *
 * 1. The new log is written beside the old one. Its head says how much of the old one it stands for.
 * 2. The old log gets a second name. Nothing has happened yet: both names are one file.
 * 3. The new log takes the name of the log, at once.
 * 4. What was added to the old log after it was read is added to the new one, and the old one goes. Whoever finds an old
 *    log does this in our place (`finishCompaction`); whoever was adding finds that the file is another, and adds again.
 */
export function compactLog(log: string, covered: number, head: object, lines: Iterable<KeptLine>): void {
  const beside = besideOf(log)
  try {
    writeKept(log, beside, JSON.stringify({ ...head, replaces: covered }), lines)
    linkSync(log, oldOf(log))
    renameSync(beside, log)
  } catch {
    // A full disk, a file system without links, somebody who keeps the file open: it stays as large as it is.
    rmSync(beside, { force: true })
  }
  finishCompaction(log)
}

/** Takes over what was added to a log while it was written anew. Only who holds the lock may. */
export function finishCompaction(log: string): void {
  const old = oldOf(log)
  // Left by somebody who was killed while writing it.
  rmSync(besideOf(log), { force: true })
  if (!existsSync(old)) return
  const isReplaced = statSync(old).ino !== statIfThere(log)?.ino
  if (isReplaced) {
    const added = [...readLines(old, replacedBytes(log))].map(({ text }) => text).filter((text) => text.trim() !== '')
    if (added.length > 0) appendLines(log, added)
  }
  rmSync(old, { force: true })
}

function besideOf(log: string): string {
  return `${log}.new`
}

export function oldOf(log: string): string {
  return `${log}.old`
}

/** What the head of a log says about the one before it. */
function replacedBytes(log: string): number {
  for (const { text } of readLines(log, 0)) {
    const { replaces = 0 } = JSON.parse(text) as { replaces?: number }
    return replaces
  }
  return 0
}

function writeKept(log: string, beside: string, head: string, lines: Iterable<KeptLine>): void {
  const from = openSync(log, 'r')
  const to = openSync(beside, 'w', fileMode)
  try {
    writeAll(to, Buffer.from(`${head}\n`))
    for (const { offset, length } of lines) {
      const line = Buffer.alloc(length + 1, '\n')
      readSync(from, line, 0, length, offset)
      writeAll(to, line)
    }
    // The name must not lead to an empty file when the power goes.
    fsyncSync(to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  if (writeSync(file, bytes) < bytes.length) throw new Error('the disk is full')
}

/** Which file a name leads to: another one after a compaction. */
export function fileIdentity(log: string): number | undefined {
  return statIfThere(log)?.ino
}

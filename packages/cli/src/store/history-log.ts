import { closeSync, existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { usageError } from '../arguments/usage-error.ts'
import { appendLines } from './append-lines.ts'
import { compactLog, fileIdentity, finishCompaction, oldOf } from './compact-log.ts'
import { createId } from './create-id.ts'
import { adoptDrafts } from './draft.ts'
import { loadIndex, type HistoryIndex } from './history-index.ts'
import { liveLines } from './live-lines.ts'
import { whenUnlocked, withLockFile } from './lock-file.ts'
import { makePrivateFolder } from './private-file.ts'
import { openLines } from './read-lines.ts'
import { readRecord, type HistoryRecord } from './record.ts'
import { threadStatesOf, type ThreadState } from './thread-state.ts'

/** The record of an entry; nothing when its line is not wanted, or is none. */
export type ReadEntry = (entry: number, isWanted?: (line: string) => boolean) => HistoryRecord | undefined

/** The log of a history under the hands of several programs, with what is derived from it. */
export interface HistoryLog {
  readonly path: string
  /** Of the log that is there now: read again when it was added to by us, or written anew by anybody. */
  index(): HistoryIndex
  /** What became of every conversation, in the order of their numbers. */
  states(): readonly ThreadState[]
  /** Reads lines for one call, which begins again when the log is written anew in this very moment. */
  reading<T>(work: (read: ReadEntry) => T): T
  /** Adds records in one write. */
  append(...records: readonly HistoryRecord[]): void
  /** Makes the lines of conversations blank, and writes the log anew when most of it is needed by nobody. */
  remove(threads: readonly string[]): void
  /** Reads what others have added since. */
  reload(): void
  /** How many lines the last call has read. */
  readonly linesRead: number
}

/** Less is not worth the index that has to be made anew. */
const minGarbageBytes = 64 * 1024

export function openHistoryLog(folder: string, now: () => number): HistoryLog {
  const path = join(folder, 'history.jsonl')
  const indexPath = join(folder, 'history.index')
  const lockPath = join(folder, 'history.lock')
  const draftFolder = join(folder, 'drafts')
  /** The file that the index speaks of. */
  let file: number | undefined
  let known: HistoryIndex | undefined
  let states: ThreadState[] | undefined
  let linesRead = 0

  function reload() {
    known = states = undefined
  }

  function index(): HistoryIndex {
    if (known === undefined && existsSync(draftFolder) && readdirSync(draftFolder).length > 0) {
      adoptDrafts(draftFolder, (records) => append(...records))
    }
    // Somebody has written the log anew: every line stands elsewhere now.
    if (fileIdentity(path) !== file) reload()
    if (known !== undefined) return known
    // Who has begun that was killed, or has not come to its end yet; then it finishes by itself.
    if (existsSync(oldOf(path))) withLockFile(lockPath, Date.now(), () => finishCompaction(path))
    file = fileIdentity(path)
    return (known = loadIndex(path, indexPath, now()))
  }

  function statesNow(): ThreadState[] {
    const { entries } = index()
    return (states ??= threadStatesOf(entries))
  }

  function reading<T>(work: (read: ReadEntry) => T): T {
    const { entries } = index()
    linesRead = 0
    if (entries.length === 0) return work(() => undefined)
    const lines = openLines(path)
    try {
      if (fileIdentity(path) !== file) return reading(work)
      return work((number, isWanted) => {
        const { offset, length } = entries.at(number)
        linesRead += 1
        const line = lines.read(offset, length)
        return isWanted?.(line) === false ? undefined : readRecord(line)
      })
    } finally {
      lines.close()
    }
  }

  function append(...records: readonly HistoryRecord[]) {
    if (records.length === 0) return
    try {
      makePrivateFolder(folder)
      const head = existsSync(path) ? [] : [JSON.stringify(newHead())]
      appendLines(path, [...head, ...records.map((record) => JSON.stringify(record))])
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw usageError(
        `cannot keep this in the history: ${reason}`,
        'elsewhere: --data-dir FOLDER; nowhere: --no-store',
      )
    }
    reload()
  }

  function erase(threads: readonly string[]) {
    const { entries } = index()
    const numbers = new Set(
      statesNow()
        .filter(({ id }) => threads.includes(id))
        .map(({ number }) => number),
    )
    const log = openSync(path, 'r+')
    try {
      for (let at = 0; at < entries.length; at++) {
        if (!numbers.has(entries.threadAt(at))) continue
        const { offset, length } = entries.at(at)
        writeSync(log, Buffer.alloc(length, ' '), 0, length, offset)
      }
    } finally {
      closeSync(log)
    }
    index().forget(numbers)
  }

  function compact() {
    const { entries, covered } = index()
    const kept = liveLines(entries, statesNow())
    const size = kept.reduce((sum, { length }) => sum + length + 1, 0)
    if (covered - size < minGarbageBytes || size > covered / 2) return
    compactLog(path, covered, newHead(), kept)
    reload()
  }

  return {
    path,
    index,
    states: statesNow,
    reading,
    append,
    remove(threads) {
      // Nobody writes the log anew meanwhile: a line that was read before it was made blank would live on.
      whenUnlocked(lockPath, () => {
        finishCompaction(path)
        erase(threads)
        const at = new Date(now()).toISOString()
        append(...threads.map((thread) => ({ type: 'removal', thread, at }) as const))
        compact()
      })
    },
    reload,
    get linesRead() {
      return linesRead
    },
  }
}

/** The first line of a log. Its id makes it another log than the one before. */
function newHead() {
  return { type: 'history', v: 1, id: createId(), note: 'deltawire history' }
}

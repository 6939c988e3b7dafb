import { closeSync, existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { usageError } from '../arguments/usage-error.ts'
import { appendLines } from './append-lines.ts'
import { compactLog, fileIdentity, finishCompaction, oldOf, type KeptLine } from './compact-log.ts'
import { createId } from './create-id.ts'
import { adoptDrafts } from './draft.ts'
import type { Entries } from './entries.ts'
import { folded, mayHold, mayStandIn, queryGrams } from './grams.ts'
import { loadIndex, type HistoryIndex } from './history-index.ts'
import { whenUnlocked, withLockFile } from './lock-file.ts'
import { firstWords, messageText } from './message-text.ts'
import { makePrivateFolder } from './private-file.ts'
import { openLines } from './read-lines.ts'
import { readRecord, type HistoryRecord, type MessageRecord } from './record.ts'

/** A conversation as a list shows it. */
export interface Thread {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly messages: number
  /** Where it goes on: its newest answer, or where `goto` left it. `null` when nobody has answered yet. */
  readonly tip: string | null
}

export interface Found {
  readonly thread: Thread
  readonly record: MessageRecord
}

/**
 * The history of conversations in one folder: a log of lines that are only added, and an index derived from it.
 *
 * Everything is synchronous: a line is on its way to the disk before the next thing happens, also when that is the end of
 * the process.
 */
export interface History {
  readonly folder: string
  readonly logPath: string
  /** Adds records in one write. */
  append(...records: readonly HistoryRecord[]): void
  /** Newest first, without those that were removed. */
  threads(limit?: number): readonly Thread[]
  /** By id, the beginning of an id, or title. All that fit, the newest first. */
  findThreads(given: string): readonly Thread[]
  /** The answers whose id begins so, the newest first; those of conversations that were removed are none. */
  findAnswers(given: string, limit: number): readonly MessageRecord[]
  /** All messages of a conversation in the order in which they were written. */
  messages(thread: string): readonly MessageRecord[]
  /** The messages that hold all of the words, the newest first. */
  search(query: string, limit: number): readonly Found[]
  /** Makes the lines of conversations blank. Other programs may go on adding meanwhile. */
  remove(threads: readonly string[]): void
  /** Reads what others have added since. */
  reload(): void
  /** How many lines the last call has read: what makes a search instant is that they are few. */
  readonly linesRead: number
}

interface ThreadState {
  readonly id: string
  number: number
  titleEntry: number
  first: number | undefined
  messages: number
  tip: number | undefined
  createdAt: number
  updatedAt: number
  isRemoved: boolean
}

/** The record of an entry; nothing when its line is not wanted, or is none. */
type ReadEntry = (entry: number, isWanted?: (line: string) => boolean) => HistoryRecord | undefined

export function openHistory(folder: string, now: () => number = Date.now): History {
  const logPath = join(folder, 'history.jsonl')
  const indexPath = join(folder, 'history.index')
  const lockPath = join(folder, 'history.lock')
  const draftFolder = join(folder, 'drafts')
  /** The file that the index speaks of. */
  let file: number | undefined
  let index: HistoryIndex | undefined
  let states: ThreadState[] | undefined
  let linesRead = 0

  function load(): HistoryIndex {
    if (index === undefined && existsSync(draftFolder) && readdirSync(draftFolder).length > 0) {
      adoptDrafts(draftFolder, (records) => append(...records))
    }
    const current = fileIdentity(logPath)
    // Somebody has written the log anew: every line stands elsewhere now.
    if (current !== file) index = states = undefined
    if (index !== undefined) return index
    // Who has begun that was killed, or has not come to its end yet; then it finishes by itself.
    if (existsSync(oldOf(logPath))) withLockFile(lockPath, Date.now(), () => finishCompaction(logPath))
    file = fileIdentity(logPath)
    return (index = loadIndex(logPath, indexPath, now()))
  }

  function stateOf(): ThreadState[] {
    const { entries } = load()
    return (states ??= walk(entries))
  }

  function append(...records: readonly HistoryRecord[]) {
    if (records.length === 0) return
    try {
      makePrivateFolder(folder)
      const head = existsSync(logPath) ? [] : [JSON.stringify(newHead())]
      appendLines(logPath, [...head, ...records.map((record) => JSON.stringify(record))])
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw usageError(
        `cannot keep this in the history: ${reason}`,
        'elsewhere: --data-dir FOLDER; nowhere: --no-store',
      )
    }
    index = undefined
    states = undefined
  }

  /** Reads lines of the log for one call, which begins again when the log is written anew in this very moment. */
  function reading<T>(work: (read: ReadEntry) => T): T {
    const { entries } = load()
    linesRead = 0
    if (entries.length === 0) return work(() => undefined)
    const lines = openLines(logPath)
    try {
      if (fileIdentity(logPath) !== file) return reading(work)
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

  function toThread(state: ThreadState, read: ReadEntry): Thread {
    const { entries } = load()
    const { id, createdAt, updatedAt, messages, tip } = state
    const record = read(state.titleEntry)
    const given = record?.type === 'thread' ? record.title : null
    const first = given === null && state.first !== undefined ? read(state.first) : undefined
    const title = given ?? (first?.type === 'message' ? firstWords(messageText(first.message), 60) : '')
    return { id, title, createdAt, updatedAt, messages, tip: tip === undefined ? null : entries.at(tip).id }
  }

  function erase(threads: readonly string[]) {
    const { entries } = load()
    const numbers = new Set(
      stateOf()
        .filter(({ id }) => threads.includes(id))
        .map(({ number }) => number),
    )
    const log = openSync(logPath, 'r+')
    try {
      for (let at = 0; at < entries.length; at++) {
        if (!numbers.has(entries.threadAt(at))) continue
        const { offset, length } = entries.at(at)
        writeSync(log, Buffer.alloc(length, ' '), 0, length, offset)
      }
    } finally {
      closeSync(log)
    }
    load().forget(numbers)
  }

  /** Writes the log anew when most of it is needed by nobody. */
  function compact() {
    const { entries, covered } = load()
    const kept = liveLines(entries, stateOf())
    const size = kept.reduce((sum, { length }) => sum + length + 1, 0)
    if (covered - size < minGarbageBytes || size > covered / 2) return
    compactLog(logPath, covered, newHead(), kept)
    index = states = undefined
  }

  function visibleStates(): ThreadState[] {
    return stateOf()
      .filter(({ isRemoved }) => !isRemoved)
      .sort((a, b) => b.updatedAt - a.updatedAt || b.number - a.number)
  }

  return {
    folder,
    logPath,
    append,
    threads: (limit) =>
      reading((read) =>
        visibleStates()
          .slice(0, limit)
          .map((state) => toThread(state, read)),
      ),
    findThreads(given) {
      const wanted = folded(given)
      return reading((read) => {
        const all = visibleStates()
        const byId = all.filter(({ id }) => id.startsWith(given))
        if (byId.length > 0) return byId.map((state) => toThread(state, read))
        const titled = all.map((state) => toThread(state, read))
        const exact = titled.filter(({ title }) => title === given)
        return exact.length > 0 ? exact : titled.filter(({ title }) => folded(title).includes(wanted))
      })
    },
    findAnswers: (given, limit) =>
      reading((read) => {
        const { entries } = load()
        const all = stateOf()
        const found: MessageRecord[] = []
        for (let at = entries.length - 1; at >= 0 && found.length < limit; at--) {
          if (!entries.isAnswerAt(at) || all[entries.threadAt(at)]?.isRemoved !== false) continue
          if (!entries.at(at).id.startsWith(given)) continue
          const record = read(at)
          // A line that was added while the log was written anew can stand there twice.
          if (record?.type === 'message' && found.every(({ id }) => id !== record.id)) found.push(record)
        }
        return found
      }),
    messages: (thread) =>
      reading((read) => {
        const { entries } = load()
        const state = stateOf().find(({ id, isRemoved }) => id === thread && !isRemoved)
        const found = new Map<string, MessageRecord>()
        for (let at = 0; at < entries.length && state !== undefined; at++) {
          if (entries.kindAt(at) !== 'message' || entries.threadAt(at) !== state.number) continue
          const record = read(at)
          // A line that was added while the log was written anew can stand there twice.
          if (record?.type === 'message') found.set(record.id, record)
        }
        return [...found.values()]
      }),
    search(query, limit) {
      const words = folded(query)
        .split(/\s+/)
        .filter((word) => word !== '')
      const grams = queryGrams(words)
      const isWanted = (line: string) => mayStandIn(line, words)
      return reading((read) => {
        const { entries, filters } = load()
        const all = stateOf()
        const found: Found[] = []
        if (words.length === 0) return found
        const bits = filters()
        for (let at = entries.length - 1; at >= 0 && found.length < limit; at--) {
          if (entries.kindAt(at) !== 'message') continue
          const state = all[entries.threadAt(at)]
          if (state === undefined || state.isRemoved) continue
          if (!mayHold(bits, entries.filterOffsetAt(at), entries.filterBytesAt(at), grams)) continue
          const record = read(at, isWanted)
          if (record?.type !== 'message') continue
          const text = folded(messageText(record.message))
          if (words.every((word) => text.includes(word))) found.push({ thread: toThread(state, read), record })
        }
        return found
      })
    },
    remove(threads) {
      // Nobody writes the log anew meanwhile: a line that was read before it was made blank would live on.
      whenUnlocked(lockPath, () => {
        finishCompaction(logPath)
        erase(threads)
        const at = new Date(now()).toISOString()
        append(...threads.map((thread) => ({ type: 'removal', thread, at }) as const))
        compact()
      })
    },
    reload() {
      index = undefined
      states = undefined
    },
    get linesRead() {
      return linesRead
    },
  }
}

/** Less is not worth the index that has to be made anew. */
const minGarbageBytes = 64 * 1024

/** The first line of a log. Its id makes it another log than the one before. */
function newHead() {
  return { type: 'history', v: 1, id: createId(), note: 'deltawire history' }
}

/** What a log has to hold so that every conversation is as it was: its beginning, its last title, its last tip. */
function liveLines(entries: Entries, states: readonly ThreadState[]): KeptLine[] {
  const known = new Set<number>()
  const lastTip = new Map<number, number>()
  for (let at = 0; at < entries.length; at++) {
    if (entries.kindAt(at) === 'tip') lastTip.set(entries.threadAt(at), at)
  }
  const lines: KeptLine[] = []
  for (let at = 0; at < entries.length; at++) {
    const kind = entries.kindAt(at)
    const thread = entries.threadAt(at)
    const state = states[thread]
    const isFirst = kind === 'thread' && !known.has(thread)
    if (isFirst) known.add(thread)
    const isLive =
      state?.isRemoved === true
        ? // Somebody who was talking in it may add to it once more.
          kind === 'removal'
        : kind === 'message' || isFirst || state?.titleEntry === at || lastTip.get(thread) === at
    const { offset, length } = entries.at(at)
    // A conversation that only its messages speak of has no line.
    if (isLive && length > 0) lines.push({ offset, length })
  }
  return lines
}

/** What became of every conversation, in the order of their numbers. */
function walk(entries: Entries): ThreadState[] {
  const states: ThreadState[] = []
  for (let at = 0; at < entries.length; at++) {
    const kind = entries.kindAt(at)
    const thread = entries.threadAt(at)
    const time = entries.timeAt(at)
    const state = states[thread]
    if (kind === 'thread') {
      if (state === undefined) states[thread] = begun(thread, entries.at(at).id, at, time)
      else state.titleEntry = at
    }
    if (state === undefined) continue
    state.updatedAt = Math.max(state.updatedAt, time)
    if (kind === 'removal') state.isRemoved = true
    if (kind === 'tip') state.tip = entries.at(at).parent
    if (kind !== 'message') continue
    state.messages += 1
    // A prompt without an answer is a branch that ended: the next one begins where somebody had answered.
    if (entries.isAnswerAt(at)) state.tip = at
    else if (entries.isPromptAt(at)) state.first ??= at
  }
  return states
}

function begun(number: number, id: string, at: number, time: number): ThreadState {
  return {
    id,
    number,
    titleEntry: at,
    first: undefined,
    messages: 0,
    tip: undefined,
    createdAt: time,
    updatedAt: time,
    isRemoved: false,
  }
}

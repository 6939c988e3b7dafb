import { folded, mayHold, mayStandIn, queryGrams } from './grams.ts'
import { openHistoryLog, type ReadEntry } from './history-log.ts'
import { firstWords, messageText } from './message-text.ts'
import type { HistoryRecord, MessageRecord } from './record.ts'
import type { ThreadState } from './thread-state.ts'

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

export function openHistory(folder: string, now: () => number = Date.now): History {
  const log = openHistoryLog(folder, now)
  const { reading } = log

  function toThread(state: ThreadState, read: ReadEntry): Thread {
    const { entries } = log.index()
    const { id, createdAt, updatedAt, messages, tip } = state
    const record = read(state.titleEntry)
    const given = record?.type === 'thread' ? record.title : null
    const first = given === null && state.first !== undefined ? read(state.first) : undefined
    const title = given ?? (first?.type === 'message' ? firstWords(messageText(first.message), 60) : '')
    return { id, title, createdAt, updatedAt, messages, tip: tip === undefined ? null : entries.at(tip).id }
  }

  function visibleStates(): ThreadState[] {
    return log
      .states()
      .filter(({ isRemoved }) => !isRemoved)
      .sort((a, b) => b.updatedAt - a.updatedAt || b.number - a.number)
  }

  return {
    folder,
    logPath: log.path,
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
        const { entries } = log.index()
        const all = log.states()
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
        const { entries } = log.index()
        const state = log.states().find(({ id, isRemoved }) => id === thread && !isRemoved)
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
        const { entries, filters } = log.index()
        const all = log.states()
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
    append: log.append,
    remove: log.remove,
    reload: log.reload,
    get linesRead() {
      return log.linesRead
    },
  }
}

import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { statIfThere } from '../stat-if-there.ts'
import { createEntries, entrySize, type Entries, type Entry } from './entries.ts'
import { createFilter } from './grams.ts'
import { withLockFile } from './lock-file.ts'
import { messageText } from './message-text.ts'
import { fileMode } from './private-file.ts'
import { readLines } from './read-lines.ts'
import { readRecord, type HistoryRecord } from './record.ts'

/**
 * What is known of the log without reading it: one entry for every line, and one filter for every message.
 *
 * Derived, and never trusted further than it goes: it knows how many bytes of which log it covers, the rest is read from
 * the log itself. Whoever finds much uncovered writes it anew; when it is missing, nothing is lost but time.
 */
export interface HistoryIndex {
  readonly entries: Entries
  /** How many bytes of the log its lines are. */
  readonly covered: number
  /** Read when they are needed: only a search does. */
  filters(): Uint8Array
  /** Writes it again without what its filters say about these conversations. */
  forget(threads: ReadonlySet<number>): void
}

const magic = 'deltawire index 1'
const headBytes = 128
/** What the first line of a log begins with: another log has another one. */
const identityBytes = 64
/** Read anew with every start while it is less: a millisecond or two. */
const maxTailBytes = 256 * 1024

interface Stored {
  readonly covered: number
  readonly entries: Uint8Array
  readonly filters: () => Uint8Array
}

/**
 * @param log the file of the history; there need not be one
 * @param now milliseconds since 1970
 */
export function loadIndex(log: string, path: string, now: number): HistoryIndex {
  const size = statIfThere(log)?.size ?? 0
  if (size === 0) return { entries: createEntries(), covered: 0, filters: () => new Uint8Array(), forget() {} }
  const identity = readBytes(log, 0, Math.min(identityBytes, size))
  const stored = readStored(path, identity, size)
  const entries = createEntries(stored?.entries)
  const added = cover(log, stored?.covered ?? 0, entries, lastFilterEnd(entries))
  const filters = once(() => {
    const known = stored?.filters() ?? new Uint8Array()
    // Most often nothing was added: then they are not copied.
    return added.filters.length === 0 ? known : Buffer.concat([known, ...added.filters])
  })
  const save = () =>
    withLockFile(`${path}.lock`, now, () => writeStored(path, identity, added.covered, entries, filters()))
  if (added.covered - (stored?.covered ?? 0) > maxTailBytes) save()
  return {
    entries,
    covered: added.covered,
    filters,
    forget(threads) {
      const bits = filters()
      for (let at = 0; at < entries.length; at++) {
        const from = entries.filterOffsetAt(at)
        if (threads.has(entries.threadAt(at))) bits.fill(0, from, from + entries.filterBytesAt(at))
      }
      if (stored !== undefined && !save()) rmSync(path, { force: true })
    },
  }
}

function lastFilterEnd(entries: Entries): number {
  if (entries.length === 0) return 0
  const { filterOffset, filterBytes } = entries.at(entries.length - 1)
  return filterOffset + filterBytes
}

/** Adds an entry for every line from an offset on. */
function cover(log: string, from: number, entries: Entries, filtersEnd: number) {
  const filters: Uint8Array[] = []
  // Most often there is no line to cover.
  const threadsOf = once(() => threadNumbers(entries))
  let covered = from
  let end = filtersEnd

  function threadOf(id: string, record: HistoryRecord, offset: number): number {
    const threads = threadsOf()
    const known = threads.get(id)
    if (known !== undefined) return known
    threads.set(id, threads.size)
    // A message whose conversation was never begun: a damaged file. It shall be found all the same.
    if (record.type !== 'thread') {
      entries.push({
        ...blank,
        kind: 'thread',
        id,
        offset,
        at: Date.parse(record.at),
        thread: threads.size - 1,
        filterOffset: end,
      })
    }
    return threads.size - 1
  }

  for (const { offset, length, text } of readLines(log, from)) {
    covered = offset + length + 1
    const record = readRecord(text)
    if (record === undefined) continue
    const thread = threadOf(record.type === 'thread' ? record.id : record.thread, record, offset)
    const filter = record.type === 'message' ? createFilter(messageText(record.message)) : new Uint8Array()
    entries.push({ ...toEntry(record, entries), offset, length, thread, filterOffset: end, filterBytes: filter.length })
    filters.push(filter)
    end += filter.length
  }
  return { covered, filters }
}

const blank: Omit<Entry, 'at' | 'id' | 'kind' | 'thread'> = {
  offset: 0,
  length: 0,
  parent: undefined,
  isAnswer: false,
  isPrompt: false,
  isPartial: false,
  filterOffset: 0,
  filterBytes: 0,
}

function toEntry(
  record: HistoryRecord,
  entries: Entries,
): Omit<Entry, 'filterBytes' | 'filterOffset' | 'length' | 'offset' | 'thread'> {
  const { type: kind } = record
  const at = Date.parse(record.at)
  const none = { kind, at, parent: undefined, isAnswer: false, isPrompt: false, isPartial: false }
  if (record.type === 'thread') return { ...none, id: record.id }
  if (record.type === 'removal') return { ...none, id: record.thread }
  if (record.type === 'tip') return { ...none, id: record.message, parent: entries.find('message', record.message) }
  return {
    kind,
    at,
    id: record.id,
    parent: record.parent === null ? undefined : entries.find('message', record.parent),
    isAnswer: record.message.role === 'assistant',
    isPrompt: record.message.role === 'user',
    isPartial: record.answer?.status === 'partial',
  }
}

/** Conversations are numbered in the order in which they began. */
function threadNumbers(entries: Entries): Map<string, number> {
  const numbers = new Map<string, number>()
  for (let index = 0; index < entries.length; index++) {
    if (entries.kindAt(index) === 'thread') numbers.set(entries.at(index).id, entries.threadAt(index))
  }
  return numbers
}

/** The index of this log, as far as it goes; nothing when there is none, or it is another's. */
function readStored(path: string, identity: Uint8Array, size: number): Stored | undefined {
  if (statIfThere(path) === undefined) return undefined
  const head = readBytes(path, 0, headBytes)
  if (head.length < headBytes || head.toString('latin1', 0, magic.length) !== magic) return undefined
  if (!head.subarray(64, 64 + identity.length).equals(identity)) return undefined
  const covered = head.readDoubleLE(32)
  const count = head.readUInt32LE(40)
  if (covered > size) return undefined
  const entries = readBytes(path, headBytes, count * entrySize)
  if (entries.length < count * entrySize) return undefined
  const from = headBytes + entries.length
  return { covered, entries, filters: () => readBytes(path, from, head.readUInt32LE(44)) }
}

/** Made beside it and put in its place at once: a reader has the old one or the new one. */
function writeStored(path: string, identity: Uint8Array, covered: number, entries: Entries, filters: Uint8Array): void {
  if (identity.length < identityBytes) return
  const head = Buffer.alloc(headBytes)
  head.write(magic, 0, 'latin1')
  head.writeDoubleLE(covered, 32)
  head.writeUInt32LE(entries.length, 40)
  head.writeUInt32LE(filters.length, 44)
  head.set(identity, 64)
  const beside = `${path}.${process.pid}`
  try {
    writeFileSync(beside, Buffer.concat([head, entries.bytes, filters]), { mode: fileMode })
    renameSync(beside, path)
  } catch {
    // A full disk, or a folder that is only to be read: it goes without.
    rmSync(beside, { force: true })
  }
}

function readBytes(path: string, from: number, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.allocUnsafe(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, from))
  } finally {
    closeSync(file)
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

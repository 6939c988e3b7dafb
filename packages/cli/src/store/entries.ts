import type { HistoryRecord } from './record.ts'
import { idLength } from './create-id.ts'

/** What is known of a line without reading it. A message knows its conversation and what it answers by their numbers. */
export interface Entry {
  readonly kind: HistoryRecord['type']
  /** Where the line stands in the log, in bytes. */
  readonly offset: number
  readonly length: number
  /** Of a message or a thread; of the message for a tip. */
  readonly id: string
  /** The number of the conversation, counted from 0. */
  readonly thread: number
  /** The number of the entry that this message answers, or that a tip points to. */
  readonly parent: number | undefined
  readonly isAnswer: boolean
  /** What a user asked. */
  readonly isPrompt: boolean
  readonly isPartial: boolean
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where its filter stands among the filters. */
  readonly filterOffset: number
  readonly filterBytes: number
}

/** The entries of a log, each of the same size: those of 100,000 messages are five megabytes, and read in a few milliseconds. */
export interface Entries {
  readonly length: number
  at(index: number): Entry
  push(entry: Entry): void
  /** The number of the newest entry with that id and kind; from the end, since that is where things happen. */
  find(kind: Entry['kind'], id: string): number | undefined
  /** Single columns, for a walk over all of them: an object for each would cost ten times as much. */
  kindAt(index: number): Entry['kind'] | undefined
  threadAt(index: number): number
  timeAt(index: number): number
  isAnswerAt(index: number): boolean
  isPromptAt(index: number): boolean
  filterOffsetAt(index: number): number
  filterBytesAt(index: number): number
  readonly bytes: Uint8Array
}

export const entrySize = 56

const kinds = ['thread', 'message', 'tip', 'removal'] as const
const answerFlag = 1
const partialFlag = 2
const promptFlag = 4

export function createEntries(stored: Uint8Array = new Uint8Array()): Entries {
  let length = Math.floor(stored.length / entrySize)
  let buffer = Buffer.from(stored.buffer, stored.byteOffset, length * entrySize)
  let view = viewOf(buffer)

  function grow() {
    const larger = Buffer.alloc(Math.max(buffer.length * 2, 64 * entrySize))
    buffer.copy(larger)
    buffer = larger
    view = viewOf(buffer)
  }

  const kindAt = (index: number) => kinds[view.getUint8(index * entrySize + 12)]
  const hasFlag = (index: number, flag: number) => (view.getUint8(index * entrySize + 13) & flag) !== 0

  return {
    get length() {
      return length
    },
    get bytes() {
      return buffer.subarray(0, length * entrySize)
    },
    kindAt,
    threadAt: (index) => view.getUint32(index * entrySize + 16, true),
    timeAt: (index) => view.getFloat64(index * entrySize + 24, true),
    isAnswerAt: (index) => hasFlag(index, answerFlag),
    isPromptAt: (index) => hasFlag(index, promptFlag),
    filterOffsetAt: (index) => view.getUint32(index * entrySize + 44, true),
    filterBytesAt: (index) => view.getUint32(index * entrySize + 48, true),
    at(index) {
      if (index < 0 || index >= length) throw new RangeError(`there is no entry ${index}`)
      const from = index * entrySize
      const flags = buffer.readUInt8(from + 13)
      const parent = buffer.readUInt32LE(from + 20)
      return {
        kind: kindAt(index) ?? 'removal',
        offset: buffer.readDoubleLE(from),
        length: buffer.readUInt32LE(from + 8),
        isAnswer: (flags & answerFlag) !== 0,
        isPrompt: (flags & promptFlag) !== 0,
        isPartial: (flags & partialFlag) !== 0,
        thread: buffer.readUInt32LE(from + 16),
        parent: parent === 0 ? undefined : parent - 1,
        at: buffer.readDoubleLE(from + 24),
        id: buffer.toString('latin1', from + 32, from + 32 + idLength).trimEnd(),
        filterOffset: buffer.readUInt32LE(from + 44),
        filterBytes: buffer.readUInt32LE(from + 48),
      }
    },
    push(entry) {
      const from = length * entrySize
      if (from + entrySize > buffer.length) grow()
      buffer.writeDoubleLE(entry.offset, from)
      buffer.writeUInt32LE(entry.length, from + 8)
      buffer.writeUInt8(kinds.indexOf(entry.kind), from + 12)
      buffer.writeUInt8(flagsOf(entry), from + 13)
      buffer.writeUInt32LE(entry.thread, from + 16)
      buffer.writeUInt32LE(entry.parent === undefined ? 0 : entry.parent + 1, from + 20)
      buffer.writeDoubleLE(entry.at, from + 24)
      buffer.write(entry.id.padEnd(idLength), from + 32, idLength, 'latin1')
      buffer.writeUInt32LE(entry.filterOffset, from + 44)
      buffer.writeUInt32LE(entry.filterBytes, from + 48)
      length += 1
    },
    find(kind, id) {
      const wanted = Buffer.from(id.padEnd(idLength), 'latin1')
      const code = kinds.indexOf(kind)
      const head = wanted.readUInt32LE(0)
      for (let index = length - 1; index >= 0; index--) {
        const from = index * entrySize
        // Most differ in their first letters.
        if (buffer.readUInt32LE(from + 32) !== head || buffer[from + 12] !== code) continue
        if (wanted.equals(buffer.subarray(from + 32, from + 32 + idLength))) return index
      }
      return undefined
    },
  }
}

function flagsOf({ isAnswer, isPartial, isPrompt }: Entry): number {
  return (isAnswer ? answerFlag : 0) | (isPartial ? partialFlag : 0) | (isPrompt ? promptFlag : 0)
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}

import { closeSync, openSync, readSync } from 'node:fs'

export interface Line {
  /** In bytes from the beginning of the file. */
  readonly offset: number
  /** In bytes, without the line end. */
  readonly length: number
  readonly text: string
}

const blockBytes = 1024 * 1024

/** The whole lines of a file from an offset on. What follows the last line end is not one yet. */
export function* readLines(path: string, from: number): Generator<Line, void, undefined> {
  const file = openSync(path, 'r')
  try {
    let offset = from
    let held = Buffer.alloc(0)
    for (;;) {
      const block = Buffer.allocUnsafe(blockBytes)
      const count = readSync(file, block, 0, blockBytes, offset + held.length)
      if (count === 0) return
      const bytes = held.length === 0 ? block.subarray(0, count) : Buffer.concat([held, block.subarray(0, count)])
      let start = 0
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
        yield { offset: offset + start, length: end - start, text: bytes.toString('utf8', start, end) }
        start = end + 1
      }
      held = bytes.subarray(start)
      offset += start
    }
  } finally {
    closeSync(file)
  }
}

/** Reads single lines whose places are known. */
export interface LineReader {
  read(offset: number, length: number): string
  close(): void
}

/** Whoever asks for a line so close in front of the last one goes on towards the beginning. */
const nearBytes = 16 * 1024

/** One read for each of a hundred thousand lines takes longer than everything else that a search does. */
export function openLines(path: string): LineReader {
  const file = openSync(path, 'r')
  let block = Buffer.alloc(0)
  let start = 0

  function load(from: number, length: number): void {
    const bytes = Buffer.allocUnsafe(length)
    block = bytes.subarray(0, readSync(file, bytes, 0, length, from))
    start = from
  }

  return {
    read(offset, length) {
      const end = offset + length
      if (offset < start || end > start + block.length) {
        const isNear = end <= start && start - end < nearBytes
        const from = isNear ? Math.max(0, Math.min(offset, end - blockBytes)) : offset
        load(from, end - from)
      }
      return block.toString('utf8', offset - start, end - start)
    },
    close: () => closeSync(file),
  }
}

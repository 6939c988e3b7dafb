const LF = 0x0a
const CR = 0x0d

export interface Line {
  /** Of its first byte, from the beginning of the body. */
  readonly offset: number
  /** Counted from 1. */
  readonly number: number
  readonly text: string
  readonly end: '' | '\n' | '\r' | '\r\n'
  /** With its end. */
  readonly bytes: Uint8Array
}

/** Lines up to and with a blank one: what an event stream is made of. */
export interface Block {
  readonly offset: number
  readonly bytes: Uint8Array
  /** Without the blank ones. */
  readonly lines: readonly Line[]
  /** Whether a blank line ends it. */
  readonly isClosed: boolean
}

/** Takes a body in pieces, and gives what is complete of it. */
export interface Scanner<T> {
  push(bytes: Uint8Array): T[]
  /** What is left, however it ends. */
  end(): T[]
}

/** A line that goes on longer is given in parts: no reader takes an event of that size. */
export const maxLineBytes = 32 * 1024 * 1024

/** What a line costs beside its bytes: many short ones have an end, too. */
export const bytesPerLine = 128

/** The lines of a body, whichever way they end. */
export function createLineScanner(): Scanner<Line> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest: Uint8Array[] = []
  let restLength = 0
  let offset = 0
  let number = 0

  function line(bytes: Uint8Array, end: Line['end']): Line {
    const found = {
      offset,
      number: ++number,
      text: decoder.decode(bytes.subarray(0, bytes.length - end.length)),
      end,
      bytes,
    }
    offset += bytes.length
    return found
  }

  function take(): Uint8Array {
    const [first = new Uint8Array()] = rest
    const bytes = rest.length <= 1 ? first : Buffer.concat(rest)
    rest = []
    restLength = 0
    return bytes
  }

  function hold(bytes: Uint8Array): void {
    if (bytes.length > 0) rest.push(bytes)
    restLength += bytes.length
  }

  function push(piece: Uint8Array, isLast = false): Line[] {
    const lines: Line[] = []
    // A CR that was the last byte may be half of a line end.
    const hasHalf = rest.at(-1)?.at(-1) === CR
    hold(piece)
    const bytes = hasHalf ? take() : piece
    let start = 0
    for (let at = hasHalf ? bytes.length - piece.length - 1 : 0; at < bytes.length; at++) {
      if (bytes[at] !== LF && bytes[at] !== CR) continue
      if (bytes[at] === CR && at + 1 === bytes.length && !isLast) break
      const end = bytes[at] === LF ? '\n' : bytes[at + 1] === LF ? '\r\n' : '\r'
      at += end.length - 1
      if (start === 0 && !hasHalf) {
        // The beginning of the first line may have come in earlier pieces.
        rest.pop()
        restLength -= piece.length
        hold(bytes.subarray(0, at + 1))
        lines.push(line(take(), end))
      } else lines.push(line(bytes.subarray(start, at + 1), end))
      start = at + 1
    }
    if (start > 0 || hasHalf) {
      take()
      hold(bytes.subarray(start))
    }
    if (restLength > maxLineBytes) lines.push(line(take(), ''))
    return lines
  }

  return {
    push: (piece) => (piece.length === 0 ? [] : push(piece)),
    end() {
      const last = take()
      if (last.length === 0) return []
      const lines = push(last, true)
      const open = take()
      return open.length === 0 ? lines : [...lines, line(open, '')]
    },
  }
}

/** The blocks of an event stream, of its lines. Together they are the stream, byte for byte. */
export function createBlockScanner(): Pick<Scanner<Block>, 'end'> & { push(line: Line): Block[] } {
  let all: Line[] = []
  let isClosed = false
  let hasText = false
  let length = 0

  function close(): Block[] {
    const [first] = all
    if (first === undefined) return []
    const lines = all.filter(({ text }) => text !== '')
    const bytes = all.length === 1 ? first.bytes : Buffer.concat(all.map((line) => line.bytes))
    const block = { offset: first.offset, bytes, lines, isClosed }
    all = []
    isClosed = false
    hasText = false
    length = 0
    return [block]
  }

  return {
    push(line) {
      // The block has begun that the blank line before it made room for.
      const done = (line.text !== '' && isClosed) || length > maxLineBytes ? close() : []
      isClosed ||= line.text === '' && hasText
      hasText ||= line.text !== ''
      all.push(line)
      length += line.bytes.length + bytesPerLine
      return done
    },
    end: close,
  }
}

/** The lines of a body of JSON, each as a block of its own. */
export function createLineBlocks(): ReturnType<typeof createBlockScanner> {
  return {
    push: (line) => [{ offset: line.offset, bytes: line.bytes, lines: [line], isClosed: true }],
    end: () => [],
  }
}

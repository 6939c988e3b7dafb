const LF = 0x0a
const CR = 0x0d

export interface Line {
  /** Of its first byte, from the beginning of the body. */
  readonly offset: number
  readonly text: string
  readonly end: '' | '\n' | '\r' | '\r\n'
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

/** The lines of a body, whichever way they end. */
export function linesOf(bytes: Uint8Array): Line[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const lines: Line[] = []
  let start = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== LF && bytes[at] !== CR) continue
    const end = bytes[at] === LF ? '\n' : bytes[at + 1] === LF ? '\r\n' : '\r'
    lines.push({ offset: start, text: decoder.decode(bytes.subarray(start, at)), end })
    at += end.length - 1
    start = at + 1
  }
  if (start < bytes.length) lines.push({ offset: start, text: decoder.decode(bytes.subarray(start)), end: '' })
  return lines
}

/** The blocks of an event stream. Together they are the stream, byte for byte. */
export function blocksOf(bytes: Uint8Array, lines: readonly Line[]): Block[] {
  const blocks: Block[] = []
  let open: Line[] = []
  let start = 0
  let isClosed = false
  const close = (end: number) => {
    if (end > start) blocks.push({ offset: start, bytes: bytes.subarray(start, end), lines: open, isClosed })
    open = []
    start = end
    isClosed = false
  }
  for (const line of lines) {
    if (line.text === '') {
      isClosed ||= open.length > 0
    } else {
      // The block has begun that the blank line before it made room for.
      if (isClosed) close(line.offset)
      open.push(line)
    }
  }
  close(bytes.length)
  return blocks
}

/** The lines of a body of JSON, each as a block of its own. */
export function linesAsBlocks(bytes: Uint8Array, lines: readonly Line[]): Block[] {
  return lines.map((line, at) => ({
    offset: line.offset,
    bytes: bytes.subarray(line.offset, lines[at + 1]?.offset ?? bytes.length),
    lines: [line],
    isClosed: true,
  }))
}

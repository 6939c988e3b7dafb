import { usageError } from '../arguments/usage-error.ts'
import type { Read, RecordingHead, RecordingLine } from './recording.ts'

/** A stream, and what is known about how it came. */
export interface Capture {
  /** Of a recording, or of a response that is being read; `undefined` for a bare file. */
  readonly head: RecordingHead | undefined
  /** Can be read once. Throws at the end what the connection broke with. */
  readonly reads: AsyncIterable<Read>
}

/** The connection of a recorded call broke. */
export class RecordedBreak extends Error {
  override readonly name = 'RecordedBreak'
  /** `ECONNRESET` */
  readonly code: string

  constructor(code: string, message = code) {
    super(message)
    this.code = code
  }
}

/** More than this is no first line of a recording: pictures in a request are large, and a mistake is larger. */
const maxHeadBytes = 64 * 1024 * 1024

/** A capture may have a whole body in one line. */
const maxLineLength = 256 * 1024 * 1024

/**
 * Takes the bytes of a file for a recording if they are one, otherwise for the stream itself.
 *
 * Only what begins as a JSON object is held back, and only up to the end of its first line.
 */
export async function openCapture(bytes: AsyncIterable<Uint8Array>): Promise<Capture> {
  const iterator = bytes[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let length = 0
  let start = ''
  for (;;) {
    if (start === '') start = Buffer.concat(held.slice(0, 4)).toString('latin1').trimStart().slice(0, 1)
    const mayBeHead = start === '' || start.startsWith('{')
    const isLine = held.at(-1)?.includes(0x0a) === true && start !== ''
    if (!mayBeHead || isLine || length > maxHeadBytes) break
    const next = await iterator.next()
    if (next.done === true) break
    held.push(next.value)
    length += next.value.length
  }
  const first = Buffer.concat(held)
  const end = first.indexOf(
    0x0a,
    first.findIndex((byte) => byte > 0x20),
  )
  const head = headOf(first.subarray(0, end === -1 ? first.length : end).toString('utf8'))
  const rest = joined(held, iterator)
  if (head === undefined) return { head, reads: untimed(rest) }
  return { head, reads: readsOf(linesOf(rest), head.timed !== false) }
}

function headOf(line: string): RecordingHead | undefined {
  if (!line.includes('"chat.recording"')) return undefined
  try {
    const value = JSON.parse(line) as RecordingHead
    return value.type === 'chat.recording' && value.v === 1 ? value : undefined
  } catch {
    return undefined
  }
}

async function* joined(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* held
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* untimed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Read> {
  for await (const piece of bytes) yield { atMs: undefined, bytes: piece }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest: string[] = []
  let restLength = 0
  for await (const piece of bytes) {
    const lines = decoder.decode(piece, { stream: true }).split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      yield rest.join('') + line
      rest = []
      restLength = 0
    }
    if (last !== '') rest.push(last)
    restLength += last.length
    if (restLength > maxLineLength)
      throw usageError(`a line of the recording is longer than ${maxLineLength} characters`)
  }
  // A recording that is still being written, or whose writer was killed, has half a line at its end.
  if (rest.length > 0) yield rest.join('')
}

async function* readsOf(lines: AsyncIterable<string>, isTimed: boolean): AsyncGenerator<Read> {
  let isFirst = true
  for await (const line of lines) {
    if (line.trim() === '') continue
    if (isFirst) {
      isFirst = false
      continue
    }
    const parsed = parse(line)
    if (parsed === undefined) continue
    const [at, kind, seen] = parsed
    const atMs = isTimed ? at : undefined
    if (kind === 'r') yield { atMs, bytes: Buffer.from(seen) }
    else if (kind === 'b') yield { atMs, bytes: Buffer.from(seen, 'base64') }
    else if (kind === 'e') throw new RecordedBreak(seen.name, seen.message)
    // Who follows a file that grows has not to wait for more.
    else if (kind === 'x') return
  }
}

/** What is no line of a recording says nothing: half a line at the end, a kind that a later version has. */
function parse(line: string): RecordingLine | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) && typeof value[0] === 'number' ? (value as unknown as RecordingLine) : undefined
  } catch {
    return undefined
  }
}

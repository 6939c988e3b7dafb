import { StreamError } from '@deltawire/core'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { openCapture, RecordedBreak, type Capture } from '../recording/read-recording.ts'
import type { Loudness } from '../report.ts'
import { checkFile, isPipe, readFile } from './file-source.ts'
import { growingFile } from './growing-file.ts'
import { findSource, type SourceKind } from './source-kinds.ts'

/** Where a stream comes from. It can be read once, in one of the two ways. */
export interface Source {
  /** As the user gave it. */
  readonly name: string
  readonly kind: SourceKind
  /** The body. Throws `http_status` for a recording of a refusal, as the call itself would have. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** The body read by read, whatever the status was, with what is known about the response. */
  readonly open: () => Promise<Capture>
}

/** The sources that arguments name; standard input when they name none. Fails before anything is read. */
export async function openSources(given: readonly string[], loudness: Loudness, io: Io): Promise<Source[]> {
  const names = given.length === 0 ? ['-'] : given
  if (names.filter((name) => name === '-').length > 1) throw usageError('standard input (-) can be read only once')
  const sources: Source[] = []
  for (const name of names) sources.push(await openSource(name, loudness, io))
  return sources
}

export async function openSource(name: string, loudness: Loudness, io: Io): Promise<Source> {
  const { kind, open } = await findSource(name, loudness, io)
  return { name, kind, open, bytes: { [Symbol.asyncIterator]: () => bodyOf(open) } }
}

/** The body of a file that is still being written, as it grows; it may be a recording. A pipe says itself when it ends. */
export async function* openGrowing(path: string, io: Io): AsyncGenerator<Uint8Array> {
  checkFile(path)
  yield* bodyOf(() => openCapture(isPipe(path) ? readFile(path, io.signal) : growingFile(path, io)))
}

/** How much is kept of the body of a refusal. */
const maxErrorBytes = 64 * 1024

async function* bodyOf(open: () => Promise<Capture>): AsyncGenerator<Uint8Array> {
  const { head, reads } = await open()
  const { status = 200, headers = {} } = head?.response ?? {}
  if (status >= 200 && status < 300) {
    yield* unlessBroken(reads)
    return
  }
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const { bytes } of reads) {
    pieces.push(bytes)
    length += bytes.length
    if (length > maxErrorBytes) break
  }
  const body = Buffer.concat(pieces).toString('utf8')
  throw new StreamError('http_status', `the server answered with ${status}: ${messageIn(body)}`, {
    status,
    headers: { ...headers },
    body,
  })
}

async function* unlessBroken(reads: Capture['reads']): AsyncGenerator<Uint8Array> {
  let pieces = 0
  try {
    for await (const { bytes } of reads) {
      pieces++
      yield bytes
    }
  } catch (cause) {
    if (!(cause instanceof RecordedBreak)) throw cause
    const message = `the connection broke when this was recorded (${cause.code})`
    throw new StreamError('connection_lost', message, { pieces }, { cause })
  }
}

/** What a refusal says: the words of an error in the official form, otherwise how it begins. */
function messageIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } }
    if (typeof error?.message === 'string') return error.message
  } catch {
    // Not JSON: said as it is.
  }
  return body.length > 200 ? `${body.slice(0, 200)}…` : body
}

import { StreamError } from '@deltawire/core'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { closest } from '../arguments/closest.ts'
import type { Io } from '../io.ts'
import { openCapture, RecordedBreak, type Capture } from '../recording/read-recording.ts'
import { note, type Loudness } from '../report.ts'
import { abortable } from './abortable.ts'
import { demoNames, demoBytes, isDemoName } from './demo.ts'
import { growingFile } from './growing-file.ts'
import { openUrl } from './open-url.ts'
import { plain } from './plain.ts'

/** Where a stream comes from. It can be read once, in one of the two ways. */
export interface Source {
  /** As the user gave it. */
  readonly name: string
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
  // A person who sees nothing happen has to know that it is their turn.
  if (name === '-' && io.stdin.isTTY) await note(io, loudness, 'reading standard input; Ctrl-D ends it')
  if (name === '-') return toSource(name, () => openCapture(plain(abortable(io.stdin, io.signal))))
  if (name.startsWith('demo:')) {
    const bytes = demoBytes(demoNameOf(name))
    return toSource(name, () => openCapture(once(bytes)))
  }
  if (/^https?:\/\//.test(name)) return toSource(name, () => openUrl(name, io))
  checkFile(name)
  return toSource(name, () => openCapture(plain(abortable(readFile(name), io.signal))))
}

/** The body of a file that is still being written, as it grows; it may be a recording. */
export async function* openGrowing(path: string, io: Io): AsyncGenerator<Uint8Array> {
  checkFile(path)
  yield* bodyOf(() => openCapture(growingFile(path, io)))
}

function toSource(name: string, open: () => Promise<Capture>): Source {
  return { name, open, bytes: { [Symbol.asyncIterator]: () => bodyOf(open) } }
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

function demoNameOf(source: string) {
  const name = source.slice('demo:'.length)
  if (isDemoName(name)) return name
  const meant = closest(name, demoNames)
  const known = `the recordings are ${demoNames.map((one) => `demo:${one}`).join(', ')}`
  throw usageError(
    `there is no recording ${quote(source)}`,
    meant === undefined ? known : `did you mean demo:${meant}? ${known}`,
  )
}

const fileProblems: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'not allowed',
  EPERM: 'not allowed',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
}

// An import would load the promises of the module as well, which costs every start 3 ms.
const fs = process.getBuiltinModule('node:fs')

/** Says before anything is printed that a file cannot be read. */
function checkFile(path: string): void {
  try {
    fs.accessSync(path, fs.constants.R_OK)
  } catch (error) {
    throw unreadable(path, error instanceof Error && 'code' in error ? String(error.code) : '')
  }
  if (fs.statSync(path).isDirectory()) throw unreadable(path, 'EISDIR')
}

function unreadable(path: string, code: string) {
  return usageError(
    `cannot read ${quote(path)}: ${fileProblems[code] ?? code}`,
    'a SOURCE is a file, - for standard input, an http URL, or demo:NAME',
  )
}

/**
 * Opened when it is read, not before: there may be many.
 *
 * Without a stream of Node.js around it, which costs a short run 5 ms.
 */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = fs.openSync(path, 'r')
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(64 * 1024)
      const length = await new Promise<number>((resolve, reject) => {
        fs.read(file, piece, 0, piece.length, null, (error, read) => (error ? reject(error) : resolve(read)))
      })
      if (length === 0) return
      yield piece.subarray(0, length)
    }
  } finally {
    fs.closeSync(file)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { closest } from '../arguments/closest.ts'
import type { Io } from '../io.ts'
import { note, type Loudness } from '../report.ts'
import { abortable } from './abortable.ts'
import { demoNames, demoBytes, isDemoName } from './demo.ts'
import { unzip } from './unzip.ts'

/** Where a stream comes from. The bytes can be read once. */
export interface Source {
  /** As the user gave it. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
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
  if (name === '-') return { name, bytes: unzip(abortable(io.stdin, io.signal)) }
  if (name.startsWith('demo:')) return { name, bytes: once(demoBytes(demoNameOf(name))) }
  await checkFile(name)
  return { name, bytes: unzip(abortable(readFile(name), io.signal)) }
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

/** Says before anything is printed that a file cannot be read. */
async function checkFile(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    throw unreadable(path, error instanceof Error && 'code' in error ? String(error.code) : '')
  }
  if ((await stat(path)).isDirectory()) throw unreadable(path, 'EISDIR')
}

function unreadable(path: string, code: string) {
  return usageError(
    `cannot read ${quote(path)}: ${fileProblems[code] ?? code}`,
    'a SOURCE is a file, - for standard input, or demo:NAME',
  )
}

/** Opened when it is read, not before: there may be many. */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { note, type Loudness } from '../report.ts'
import { abortable } from './abortable.ts'
import { readText } from './read-text.ts'

/** How long a silent standard input may keep a person wondering. */
const patienceMs = 2000

/** Standard input that nobody ever closes looks like a program that hangs: says what it waits for. */
export async function readInput(loudness: Loudness, io: Io): Promise<string> {
  const read = new AbortController()
  const explained = explain(loudness, io, read.signal)
  try {
    return await readText(abortable(io.stdin, io.signal))
  } catch (error) {
    throw isNoText(error) ? usageError(error.message, 'a picture or a sound is attached with -a -') : error
  } finally {
    read.abort()
    await explained
  }
}

function isNoText(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('standard input is not text')
}

async function explain(loudness: Loudness, io: Io, read: AbortSignal): Promise<void> {
  await io.clock.sleep(patienceMs, read)
  if (!read.aborted) await note(io, loudness, 'reading standard input; give it an end, or use < /dev/null')
}

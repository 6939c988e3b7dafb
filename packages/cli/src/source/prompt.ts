import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { note, type Loudness } from '../report.ts'
import { abortable } from './abortable.ts'
import { readText } from './read-text.ts'

/** How long a silent standard input may keep a person wondering. */
const patienceMs = 2000

/** The prompt: the words, then what comes from standard input, fenced so that a model can tell them apart. */
export async function promptOf(words: readonly string[], loudness: Loudness, io: Io): Promise<string> {
  const asked = words.join(' ').trim()
  const input = io.stdin.isTTY ? '' : await readInput(loudness, io)
  if (asked === '' && input.trim() === '') {
    throw usageError('there is no prompt', 'write one behind deltawire ask, or send it to standard input')
  }
  if (input.trim() === '') return asked
  return asked === '' ? input : `${asked}\n\n<stdin>\n${input.replace(/\n$/, '')}\n</stdin>`
}

/** Standard input that nobody ever closes looks like a program that hangs: say what it waits for. */
async function readInput(loudness: Loudness, io: Io): Promise<string> {
  const read = new AbortController()
  const explained = explain(loudness, io, read.signal)
  try {
    return await readText(abortable(io.stdin, io.signal))
  } finally {
    read.abort()
    await explained
  }
}

async function explain(loudness: Loudness, io: Io, read: AbortSignal): Promise<void> {
  await io.clock.sleep(patienceMs, read)
  if (!read.aborted) await note(io, loudness, 'reading standard input; give it an end, or use < /dev/null')
}

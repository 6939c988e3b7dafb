import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { closest } from '../arguments/closest.ts'
import type { Io } from '../io.ts'
import { openCapture, type Capture } from '../recording/read-recording.ts'
import { note, type Loudness } from '../report.ts'
import { abortable } from './abortable.ts'
import { demoBytes, demoNames, isDemoName } from './demo.ts'
import { checkFile, readFile } from './file-source.ts'
import { checkUrl } from './check-url.ts'
import { openUrl } from './open-url.ts'
import { plain } from './plain.ts'

/** What a SOURCE can be, and how its name tells. */
interface Kind {
  readonly is: (name: string) => boolean
  /**
   * Makes sure that there is something to open, before anything is read, and gives what opens it.
   *
   * @throws CliError when there is nothing
   */
  readonly find: (name: string, loudness: Loudness, io: Io) => Opening | Promise<Opening>
}

type Opening = () => Promise<Capture>

export type SourceKind = 'demo' | 'file' | 'input' | 'relay' | 'turn' | 'url'

/** The kinds, in the order in which they are tried. Whatever is none of the others is the name of a file. */
const kinds: { readonly [K in SourceKind]: Kind } = {
  input: {
    is: (name) => name === '-',
    async find(_, loudness, io) {
      // A person who sees nothing happen has to know that it is their turn.
      if (io.stdin.isTTY) await note(io, loudness, 'reading standard input; Ctrl-D ends it')
      return () => openCapture(plain(abortable(io.stdin, io.signal)))
    },
  },
  demo: {
    is: (name) => name.startsWith('demo:'),
    find(name) {
      const bytes = demoBytes(demoNameOf(name))
      return () => openCapture(once(bytes))
    },
  },
  url: {
    is: (name) => /^https?:\/\//i.test(name),
    find(name, _, io) {
      checkUrl(name)
      return () => openUrl(name, io)
    },
  },
  relay: {
    is: (name) => /^wss?:\/\//i.test(name),
    find: async (name, loudness, io) => (await import('./relay-source.ts')).openRelayed(name, loudness, io),
  },
  turn: {
    is: (name) => name.startsWith('@'),
    find: async (name, loudness, io) => (await import('./turn-source.ts')).openTurn(name, loudness, io),
  },
  file: {
    is: () => true,
    find(name, _, io) {
      checkFile(name)
      return () => openCapture(plain(abortable(readFile(name, io.signal), io.signal)))
    },
  },
}

/** What kind of source a name is, and how it is opened. */
export async function findSource(
  name: string,
  loudness: Loudness,
  io: Io,
): Promise<{ readonly kind: SourceKind; readonly open: Opening }> {
  const kind = (Object.keys(kinds) as SourceKind[]).find((each) => kinds[each].is(name)) ?? 'file'
  return { kind, open: await kinds[kind].find(name, loudness, io) }
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

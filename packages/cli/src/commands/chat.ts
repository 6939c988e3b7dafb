import { appendFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { createLineEditor, type LineEditor } from '../chat/line-editor.ts'
import { listModels } from '../chat/list-models.ts'
import { createSession, type Session } from '../chat/session.ts'
import { runSlashCommand, slashCommands } from '../chat/slash-commands.ts'
import { CliError } from '../cli-error.ts'
import { pathsOf } from '../config/paths.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import { Interrupted, type Io, type Terminal } from '../io.ts'
import { note, reportError } from '../report.ts'
import { abortable } from '../source/abortable.ts'
import { fileMode, makePrivateFolder } from '../store/private-file.ts'
import type { flags } from './chat.command.ts'

type Flags = FlagValues<typeof flags>

export const chat: Run<typeof flags> = async ({ flags, arguments: words }, io) => {
  const terminal = io.stdin.isTTY && io.stdout.isTTY ? io.terminal?.() : undefined
  return terminal === undefined ? runScript(flags, words, io) : talk(flags, words, terminal, io)
}

/** One prompt after the other; the exit code is that of the first one that failed. */
async function runScript(flags: Flags, words: readonly string[], io: Io): Promise<number> {
  const session = await createSession(flags, io, undefined)
  let code: number = exitCode.complete
  const first = words.join(' ').trim()
  for await (const line of first === '' ? prompts(flags, io) : joined(first, prompts(flags, io))) {
    const ended = await respond(line, session, io.signal, io).catch(async (error: unknown) => {
      if (!(error instanceof CliError)) throw error
      // An output that takes nothing any more ends all of it: nobody is to be paid for what cannot be shown.
      await io.stdout.flush()
      await reportError(io, flags, error)
      return error.exitCode
    })
    if (ended === 'quit') break
    if (code === exitCode.complete) code = ended ?? code
    if (io.signal.aborted) break
  }
  return code
}

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

/** As for every other prompt from standard input. */
const maxPromptLength = 16 * 1024 * 1024

/** The prompts of a script, each as soon as its delimiter is there. */
async function* prompts({ delimiter = '\n' }: Flags, { stdin, signal }: Io): AsyncGenerator<string> {
  if (stdin.isTTY) return
  const decoder = new TextDecoder()
  let held = ''
  for await (const bytes of abortable(stdin, signal)) {
    const parts = (held + decoder.decode(bytes, { stream: true })).split(delimiter)
    held = parts.pop() ?? ''
    if (held.length > maxPromptLength) throw usageError(`a prompt is longer than ${maxPromptLength} characters`)
    yield* parts.map((part) => part.trim()).filter((part) => part !== '')
  }
  if (held.trim() !== '') yield held.trim()
}

/** Runs a line: a command, or a prompt. Two slashes begin a prompt that begins with one. */
async function respond(
  line: string,
  session: Session,
  signal: AbortSignal,
  io: Io,
): Promise<number | 'quit' | undefined> {
  if (line.startsWith('/') && !line.startsWith('//') && !line.includes('\n')) {
    return (await runSlashCommand(line, { session, io: { ...io, signal }, signal })) ?? undefined
  }
  return session.send(line.startsWith('//') ? line.slice(1) : line, signal)
}

async function talk(flags: Flags, words: readonly string[], terminal: Terminal, io: Io): Promise<number> {
  const session: Session = await createSession(flags, io, async (question) => {
    // The line editor writes at once: what the question is about comes first.
    await io.stdout.flush()
    await io.stderr.flush()
    return editor.ask(question)
  })
  const lines = await openLines(flags.profile, io)
  const editor: LineEditor = await createLineEditor(terminal, {
    prompt: '> ',
    history: lines.known,
    complete: (line) => complete(line, session, io),
    onLine: lines.add,
    holdTerminal: io.holdTerminal,
  })
  const close = () => editor.close()
  io.signal.addEventListener('abort', close, { once: true })
  const { conversation, draftFolder } = session.opened
  const begun = conversation.path().length === 0 ? '' : `, going on with ${conversation.title ?? conversation.id}`
  await note(
    io,
    flags,
    `${session.asker.model}${begun}${draftFolder === undefined ? ' (not kept)' : ''}; /help lists commands`,
  )
  // The line editor writes by itself, at once.
  await io.stderr.flush()
  try {
    let line: string | undefined = words.join(' ').trim() || (await editor.next())
    while (line !== undefined && !io.signal.aborted) {
      if (line.trim() !== '' && (await turn(line.trim(), session, editor, io)) === 'quit') break
      line = await editor.next()
    }
  } finally {
    io.signal.removeEventListener('abort', close)
    editor.close()
  }
  return io.signal.aborted ? exitCodeOf(io.signal.reason) : exitCode.complete
}

/** One message and its answer. Whatever goes wrong is said, and the conversation goes on. */
async function turn(line: string, session: Session, editor: LineEditor, io: Io): Promise<number | 'quit' | undefined> {
  const stop = new AbortController()
  const follow = () => stop.abort(io.signal.reason)
  io.signal.addEventListener('abort', follow, { once: true })
  const work = () => respond(line, session, stop.signal, io)
  try {
    // An editor of the user's needs the keys for itself.
    return line.startsWith('/edit')
      ? await editor.lend(work)
      : await editor.whileBusy(work, () => stop.abort(new Interrupted('SIGINT')))
  } catch (error) {
    await reportError(io, session.flags, error)
    return undefined
  } finally {
    io.signal.removeEventListener('abort', follow)
    await io.stdout.flush()
    await io.stderr.flush()
  }
}

/** What the Tab key offers: commands, models, files. */
async function complete(line: string, session: Session, io: Io): Promise<readonly [string[], string]> {
  const [, word = '', space = '', argument = ''] = /^(\/\S*)(\s*)([\s\S]*)$/.exec(line) ?? []
  if (word === '') return [[], line]
  if (space === '') return [spaced(Object.keys(slashCommands).filter((name) => name.startsWith(word))), word]
  const kind = Object.hasOwn(slashCommands, word) ? slashCommands[word]?.completes : undefined
  if (kind === 'models') {
    const models = [...Object.keys(session.asker.settings.aliases), ...(await listModels(session.asker, io))]
    return [models.filter((name) => name.startsWith(argument)), argument]
  }
  return kind === 'files' ? [await filesFrom(argument, io.cwd), argument] : [[], line]
}

/** What is meant for sure is followed by a space: its argument comes next. */
function spaced(names: string[]): string[] {
  return names.length === 1 ? names.map((name) => `${name} `) : names
}

async function filesFrom(given: string, cwd: string): Promise<string[]> {
  const folder = given.endsWith('/') ? given : dirname(given)
  const begun = given.endsWith('/') ? '' : basename(given)
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true }).catch(() => [])
  const before = given.endsWith('/') ? given : given.slice(0, given.length - begun.length)
  return entries
    .filter(({ name }) => name.startsWith(begun))
    .map((entry) => `${before}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}

const maxLines = 1000

/** The lines that were typed in earlier sessions with this profile, the newest first. */
async function openLines(profile: string | undefined, { env }: Pick<Io, 'env'>) {
  const folder = pathsOf(env)?.stateFolder
  const path =
    folder === undefined
      ? undefined
      : join(folder, `chat-lines${profile === undefined ? '' : `-${profile.replaceAll(/[^\w-]/g, '_')}`}`)
  const text = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '')
  const known = text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-maxLines)
    .reverse()
  return {
    known,
    add(line: string) {
      if (path === undefined || folder === undefined) return
      try {
        makePrivateFolder(folder)
        appendFileSync(path, `${line}\n`, { mode: fileMode })
      } catch {
        // What cannot be kept is no reason to stop talking.
      }
    },
  }
}

import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import { note, noteInterrupt, reportError } from '../report.ts'
import { runCommand } from '../run-command.ts'
import { foldSource } from '../source/fold-source.ts'
import { openGrowing } from '../source/open-source.ts'
import { beginningOf } from '../tail/beginning-of.ts'
import { everyChoice } from '../tail/every-choice.ts'
import { openRelay, type OpenRelay } from '../tail/open-relay.ts'
import { codeOf, judge, printStream } from '../tail/print-stream.ts'
import { readTarget, type Target } from '../tail/read-target.ts'
import { tailForms, type TailForm } from '../tail/tail-forms.ts'
import { withinTime } from '../tail/time-limit.ts'
import { topicStreams } from '../tail/topic-streams.ts'
import type { flags } from './tail.command.ts'

type Flags = FlagValues<typeof flags>

interface Context {
  readonly flags: Flags
  readonly io: Io
  /** For one stream. */
  readonly createForm: () => TailForm
}

export const tail: Run<typeof flags> = async ({ flags, arguments: words, command }, given) => {
  const target = readTarget(words, flags, given)
  if (command.length > 0 && target.what !== 'topics')
    throw usageError('a command is run to see its streams: --topic NAME')
  const limits = { timeoutMs: flags.timeout, idleMs: flags['idle-timeout'] }
  const { io, hear, stop } = withinTime(given, limits)
  const createForm = () => heard(flags.all ? everyChoice(io) : tailForms[flags.format](io), hear)
  try {
    return await follow(target, command, { flags, io, createForm })
  } finally {
    stop()
  }
}

/** The form, that tells whenever something has come. */
function heard(form: TailForm, hear: () => void): TailForm {
  return {
    ...form,
    chunk(chunk) {
      hear()
      return form.chunk(chunk)
    },
    replace(chunk) {
      hear()
      return form.replace(chunk)
    },
  }
}

async function follow(target: Target, command: readonly string[], context: Context): Promise<number> {
  const { flags, io, createForm } = context
  if (target.what === 'file') return printFile(target.path, context)
  // Stopped already: a relay is not asked, and no command begins.
  if (io.signal.aborted) throw io.signal.reason as Error
  const { address } = target
  const from = target.what === 'stream' ? await beginningOf(flags.from, target.id, address, flags, io) : undefined
  const open = openRelay(address, flags, io)
  const stop = () => open.relay.close()
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    if (target.what === 'stream') {
      const how = { form: createForm(), isLast: true, isPart: from !== undefined, open, flags, io }
      return await printStream(open.relay.subscribe(target.id, { from }), how)
    }
    if (command.length === 0) return await printTopics(target.names, open, undefined, context)
    const env = { ...io.env, DELTAWIRE_RELAY_URL: address.socketURL, OPENAI_BASE_URL: address.baseURL }
    const run = open.opened.then(() => runCommand(command, env, ending(io.signal), 'stderr'))
    const code = await printTopics(target.names, open, run, context)
    return open.failure === undefined && !isOver(io) ? (await run) || code : code
  } finally {
    io.signal.removeEventListener('abort', stop)
    open.relay.close()
  }
}

/** Whether the time is over. */
function isOver({ signal }: Pick<Io, 'signal'>): boolean {
  return signal.aborted && !(signal.reason instanceof Interrupted)
}

/** A command whose time is over is ended, as by somebody who stops us. */
function ending(signal: AbortSignal): AbortSignal {
  const ended = new AbortController()
  const end = () => ended.abort(isOver({ signal }) ? new Interrupted('SIGTERM') : signal.reason)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  return ended.signal
}

/** A file as it grows. */
async function printFile(path: string, { flags, io, createForm }: Context): Promise<number> {
  const form = createForm()
  const { completion, error } = await foldSource(openGrowing(path, io), { clock: io.clock, onChunk: form.chunk })
  await form.end(error === null, true)
  if (error === null) return codeOf(completion)
  if (error instanceof Interrupted) await noteInterrupt(io, flags, error, completion !== null)
  await reportError(io, flags, error)
  return exitCodeOf(error)
}

/**
 * The streams of topics, one after the other. What waits for its turn is kept by the relay.
 *
 * @param run ends when nothing more is going to begin; nobody knows when absent
 */
async function printTopics(
  names: readonly string[],
  open: OpenRelay,
  run: Promise<unknown> | undefined,
  { flags, io, createForm }: Context,
): Promise<number> {
  const untilDone = flags['until-done']
  if (io.stderr.isTTY) void open.opened.then(() => note(io, flags, `following ${names.join(', ')}`))
  let code: number = exitCode.complete
  try {
    for await (const { id, topic } of topicStreams(open.relay, names, run, io)) {
      if (names.length > 1) await io.stdout.write(`==> ${topic} <==\n`)
      const how = { form: createForm(), isLast: untilDone, isPart: false, open, flags, io }
      const own = await printStream(open.relay.subscribe(id), how)
      code ||= own
      if (io.signal.aborted) return exitCodeOf(io.signal.reason)
      if (untilDone) break
    }
  } catch (error) {
    return judge(error, false, { open, flags, io })
  }
  return code
}

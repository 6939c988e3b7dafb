import { createAccumulator, type ChatCompletion } from '@deltawire/core'
import type { RelayStream } from '@deltawire/websocket-bridge/client'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, OutputClosed, type Io } from '../io.ts'
import { note, noteInterrupt, reportError } from '../report.ts'
import { runCommand } from '../run-command.ts'
import { foldSource } from '../source/fold-source.ts'
import { openGrowing } from '../source/open-source.ts'
import { openRelay, type OpenRelay } from '../tail/open-relay.ts'
import { isRelayAddress, readRelayAddress } from '../tail/relay-address.ts'
import { relayFailure } from '../tail/relay-failure.ts'
import { tailForms } from '../tail/tail-forms.ts'
import { topicStreams } from '../tail/topic-streams.ts'
import type { flags } from './tail.command.ts'

type Flags = FlagValues<typeof flags>

export const tail: Run<typeof flags> = async ({ flags, arguments: words, command }, io) => {
  const file = fileIn(words, flags)
  if (file !== undefined) return printFile(file, flags, io)
  const { url, stream } = readWords(words, flags, io)
  if (command.length > 0 && stream !== undefined) throw usageError('a command is run to see its streams: --topic NAME')
  const address = readRelayAddress(url)
  const open = openRelay(address, flags, io)
  const stop = () => open.relay.close()
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    if (stream !== undefined) return await printStream(open.relay.subscribe(stream), true, open, flags, io)
    if (command.length === 0) return await printTopics(open, undefined, flags, io)
    const env = { ...io.env, DELTAWIRE_RELAY_URL: address.socketURL, OPENAI_BASE_URL: address.baseURL }
    const run = open.opened.then(() => runCommand(command, env, io.signal, 'stderr'))
    const code = await printTopics(open, run, flags, io)
    return open.failure === undefined ? (await run) || code : code
  } finally {
    io.signal.removeEventListener('abort', stop)
    open.relay.close()
  }
}

/** A name of a file looks like one: a stream has no dot and no slash in its id. */
function fileIn([first = '', ...rest]: readonly string[], { topic }: Flags): string | undefined {
  return rest.length === 0 && topic.length === 0 && !isRelayAddress(first) && /[./\\]/.test(first) ? first : undefined
}

/** The address may be in the environment, as for every client of a relay. */
function readWords(words: readonly string[], { topic, format, 'until-done': untilDone }: Flags, { env }: Io) {
  const [first = ''] = words
  const [url, stream, tooMany] = isRelayAddress(first) ? words : [env['DELTAWIRE_RELAY_URL'], ...words]
  if (url === undefined || url === '') {
    throw usageError('no relay is named', 'as in: deltawire tail ws://127.0.0.1:8790/v1/socket STREAM')
  }
  if (tooMany !== undefined) throw usageError('the first argument is not the address of a relay')
  if ((stream === undefined) === (topic.length === 0)) {
    throw usageError('one thing is followed: a STREAM or a --topic NAME')
  }
  if (untilDone && stream !== undefined) {
    throw usageError('--until-done belongs to --topic: a stream ends by itself')
  }
  if (topic.length > 1 && format !== 'text') throw usageError('several topics are printed as text only')
  return { url, stream }
}

/** A file as it grows. */
async function printFile(path: string, flags: Flags, io: Io): Promise<number> {
  if (flags['until-done']) throw usageError('--until-done belongs to --topic: a file ends by itself')
  const form = tailForms[flags.format](io)
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
async function printTopics(open: OpenRelay, run: Promise<unknown> | undefined, flags: Flags, io: Io): Promise<number> {
  const { topic: names, 'until-done': untilDone } = flags
  if (io.stderr.isTTY) void open.opened.then(() => note(io, flags, `following ${names.join(', ')}`))
  let code: number = exitCode.complete
  try {
    for await (const { id, topic } of topicStreams(open.relay, names, run, io)) {
      if (names.length > 1) await io.stdout.write(`==> ${topic} <==\n`)
      const own = await printStream(open.relay.subscribe(id), untilDone, open, flags, io)
      code ||= own
      if (io.signal.reason instanceof Interrupted) return exitCodeOf(io.signal.reason)
      if (untilDone) break
    }
  } catch (error) {
    return judge(error, false, open, flags, io)
  }
  return code
}

/** Prints a stream from its beginning to its end, and returns the exit code for it. */
async function printStream(
  stream: RelayStream,
  isLast: boolean,
  open: OpenRelay,
  flags: Flags,
  io: Io,
): Promise<number> {
  const form = tailForms[flags.format](io)
  let answer = createAccumulator()
  let failure: { readonly reason: unknown } | undefined
  try {
    for await (const { chunk, replaces } of stream.updates()) {
      if (replaces) {
        answer = createAccumulator()
        await note(io, flags, 'the relay has lost a part of this stream; what there is begins again')
      }
      answer.push(chunk)
      await (replaces ? form.replace(chunk) : form.chunk(chunk))
    }
  } catch (reason) {
    if (reason instanceof OutputClosed) throw reason
    failure = { reason }
  }
  const isWhole = failure === undefined && stream.status === 'done'
  await form.end(isWhole, isLast)
  const completion = answer.completion()
  if (failure !== undefined) return judge(failure.reason, completion !== null, open, flags, io)
  if (isWhole) return codeOf(completion)
  await io.stderr.write(`error: the stream was ${stream.status ?? 'left'}; the answer is partial\n`)
  return exitCode.broken
}

function codeOf(completion: ChatCompletion | null): number {
  return completion === null ? exitCode.unacceptable : exitCodeOfAnswer(completion)
}

/** Says why nothing more comes, and returns the exit code for it. */
async function judge(reason: unknown, hasSome: boolean, open: OpenRelay, flags: Flags, io: Io): Promise<number> {
  if (io.signal.reason instanceof Interrupted) {
    await noteInterrupt(io, flags, io.signal.reason, hasSome)
    return exitCodeOf(io.signal.reason)
  }
  const error = open.failure ?? relayFailure(reason, hasSome)
  await reportError(io, flags, error)
  return exitCodeOf(error)
}

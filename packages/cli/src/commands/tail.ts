import { createAccumulator } from '@deltawire/core'
import type { RelayStream } from '@deltawire/websocket-bridge/client'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, OutputClosed, type Io } from '../io.ts'
import { note, noteInterrupt, reportError } from '../report.ts'
import { openRelay, type OpenRelay } from '../tail/open-relay.ts'
import { isRelayAddress, readRelayAddress } from '../tail/relay-address.ts'
import { relayFailure } from '../tail/relay-failure.ts'
import { tailForms } from '../tail/tail-forms.ts'
import type { flags } from './tail.command.ts'

type Flags = FlagValues<typeof flags>

export const tail: Run<typeof flags> = async ({ flags, arguments: words }, io) => {
  const { url, stream } = readWords(words, flags, io)
  const open = openRelay(readRelayAddress(url), flags, io)
  const stop = () => open.relay.close()
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    if (stream !== undefined) return await printStream(open.relay.subscribe(stream), true, open, flags, io)
    return await printTopic(flags.topic ?? '', open, flags, io)
  } finally {
    io.signal.removeEventListener('abort', stop)
    open.relay.close()
  }
}

/** The address may be in the environment, as for every client of a relay. */
function readWords(words: readonly string[], { topic, 'until-done': untilDone }: Flags, { env }: Io) {
  const [first = ''] = words
  const [url, stream, tooMany] = isRelayAddress(first) ? words : [env['DELTAWIRE_RELAY_URL'], ...words]
  if (url === undefined || url === '') {
    throw usageError('no relay is named', 'as in: deltawire tail ws://127.0.0.1:8790/v1/socket STREAM')
  }
  if (tooMany !== undefined) throw usageError('the first argument is not the address of a relay')
  if ((stream === undefined) === (topic === undefined)) {
    throw usageError('one thing is followed: a STREAM or a --topic NAME')
  }
  if (untilDone && topic === undefined) throw usageError('--until-done belongs to --topic: a stream ends by itself')
  return { url, stream }
}

/** The streams of a topic, one after the other. What waits for its turn is kept by the relay. */
async function printTopic(name: string, open: OpenRelay, flags: Flags, io: Io): Promise<number> {
  const seen = new Set<string>()
  let code: number = exitCode.complete
  try {
    for await (const { id } of open.relay.topic(name)) {
      // Each is told of when it begins and when it ends.
      if (seen.has(id)) continue
      seen.add(id)
      const own = await printStream(open.relay.subscribe(id), flags['until-done'], open, flags, io)
      code ||= own
      if (io.signal.reason instanceof Interrupted) return exitCodeOf(io.signal.reason)
      if (flags['until-done']) break
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
  if (isWhole) return completion === null ? exitCode.unacceptable : exitCodeOfAnswer(completion)
  await io.stderr.write(`error: the stream was ${stream.status ?? 'left'}; the answer is partial\n`)
  return exitCode.broken
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

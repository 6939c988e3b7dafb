import { createAccumulator, type ChatCompletion } from '@deltawire/core'
import { formatPosition, type Position, type RelayStream } from '@deltawire/websocket-bridge/client'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, OutputClosed, type Io } from '../io.ts'
import { note, noteInterrupt, reportError, type Loudness } from '../report.ts'
import type { OpenRelay } from './open-relay.ts'
import { relayFailure } from './relay-failure.ts'
import type { TailForm } from './tail-forms.ts'

export interface PrintStreamOptions {
  readonly form: TailForm
  /** Whether no other stream follows. */
  readonly isLast: boolean
  /** Whether its beginning is left out. */
  readonly isPart: boolean
  readonly open: OpenRelay
  readonly flags: Loudness
  readonly io: Io
}

/** Prints a stream to its end, and returns the exit code for it. */
export async function printStream(stream: RelayStream, options: PrintStreamOptions): Promise<number> {
  const { form, isLast, isPart, flags, io } = options
  let answer = createAccumulator()
  let failure: { readonly reason: unknown } | undefined
  let printed: Position | undefined
  try {
    for await (const { chunk, replaces, position } of stream.updates()) {
      if (replaces) {
        answer = createAccumulator()
        await note(io, flags, 'the relay has lost a part of this stream; what there is begins again')
      }
      answer.push(chunk)
      await (replaces ? form.replace(chunk) : form.chunk(chunk))
      printed = position
    }
  } catch (reason) {
    if (reason instanceof OutputClosed) throw reason
    failure = { reason }
  }
  const isWhole = failure === undefined && stream.status === 'done'
  await form.end(isWhole, isLast)
  const completion = answer.completion()
  if (isWhole) return isPart ? codeOfRest(completion) : codeOf(completion)
  if (failure !== undefined) {
    const code = await judge(failure.reason, completion !== null, options)
    // It goes on without us.
    if (printed !== undefined && (stream.status ?? 'live') === 'live')
      await note(io, flags, `what follows can be had with --from ${formatPosition(printed)}`)
    return code
  }
  await io.stderr.write(`error: the stream was ${stream.status ?? 'left'}; the answer is partial\n`)
  return exitCode.broken
}

export function codeOf(completion: ChatCompletion | null): number {
  return completion === null ? exitCode.unacceptable : exitCodeOfAnswer(completion)
}

/** There need not be anything of an answer behind a position. */
function codeOfRest(completion: ChatCompletion | null): number {
  const code = codeOf(completion)
  return code === exitCode.unacceptable ? exitCode.complete : code
}

/** Says why nothing more comes, and returns the exit code for it. */
export async function judge(
  reason: unknown,
  hasSome: boolean,
  { open, flags, io }: Pick<PrintStreamOptions, 'flags' | 'io' | 'open'>,
): Promise<number> {
  const ended: unknown = io.signal.aborted ? io.signal.reason : undefined
  if (ended instanceof Interrupted) {
    await noteInterrupt(io, flags, ended, hasSome)
    return exitCodeOf(ended)
  }
  const error = ended ?? open.failure ?? relayFailure(reason, hasSome)
  await reportError(io, flags, error)
  return exitCodeOf(error)
}

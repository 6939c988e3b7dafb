import { accumulate, reasoningOf, type Accumulated, type ChatCompletionChunk } from '@deltawire/core'
import { CliError } from '../cli-error.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import type { RecordingFile } from '../recording/recording-file.ts'
import { createAnswerWriter } from '../render/create-answer-writer.ts'
import { note, noteInterrupt, reportError, type Loudness } from '../report.ts'
import { abortable } from '../source/abortable.ts'

/** Where a call is recorded. */
export interface Recorded {
  /** `undefined`: on standard output, where then no answer is shown. */
  readonly file: RecordingFile | undefined
  /** Resolves when the recording is whole. Asked for when the answer has ended. */
  readonly written: () => Promise<unknown> | undefined
}

/** Shows the answer of a call while it is recorded, says on stderr how it was, and returns the exit code for it. */
export async function showRecorded(
  chunks: AsyncIterable<ChatCompletionChunk>,
  { file, written }: Recorded,
  flags: Loudness,
  io: Io,
): Promise<number> {
  const writer = file === undefined ? undefined : createAnswerWriter(io, 'hide')
  const watched = abortable(chunks, io.signal)
  async function* shown() {
    for await (const chunk of watched) {
      await writer?.write(chunk)
      yield chunk
    }
  }
  const accumulated = await accumulate(shown())
  await writer?.end()
  await written()
  const failure = ownFailure(accumulated.error)
  if (failure !== undefined) throw failure
  if (file !== undefined) await note(io, flags, `recorded in ${file.path}`)
  return judge(accumulated, flags, io)
}

/** That the recording cannot be written, which the client takes for a failure of the call. */
function ownFailure(error: unknown): CliError | undefined {
  for (let cause = error; cause instanceof Error; { cause } = cause) if (cause instanceof CliError) return cause
  return undefined
}

/** Says on stderr how the answer of a recorded call was, and returns the exit code for it. */
async function judge({ completion, error }: Accumulated, flags: Loudness, io: Io): Promise<number> {
  if (error === null && completion !== null) {
    const hasThought = completion.choices.some((choice) => reasoningOf(choice) !== '')
    const code = exitCodeOfAnswer(completion)
    if (code === exitCode.unacceptable) {
      await note(
        io,
        flags,
        hasThought ? 'the answer holds thoughts and nothing else' : 'the answer is empty or a refusal',
      )
    }
    return code
  }
  if (error instanceof Interrupted) await noteInterrupt(io, flags, error, completion !== null)
  await reportError(io, flags, error)
  return exitCodeOf(error)
}

import { reasoningOf, type Accumulated } from '@deltawire/core'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import { note, noteInterrupt, reportError, type Loudness } from '../report.ts'

/** Says on stderr how the answer of a recorded call was, and returns the exit code for it. */
export async function judgeRecorded({ completion, error }: Accumulated, flags: Loudness, io: Io): Promise<number> {
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

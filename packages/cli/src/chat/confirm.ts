import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { questioner } from './questioner.ts'

/**
 * Asks before something is gone for good.
 *
 * @throws CliError when the user does not want it, or nobody is there to be asked and `--yes` is not given
 */
export async function confirm(question: string, isYes: boolean, io: Io): Promise<void> {
  if (isYes) return
  const ask = questioner(io)
  if (ask === undefined) throw usageError('nobody is there to be asked', '--yes does it without asking')
  const answer = await ask(`${question} [y/N] `)
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliError(exitCode.interrupted, 'nothing was done')
}

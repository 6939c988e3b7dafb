import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'

/** The command line is wrong: one sentence what, one line what to do. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(exitCode.usage, message, hint)
}

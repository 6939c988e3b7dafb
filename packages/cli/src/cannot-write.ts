import { quote } from './arguments/parse-arguments.ts'
import { usageError } from './arguments/usage-error.ts'
import type { CliError } from './cli-error.ts'

/** That a file of the user's cannot be written, and why. */
export const cannotWrite = (path: string, error: unknown, hint?: string): CliError =>
  usageError(`cannot write ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`, hint)

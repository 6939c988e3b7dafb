import { closest } from '../arguments/closest.ts'
import { commandHelp, generalHelp } from '../arguments/help-text.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Run } from '../run.ts'
import { commandNames, isCommandName } from './table.ts'

export const help: Run<'help'> = async ({ arguments: [name] }, io) => {
  if (name !== undefined && !isCommandName(name)) {
    const meant = closest(name, commandNames)
    throw usageError(
      `there is no command ${quote(name)}`,
      meant === undefined ? `the commands are ${commandNames.join(', ')}` : `did you mean deltawire help ${meant}?`,
    )
  }
  await io.stdout.write(name === undefined ? generalHelp() : commandHelp(name))
  return exitCode.complete
}

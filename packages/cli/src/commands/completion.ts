import type { Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { shellTable } from '../completion/shell-table.ts'
import { shells, type ShellName } from '../completion/shells.ts'
import { exitCode } from '../exit-code.ts'
import { demoNames } from '../source/demo.ts'
import type { flags } from './completion.command.ts'

export const completion: Run<typeof flags> = async ({ arguments: [name = ''] }, io, commands) => {
  if (!Object.hasOwn(shells, name)) {
    const known = `the shells are ${Object.keys(shells).join(', ')}`
    throw usageError(name === '' ? 'for which shell?' : `there is no completion for ${quote(name)}`, known)
  }
  const sources = demoNames.map((demo) => `demo:${demo}`)
  await io.stdout.write(shells[name as ShellName](shellTable(commands, sources)))
  return exitCode.complete
}

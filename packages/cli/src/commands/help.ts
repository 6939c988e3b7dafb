import { version } from '../../package.json'
import { closest } from '../arguments/closest.ts'
import type { Run } from '../arguments/command.ts'
import { commandHelp, generalHelp, widthOf } from '../arguments/help-text.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode } from '../exit-code.ts'
import type { flags } from './help.command.ts'

export const help: Run<typeof flags> = async ({ flags, arguments: words }, io, commands) => {
  const name = words.join(' ')
  const entry = commands.find((one) => one.name === name)
  if (name !== '' && entry === undefined) {
    const names = commands.map((one) => one.name)
    const meant = closest(name, names)
    throw usageError(
      `there is no command ${quote(name)}`,
      meant === undefined ? `the commands are ${names.join(', ')}` : `did you mean deltawire help ${meant}?`,
    )
  }
  if (flags.markdown) {
    const { markdownReference } = await import('../reference/markdown-reference.ts')
    await io.stdout.write(markdownReference(commands))
  } else if (flags.man) {
    const { manPage } = await import('../reference/man-page.ts')
    await io.stdout.write(manPage(commands, version, entry))
  } else
    await io.stdout.write(
      entry === undefined
        ? generalHelp(commands, widthOf(io.stdout.columns?.()))
        : commandHelp(entry, commands, widthOf(io.stdout.columns?.())),
    )
  return exitCode.complete
}

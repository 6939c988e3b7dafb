import { commandNames, entryOf, globalFlags, isCommandName, type CommandName } from '../commands/table.ts'
import { closest } from './closest.ts'
import { usageError } from './usage-error.ts'

export interface Chosen {
  readonly name: CommandName
  readonly argv: readonly string[]
}

const globalWords = new Set(Object.entries(globalFlags).flatMap(([name, { short }]) => [`--${name}`, `-${short}`]))

/** Which command a command line is for: the one it names, otherwise `ask`, and all of it is the prompt. */
export function chooseCommand(argv: readonly string[]): Chosen {
  const at = argv.findIndex((argument) => !globalWords.has(argument))
  const word = argv[at]
  if (word === undefined) {
    return argv.some((argument) => argument === '--help' || argument === '-h')
      ? { name: 'help', argv: [] }
      : { name: 'ask', argv }
  }
  const others = argv.toSpliced(at, 1)
  if (isCommandName(word)) return { name: word, argv: others }
  const meant = mistyped(word, argv.slice(at + 1))
  if (meant !== undefined) {
    throw usageError(
      `there is no command ${JSON.stringify(word)}`,
      `did you mean deltawire ${meant}? For a prompt: deltawire ask ${word} …`,
    )
  }
  return { name: 'ask', argv }
}

/**
 * The command that a first word nearly names.
 *
 * A prompt may begin with any word, so more has to speak for a slip: the word stands alone, or what follows is what the
 * command takes and a prompt does not have.
 */
function mistyped(word: string, following: readonly string[]): CommandName | undefined {
  // "hello" is not "help".
  const meant = closest(word, commandNames, 1)
  if (meant === undefined) return undefined
  const flags = Object.keys(entryOf(meant).flags)
  const isArgument = (argument: string) =>
    argument === '-' || argument.startsWith('demo:') || flags.some((flag) => argument.split('=')[0] === `--${flag}`)
  return following.length === 0 || following.some(isArgument) ? meant : undefined
}

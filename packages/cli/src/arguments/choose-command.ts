import { closest } from './closest.ts'
import { globalFlags, type Command, type Flags } from './command.ts'
import { usageError } from './usage-error.ts'

export interface Chosen {
  /** A name of the table, or of a program `deltawire-NAME`. */
  readonly name: string
  readonly argv: readonly string[]
}

/** How many arguments a flag of every command takes at the beginning of a command line; none when it is no such flag. */
function globalFlagLength(argument: string): number {
  if (/^-v+$/.test(argument)) return 1
  for (const [name, { short, value }] of Object.entries(globalFlags as Flags)) {
    if (argument === `--${name}` || argument === `-${short}`) return value.placeholder === undefined ? 1 : 2
    if (value.placeholder !== undefined && argument.startsWith(`--${name}=`)) return 1
  }
  return 0
}

function firstWordOf(argv: readonly string[]): number {
  let at = 0
  for (let length = 1; length > 0 && at < argv.length; at += length) length = globalFlagLength(argv[at] ?? '')
  return at
}

/** Which command a command line is for: the one it names, otherwise `ask`, and all of it is the prompt. */
export function chooseCommand(argv: readonly string[], commands: readonly Command[]): Chosen {
  const at = firstWordOf(argv)
  const word = argv[at]
  if (word === undefined) {
    return argv.some((argument) => argument === '--help' || argument === '-h')
      ? { name: 'help', argv: [] }
      : { name: 'ask', argv }
  }
  // The name of two words before the group that it belongs to.
  for (const length of [2, 1]) {
    const name = argv.slice(at, at + length).join(' ')
    if (isCommandName(name, commands)) return { name, argv: argv.toSpliced(at, length) }
  }
  const meant = mistyped(word, argv.slice(at + 1), commands)
  if (meant !== undefined) {
    throw usageError(
      `there is no command ${JSON.stringify(word)}`,
      `did you mean deltawire ${meant}? For a prompt: deltawire ask ${word} …`,
    )
  }
  return { name: 'ask', argv }
}

export function isCommandName(name: string, commands: readonly Command[]): boolean {
  return commands.some((entry) => entry.name === name)
}

/**
 * The command that a first word nearly names.
 *
 * A prompt may begin with any word, so more has to speak for a slip: the word stands alone, or what follows is what the
 * command takes and a prompt does not have.
 */
function mistyped(word: string, following: readonly string[], commands: readonly Command[]): string | undefined {
  // "hello" is not "help".
  const meant = closest(
    word,
    commands.map(({ name }) => name),
    1,
  )
  const entry = commands.find(({ name }) => name === meant)
  if (entry === undefined) return undefined
  const flags = Object.keys(entry.flags)
  const isArgument = (argument: string) =>
    argument === '-' || argument.startsWith('demo:') || flags.some((flag) => argument.split('=')[0] === `--${flag}`)
  return following.length === 0 || following.some(isArgument) ? meant : undefined
}

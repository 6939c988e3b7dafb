import { version } from '../package.json'
import { chooseCommand } from './arguments/choose-command.ts'
import type { Invocation } from './arguments/command.ts'
import { generalHelp, commandHelp } from './arguments/help-text.ts'
import { asksForHelp, parseArguments } from './arguments/parse-arguments.ts'
import { entryOf, type CommandName, type FlagsOf } from './commands/table.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import type { Io } from './io.ts'
import { reportError, type Loudness } from './report.ts'

/** What a command does; its entry in the table says the rest. Resolves to the exit code. */
export type Run<N extends CommandName> = (invocation: Invocation<FlagsOf<N>>, io: Io) => Promise<number>

/** Loaded when called: what a command needs costs the others nothing. */
const load: { [N in CommandName]: () => Promise<Run<N>> } = {
  ask: async () => (await import('./commands/ask.ts')).ask,
  merge: async () => (await import('./commands/merge.ts')).merge,
  split: async () => (await import('./commands/split.ts')).split,
  convert: async () => (await import('./commands/convert.ts')).convert,
  mock: async () => (await import('./commands/mock.ts')).mock,
  help: async () => (await import('./commands/help.ts')).help,
}

/** One run of `deltawire`, from its arguments to its exit code. Never rejects. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const loudness: Loudness = { quiet: false, verbose: argv.includes('-v') || argv.includes('--verbose') }
  let code: number
  try {
    code = await serve(argv, io)
  } catch (error) {
    code = exitCodeOf(error)
    await reportError(io, loudness, error)
  }
  // A reader that has left does not change how the run itself went.
  await Promise.allSettled([io.stdout.flush(), io.stderr.flush()])
  return code
}

async function serve(argv: readonly string[], io: Io): Promise<number> {
  if (argv[0] === '--version' || argv[0] === '-V') {
    await io.stdout.write(`deltawire ${version}\n`)
    return exitCode.complete
  }
  if (argv.length === 0 && io.stdin.isTTY) {
    // Nothing to ask and nobody who will say: the prompt is missing.
    await io.stderr.write(generalHelp())
    return exitCode.usage
  }
  const chosen = chooseCommand(argv)
  return call(chosen.name, chosen.argv, io)
}

async function call(name: CommandName, argv: readonly string[], io: Io): Promise<number> {
  if (name !== 'help' && asksForHelp(entryOf(name), argv)) {
    await io.stdout.write(commandHelp(name))
    return exitCode.complete
  }
  const invocation = parseArguments(name, entryOf(name), argv)
  // The flags were read by the entry of the same name, so they are the ones that this command expects.
  const command = (await load[name]()) as (invocation: Invocation, io: Io) => Promise<number>
  return command(invocation, io)
}

import { version } from '../package.json'
import { chooseCommand, isCommandName } from './arguments/choose-command.ts'
import type { Command } from './arguments/command.ts'
import { asksForHelp, parseArguments } from './arguments/parse-arguments.ts'
import { commands } from './commands/table.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import type { Io } from './io.ts'
import { pluginFor } from './plugin.ts'
import { reportError, type Loudness } from './report.ts'

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
    const { generalHelp, widthOf } = await import('./arguments/help-text.ts')
    await io.stderr.write(generalHelp(commands, widthOf(io.stderr.columns?.())))
    return exitCode.usage
  }
  const [word] = argv
  const plugin = word === undefined || isCommandName(word, commands) ? undefined : await pluginFor(word, io)
  if (plugin !== undefined) {
    const { runCommand } = await import('./run-command.ts')
    return runCommand([plugin, ...argv.slice(1)], io.env, io.signal)
  }
  const chosen = chooseCommand(argv, commands)
  const entry = commands.find(({ name }) => name === chosen.name)
  return entry === undefined ? exitCode.bug : call(entry, chosen.argv, io)
}

async function call(entry: Command, argv: readonly string[], io: Io): Promise<number> {
  if (entry.name !== 'help' && asksForHelp(entry, argv)) {
    const { commandHelp, widthOf } = await import('./arguments/help-text.ts')
    await io.stdout.write(commandHelp(entry, commands, widthOf(io.stdout.columns?.())))
    return exitCode.complete
  }
  const invocation = parseArguments(entry, argv)
  const command = await entry.load()
  return command(invocation, io, commands)
}

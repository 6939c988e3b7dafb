import { version } from '../package.json'
import { chooseCommand, isCommandName } from './arguments/choose-command.ts'
import type { Command } from './arguments/command.ts'
import { briefHelp, commandHelp, widthOf } from './arguments/help-text.ts'
import { asksForHelp, parseArguments } from './arguments/parse-arguments.ts'
import { commands } from './commands/table.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import type { Io } from './io.ts'
import { placed, type PlaceFlags } from './placed.ts'
import { pluginFor } from './plugin.ts'
import { note, reportError, type Loudness } from './report.ts'

/** One run of `deltawire`, from its arguments to its exit code. Never rejects. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const loudness: Loudness = { quiet: false, verbose: argv.some((word) => /^(?:-v+|--verbose)$/.test(word)) ? 1 : 0 }
  // The key of an --env-file is not to be shown either.
  let place = io
  let code: number
  let failure: unknown
  try {
    code = await serve(argv, io, (found) => (place = found))
  } catch (error) {
    failure = error
    code = exitCodeOf(error)
    await reportError(place, loudness, error)
  }
  try {
    await io.stdout.flush()
  } catch (error) {
    // What was printed last fails only now. A reader that has left does not change how the run itself went.
    code ||= exitCodeOf(error)
    if (error !== failure) await reportError(place, loudness, error)
  }
  await io.stderr.flush().catch(() => {})
  return code
}

async function serve(argv: readonly string[], io: Io, onPlace: (io: Io) => void): Promise<number> {
  if (argv[0] === '--version' || argv[0] === '-V') {
    await io.stdout.write(`deltawire ${version}\n`)
    return exitCode.complete
  }
  if (argv.length === 0 && io.stdin.isTTY) {
    // Nothing to ask and nobody who will say: the prompt is missing.
    await io.stderr.write(briefHelp(commands, widthOf(io.stderr.columns?.())))
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
  return entry === undefined ? exitCode.bug : call(entry, chosen.argv, io, onPlace)
}

async function call(entry: Command, argv: readonly string[], io: Io, onPlace: (io: Io) => void): Promise<number> {
  if (entry.name !== 'help' && asksForHelp(entry, argv)) {
    await io.stdout.write(commandHelp(entry, commands, widthOf(io.stdout.columns?.())))
    return exitCode.complete
  }
  const { argv: spelled, notes } = entry.respelled?.(argv) ?? { argv, notes: [] }
  const invocation = parseArguments(entry, spelled)
  const place = placed(invocation.flags as unknown as PlaceFlags, io)
  onPlace(place)
  if (notes.length > 0)
    await note(place, invocation.flags as unknown as Loudness, `flags of chatgpt: ${notes.join(', ')}`)
  const command = await entry.load()
  return command(invocation, place, commands)
}

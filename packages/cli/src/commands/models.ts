import type { Run } from '../arguments/command.ts'
import { listModels } from '../chat/list-models.ts'
import { loadSettings } from '../config/load-settings.ts'
import { endpointOf } from '../endpoint.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { jsonText } from '../render/json-text.ts'
import { visibleLine } from '../render/visible.ts'
import type { flags } from './models.command.ts'

export const models: Run<typeof flags> = async ({ flags, arguments: words }, io) => {
  const settings = await loadSettings(flags, io)
  const endpoint = await endpointOf(flags, settings, io).catch((error: unknown) => {
    // Nobody is named who could be asked: the recordings are.
    if (error instanceof CliError && error.message.startsWith('there is no endpoint')) return undefined
    throw error
  })
  const fits = (name: string) => words.every((word) => name.toLowerCase().includes(word.toLowerCase()))
  const names = (await listModels({ endpoint }, io)).filter(fits)
  const aliases = Object.entries(settings.aliases).filter(([name, model]) => fits(`${name} ${model}`))
  if (flags.json) {
    await io.stdout.write(
      jsonText(
        [...names.map((id) => ({ id })), ...aliases.map(([id, model]) => ({ id, alias_of: model }))],
        !io.stdout.isTTY,
      ),
    )
  } else await printNames(names, aliases, io)
  return names.length + aliases.length === 0 ? exitCode.unacceptable : exitCode.complete
}

async function printNames(
  names: readonly string[],
  aliases: readonly (readonly [string, string])[],
  { stdout }: Io,
): Promise<void> {
  for (const name of names) await stdout.write(`${visibleLine(name)}\n`)
  for (const [name, model] of aliases) await stdout.write(`${visibleLine(`${name} → ${model}`)}\n`)
}

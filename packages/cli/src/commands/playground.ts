import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { endpointFlags, modelOf, openEndpoint } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { listenError } from '../listen.ts'
import { readPageFiles } from '../playground/page-files.ts'
import { startPlayground, type PlaygroundOptions } from '../playground/start-playground.ts'
import { serveUntilDone } from '../serve-until-done.ts'
import type { flags as declared } from './playground.command.ts'

export const playground: Run<typeof declared> = async ({ flags }, io) => {
  const endpoint = await endpointOf(flags, io)
  const files = await readPageFiles(pageFolder())
  try {
    const started = await startPlayground({ files, clock: io.clock, port: flags.port, endpoint })
    await io.stdout.write(`${started.url}\n`)
    const server = { baseURL: started.url, close: started.close }
    return await serveUntilDone(server, {}, { ...flags, 'print-env': false, command: [] }, io)
  } catch (error) {
    throw listenError(error, '127.0.0.1', flags.port)
  }
}

/** A real endpoint, when one is named. That the environment knows one is no wish to pay for it. */
async function endpointOf(flags: FlagValues<typeof declared>, io: Io): Promise<PlaygroundOptions['endpoint']> {
  const isNamed = flags.model !== undefined || flags['base-url'] !== undefined || flags.profile !== undefined
  if (!isNamed) {
    const idle = Object.keys(endpointFlags).find((name) => isGiven(flags[name as keyof typeof endpointFlags]))
    if (idle === undefined) return undefined
    throw usageError(`--${idle} is about an endpoint, and none is named`, 'name it by --model, --base-url or --profile')
  }
  const model = await modelOf(flags, io)
  if (model === '')
    throw new CliError(exitCode.configuration, 'no model is chosen: give one with -m MODEL or in DELTAWIRE_MODEL')
  // Each answer has a signal of its own.
  const { signal: _signal, ...endpoint } = await openEndpoint(flags, io)
  return { ...endpoint, model }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
}

/** Where the build has put the page: beside the program, and beside the sources. */
function pageFolder(): string {
  const folders = ['../playground', '../../dist/playground'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const found = folders.find((folder) => existsSync(join(folder, 'index.html')))
  if (found === undefined) throw new CliError(exitCode.bug, 'the page of the playground has not been built')
  return found
}

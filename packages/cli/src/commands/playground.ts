import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run } from '../arguments/command.ts'
import { CliError } from '../cli-error.ts'
import { openEndpoint } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import { listenError } from '../listen.ts'
import { readPageFiles } from '../playground/page-files.ts'
import { startPlayground } from '../playground/start-playground.ts'
import { serveUntilDone } from '../serve-until-done.ts'
import type { flags } from './playground.command.ts'

export const playground: Run<typeof flags> = async ({ flags }, io) => {
  const endpoint =
    flags.model === undefined
      ? undefined
      : { ...(await openEndpoint(flags, io)), model: flags.model, signal: undefined }
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

/** Where the build has put the page: beside the program, and beside the sources. */
function pageFolder(): string {
  const folders = ['../playground', '../../dist/playground'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const found = folders.find((folder) => existsSync(join(folder, 'index.html')))
  if (found === undefined) throw new CliError(exitCode.bug, 'the page of the playground has not been built')
  return found
}

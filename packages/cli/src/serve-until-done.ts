import { exitCode } from './exit-code.ts'
import type { Io } from './io.ts'
import { note, type Loudness } from './report.ts'
import { runCommand } from './run-command.ts'

/** A server that is listening. */
export interface Server {
  readonly baseURL: string
  close(): Promise<void>
}

export interface ServeFlags extends Loudness {
  readonly 'print-env': boolean
  /** Run against the server; empty for a server of its own. */
  readonly command: readonly string[]
}

/**
 * Serves until Ctrl-C, or as long as a command runs that is led to the server by its environment.
 *
 * @returns the exit code of the command
 */
export async function serveUntilDone(
  server: Server,
  environment: Readonly<Record<string, string>>,
  flags: ServeFlags,
  io: Io,
): Promise<number> {
  try {
    if (flags['print-env']) await io.stdout.write(exportLine(environment))
    if (flags.command.length > 0) {
      await io.stdout.flush()
      return await runCommand(flags.command, { ...io.env, ...environment }, io.signal)
    }
    await note(io, flags, `listening on ${server.baseURL} (Ctrl-C ends)`)
    await ended(io)
    return exitCode.complete
  } finally {
    await server.close()
  }
}

function exportLine(environment: Readonly<Record<string, string>>): string {
  const settings = Object.entries(environment).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`)
  return `export ${settings.join(' ')}\n`
}

/** Ctrl-C is how a server ends, and no failure. */
async function ended({ signal }: Io): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

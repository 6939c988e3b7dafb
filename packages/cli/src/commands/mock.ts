import { basename } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { createMockServer, type MockAnswer, type MockServerOptions } from '../mock/create-mock-server.ts'
import { toRecording, type Recording } from '../mock/recording.ts'
import { runCommand } from '../mock/run-command.ts'
import { visibleLine } from '../render/visible.ts'
import { note } from '../report.ts'
import type { Run } from '../run.ts'
import { openSources, type Source } from '../source/open-source.ts'

export const mock: Run<'mock'> = async ({ flags, arguments: names, command }, io) => {
  const recordings: Recording[] = []
  // Standard input is read only when it is named: a server has no business with it.
  for (const source of names.length === 0 ? [] : await openSources(names, flags, io))
    recordings.push(await record(source))
  const hasCommand = command.length > 0
  const isLogged = !flags.quiet && (!hasCommand || flags.verbose)
  const server = await start({
    recordings,
    port: flags.port,
    host: flags.host,
    apiKey: flags.key,
    allowsCors: flags.cors,
    pace: paceOf(flags),
    sleep: io.clock.sleep,
    onAnswer: isLogged ? (answer) => void io.stderr.write(logLine(answer)) : undefined,
  })
  try {
    const environment = {
      OPENAI_BASE_URL: server.baseURL,
      OPENAI_API_KEY: flags.key ?? 'mock',
      DELTAWIRE_MODEL: recordings[0]?.name ?? 'demo:text',
    }
    if (flags['print-env']) await io.stdout.write(exportLine(environment))
    if (hasCommand) {
      await io.stdout.flush()
      return await runCommand(command, { ...io.env, ...environment }, io.signal)
    }
    await note(io, flags, `listening on ${server.baseURL} (Ctrl-C ends)`)
    await ended(io)
    return exitCode.complete
  } finally {
    await server.close()
  }
}

async function record({ name, bytes }: Source): Promise<Recording> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  const recording = await toRecording(modelName(name), Buffer.concat(pieces))
  if (recording.completion !== null || recording.failure !== undefined) return recording
  throw usageError(`there is no chat completion in ${quote(name)}`, 'see deltawire help merge for what a SOURCE can be')
}

/** `recordings/paris.sse.gz` is asked for as `paris`. */
function modelName(source: string): string {
  if (source === '-') return 'stdin'
  return source.startsWith('demo:')
    ? source
    : basename(source)
        .replace(/\.gz$/, '')
        .replace(/\.[^.]+$/, '')
}

interface PaceFlags {
  ttft: number
  tps: number
  speed: number
}

function paceOf({ ttft, tps, speed }: PaceFlags) {
  if (speed === 0) return { firstChunkMs: 0, chunkMs: 0 }
  return { firstChunkMs: ttft / speed, chunkMs: tps === 0 ? 0 : 1000 / tps / speed }
}

const listenProblems: Record<string, string> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'it is not allowed',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
}

async function start(options: MockServerOptions) {
  try {
    return await createMockServer(options)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (listenProblems[code] === undefined) throw error
    throw usageError(
      `cannot listen on ${options.host}:${options.port}: ${listenProblems[code]}`,
      '--port 0 takes a free port',
    )
  }
}

function logLine({ method, path, status, recording, events, isAborted }: MockAnswer): string {
  const what = recording === undefined ? '' : ` ${recording}`
  const much = events === 0 ? '' : `, ${events} events`
  return `${visibleLine(`${method} ${path} ${status}${what}${much}${isAborted ? ', client left' : ''}`)}\n`
}

function exportLine(environment: Record<string, string>): string {
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

import { basename } from 'node:path'
import type { FlagValues, Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { listenError } from '../listen.ts'
import { createMockServer, type MockAnswer, type MockServerOptions } from '../mock/create-mock-server.ts'
import { faultKinds, parseFault, type Fault, type FaultKind } from '../mock/fault.ts'
import { captureToRecording, type Recording } from '../mock/recording.ts'
import { visibleLine } from '../render/visible.ts'
import { note } from '../report.ts'
import { serveUntilDone } from '../serve-until-done.ts'
import { expandSources } from '../source/expand-sources.ts'
import { openSources, type Source } from '../source/open-source.ts'
import type { flags } from './mock.command.ts'

type Flags = FlagValues<typeof flags>

export const mock: Run<typeof flags> = async ({ flags, arguments: names, command }, io) => {
  const faults = flags.fault.map(faultOf)
  if (flags.jitter !== undefined && flags.ttft === 0 && flags.tps === 0)
    throw usageError('--jitter varies --ttft and --tps, and neither is given')
  const recordings: Recording[] = []
  // Standard input is read only when it is named: a server has no business with it.
  const sources = names.length === 0 ? [] : await openSources(await expandSources(names), flags, io)
  for (const source of sources) {
    const recording = await captureToRecording(modelName(source.name), await source.open())
    if (recording.completion !== null || recording.failure !== undefined) recordings.push(recording)
    // A folder may hold other calls as well: a list of models, say. What was named has to be right.
    else if (names.includes(source.name)) throw notServed(source)
    else await note(io, flags, `there is no chat completion in ${quote(source.name)}`)
  }
  const isLogged = !flags.quiet && (command.length === 0 || flags.verbose > 0)
  const server = await start({
    recordings,
    port: flags.port,
    host: flags.host,
    apiKey: flags.key,
    allowsCors: flags.cors,
    match: flags.match,
    isStrict: flags.strict,
    pace: paceOf(flags),
    clock: io.clock,
    faults,
    onAnswer: isLogged ? (answer) => void io.stderr.write(logLine(answer)) : undefined,
  })
  const environment = {
    OPENAI_BASE_URL: server.baseURL,
    OPENAI_API_KEY: flags.key ?? 'mock',
    DELTAWIRE_MODEL: recordings[0]?.name ?? 'demo:text',
  }
  return serveUntilDone(server, environment, { ...flags, command }, io)
}

/** What the user wrote as a fault, or what is wrong with it. */
function faultOf(text: string): Fault {
  const fault = parseFault(text)
  if (fault !== undefined) return fault
  const [, kind = ''] = /^([a-z-]+)/.exec(text) ?? []
  const about = Object.hasOwn(faultKinds, kind) ? faultKinds[kind as FaultKind].about : undefined
  throw usageError(
    `there is no fault ${quote(text)}`,
    about ?? `the faults are ${Object.keys(faultKinds).join(', ')}; see deltawire mock --help`,
  )
}

function notServed({ name }: Source) {
  return usageError(
    `there is no chat completion in ${quote(name)}`,
    'see deltawire help merge for what a SOURCE can be',
  )
}

/** `recordings/paris.sse.gz` is asked for as `paris`. */
function modelName(source: string): string {
  if (source === '-') return 'stdin'
  // An answer of the history may be named by a number.
  return /^(?:demo:|@)/.test(source)
    ? source
    : basename(source)
        .replace(/\.gz$/, '')
        .replace(/\.[^.]+$/, '')
}

function paceOf({ ttft, tps, jitter = 0, speed }: Flags) {
  const factor = speed ?? 1
  const pace =
    factor === 0
      ? { firstChunkMs: 0, chunkMs: 0 }
      : { firstChunkMs: ttft / factor, chunkMs: tps === 0 ? 0 : 1000 / tps / factor }
  // A pace of one's own is meant for every recording.
  const isOwn = ttft > 0 || tps > 0
  return { ...pace, jitter, ...(speed !== undefined && !isOwn && { recordedSpeed: speed }) }
}

async function start(options: MockServerOptions & { readonly host: string; readonly port: number }) {
  try {
    return await createMockServer(options)
  } catch (error) {
    throw listenError(error, options.host, options.port)
  }
}

function logLine({ method, path, status, recording, events, isAborted }: MockAnswer): string {
  const what = recording === undefined ? '' : ` ${recording}`
  const much = events === 0 ? '' : `, ${events} events`
  return `${visibleLine(`${method} ${path} ${status}${what}${much}${isAborted ? ', client left' : ''}`)}\n`
}

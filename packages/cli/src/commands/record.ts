import { streamChatCompletion } from '@deltawire/node'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { CliError } from '../cli-error.ts'
import { openEndpoint, type Endpoint } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { createRecordingProxy } from '../recording/create-recording-proxy.ts'
import { createRecordingFolder, openRecordingFile, type RecordingFile } from '../recording/recording-file.ts'
import { recordCall, type RecorderOptions } from '../recording/create-recorder.ts'
import { createRedaction } from '../recording/redaction.ts'
import { note, reportError } from '../report.ts'
import { serveUntilDone } from '../serve-until-done.ts'
import { requestOf } from '../source/request-of.ts'
import { showRecorded } from './show-recorded.ts'
import type { flags } from './record.command.ts'

type Flags = FlagValues<typeof flags>

export const record: Run<typeof flags> = async ({ flags, arguments: words, command }, io) => {
  const { 'from-har': har, 'from-curl': curl } = flags
  if (har !== undefined || curl !== undefined) {
    if (words.length + command.length > 0)
      throw usageError('what is asked is in the file: there is no prompt beside it')
    const { recordCurl, recordHar } = await import('./record-captured.ts')
    return har === undefined ? recordCurl(curl ?? '-', flags, io) : recordHar(har, flags, io)
  }
  const endpoint = await openEndpoint(flags, io)
  const redaction = createRedaction({ secrets: endpoint.secrets, names: flags.redact ?? [] })
  if (flags.proxy) {
    if (words.length > 0) throw usageError('--proxy asks nothing by itself', 'a command that asks follows --')
    return serveProxy({ flags, command, endpoint }, (write) => ({ clock: io.clock, redaction, write }), io)
  }
  if (command.length > 0) throw usageError('a command needs --proxy', 'see deltawire record --help')
  const request = await requestOf(flags, words, io)
  const file = await fileOf(flags, request.model, io)
  const recorder = { clock: io.clock, redaction, write: file?.write ?? io.stdout.write }
  try {
    return await recordOne(
      { ...request, ...(flags['no-stream'] && { stream: false }) },
      endpoint,
      recorder,
      file,
      flags,
      io,
    )
  } finally {
    await file?.close()
  }
}

async function fileOf(flags: Flags, model: string, io: Io): Promise<RecordingFile | undefined> {
  if (flags.output !== undefined) return openRecordingFile(flags.output)
  if (flags.dir === undefined) return undefined
  const create = await createRecordingFolder(flags.dir)
  return create(io.clock.date(), model)
}

/** One call of our own. Its answer is printed when the recording goes elsewhere. */
async function recordOne(
  request: Parameters<typeof streamChatCompletion>[0] & { stream?: boolean },
  endpoint: Endpoint,
  recorder: RecorderOptions,
  file: RecordingFile | undefined,
  flags: Flags,
  io: Io,
): Promise<number> {
  let written: Promise<void> | undefined
  const recordingFetch: typeof fetch = async (input, init) => {
    const call = await recordCall(
      callOf(input, init, request.stream === false),
      (signal) => (endpoint.fetch ?? io.fetch)(input, { ...init, ...bodyOf(init, request.stream === false), signal }),
      io.signal,
      recorder,
    )
    ;({ written } = call)
    return call.response
  }
  const { stream: _, ...asked } = request
  const options = { ...endpoint, headers: { ...endpoint.headers, 'accept-encoding': 'identity' } }
  // What happened is recorded as it happened: nothing is tried again.
  const chunks = streamChatCompletion(asked, { ...options, fetch: recordingFetch, maxRetries: 0 })
  return showRecorded(chunks, { file, written: () => written }, flags, io)
}

/** What the head of the recording says about the request. */
function callOf(input: Parameters<typeof fetch>[0], init: RequestInit | undefined, isWhole: boolean) {
  const body = bodyOf(init, isWhole).body
  return {
    method: init?.method ?? 'GET',
    url: input instanceof Request ? input.url : String(input),
    headers: Object.fromEntries(new Headers(init?.headers)),
    body: JSON.parse(typeof body === 'string' ? body : 'null') as unknown,
  }
}

/** The client asks for a stream; `--no-stream` does not. */
function bodyOf(init: RequestInit | undefined, isWhole: boolean): { body?: string } {
  if (typeof init?.body !== 'string') return {}
  if (!isWhole) return { body: init.body }
  const { stream_options: _, ...body } = JSON.parse(init.body) as Record<string, unknown>
  return { body: JSON.stringify({ ...body, stream: false }) }
}

interface ProxyCall {
  readonly flags: Flags
  readonly command: readonly string[]
  readonly endpoint: Endpoint
}

async function serveProxy(
  { flags, command, endpoint }: ProxyCall,
  recorder: (write: RecorderOptions['write']) => RecorderOptions,
  io: Io,
): Promise<number> {
  const create = await createRecordingFolder(flags.dir ?? 'recordings')
  let failure: CliError | undefined
  const proxy = await createRecordingProxy({
    upstream: endpoint.baseURL,
    headers: { ...endpoint.headers, ...(endpoint.apiKey !== '' && { authorization: `Bearer ${endpoint.apiKey}` }) },
    fetch: endpoint.fetch ?? io.fetch,
    host: flags.host,
    port: flags.port,
    signal: io.signal,
    open: (model) => create(io.clock.date(), model),
    recorder,
    onCall:
      flags.quiet || (command.length > 0 && flags.verbose === 0) ? undefined : (line) => void note(io, flags, line),
    onFailure(error) {
      failure = error
      void reportError(io, flags, error)
    },
  })
  const code = await serveUntilDone(
    proxy,
    { OPENAI_BASE_URL: proxy.baseURL, OPENAI_API_KEY: io.env.OPENAI_API_KEY || 'proxy' },
    { ...flags, command },
    io,
  )
  return code || (failure === undefined ? exitCode.complete : failure.exitCode)
}

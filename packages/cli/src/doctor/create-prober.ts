import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { CliError } from '../cli-error.ts'
import { timeIsOver } from '../clock.ts'
import type { Config } from '../config/load-settings.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Io } from '../io.ts'
import { lintCapture } from '../lint/lint-capture.ts'
import { recordCall } from '../recording/create-recorder.ts'
import { openCapture } from '../recording/read-recording.ts'
import type { RecordingFile } from '../recording/recording-file.ts'
import type { Redaction } from '../recording/redaction.ts'
import type { AskOptions, Probe, Prober } from './check.ts'
import { jsonIn } from '../json-in.ts'

export interface ProberOptions {
  readonly endpoint: Endpoint
  readonly model: string
  readonly config: Config
  readonly io: Io
  readonly redaction: Redaction
  /** No request may take longer. */
  readonly timeoutMs: number
  /** Where the recording of each request goes, as evidence. */
  readonly open?: ((name: string) => Promise<RecordingFile>) | undefined
}

/** Asks the endpoint, and keeps what is needed to judge the answer. Never throws for what an endpoint does. */
export function createProber(options: ProberOptions): Prober {
  const { endpoint, model, config, io, redaction, timeoutMs, open } = options
  let silenceMs = 0

  async function send(method: string, path: string, body: unknown, asked: AskOptions): Promise<Probe> {
    const url = urlOf(endpoint.baseURL, path)
    const headers = headersOf(endpoint, asked.apiKey, body !== undefined)
    const lines: string[] = []
    const file = await open?.(path === '/models' ? 'models' : model)
    const startedAt = io.clock.now()
    const late = timeIsOver(timeoutMs)
    const limit = AbortSignal.any([io.signal, late])
    try {
      const { response, written } = await recordCall(
        { method, url, headers, body },
        (signal) =>
          (endpoint.fetch ?? io.fetch)(url, {
            method,
            headers,
            signal,
            redirect: 'manual',
            ...(body !== undefined && { body: JSON.stringify(body) }),
          }),
        limit,
        {
          clock: io.clock,
          redaction,
          graceMs: 0,
          async write(line) {
            lines.push(line)
            await file?.write(line)
          },
        },
      )
      await drain(response, asked.leavesEarly === true)
      await written
      const probe = await judged(lines.join(''), response, io.clock.now() - startedAt)
      if (response.status === 200) silenceMs = Math.max(silenceMs, ...gapsOf(probe))
      return { ...probe, isCut: late.aborted }
    } catch (error) {
      if (io.signal.aborted) throw io.signal.reason
      // The recording cannot be written.
      if (error instanceof CliError) throw error
      return { ...nothing(error, io.clock.now() - startedAt), isCut: late.aborted }
    } finally {
      await file?.close()
    }
  }

  return {
    endpoint,
    model,
    config,
    timeoutMs,
    io,
    silenceMs: () => silenceMs,
    ask: (body, asked = {}) => send('POST', '/chat/completions', { model, stream: true, ...body }, asked),
    get: (path, asked = {}) => send('GET', path, undefined, asked),
  }
}

/** The times between what a stream says, from the request on. */
function gapsOf({ readsMs }: Pick<Probe, 'readsMs'>): number[] {
  return readsMs.map((at, index) => at - (readsMs[index - 1] ?? 0))
}

function urlOf(baseURL: string, path: string): string {
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '') + path
  return url.href
}

function headersOf({ apiKey, headers, organization, project }: Endpoint, other: string | undefined, hasBody: boolean) {
  const key = other ?? apiKey
  return {
    ...(hasBody && { 'content-type': 'application/json' }),
    'accept-encoding': 'identity',
    ...(organization && { 'openai-organization': organization }),
    ...(project && { 'openai-project': project }),
    ...(key !== '' && { authorization: `Bearer ${key}` }),
    ...(other === undefined && headers),
  }
}

/** Reads the body, or only its beginning. */
async function drain(response: Response, leavesEarly: boolean): Promise<void> {
  try {
    for await (const _ of (response.body ?? []) as AsyncIterable<Uint8Array>) if (leavesEarly) return
  } catch {
    // How it broke is in the recording.
  }
}

async function judged(recording: string, response: Response, totalMs: number): Promise<Omit<Probe, 'isCut'>> {
  const capture = () => openCapture(once(Buffer.from(recording)))
  const { reads } = await capture()
  const pieces: Uint8Array[] = []
  const readsMs: number[] = []
  try {
    for await (const { atMs = 0, bytes } of reads) {
      pieces.push(bytes)
      readsMs.push(atMs)
    }
  } catch {
    // A connection that broke: `findings` say so.
  }
  const bytes = Buffer.concat(pieces)
  const text = bytes.toString('utf8')
  const { completion, error } = await accumulate(readChunks([bytes]))
  const findings = await lintCapture(await capture())
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: jsonIn(text),
    completion,
    error,
    findings,
    readsMs,
    totalMs,
  }
}

function nothing(error: unknown, totalMs: number): Omit<Probe, 'isCut'> {
  const failure = reasonOf(error)
  return {
    status: 0,
    headers: new Headers(),
    text: '',
    json: undefined,
    completion: null,
    error: null,
    findings: [],
    readsMs: [],
    totalMs,
    failure,
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  let reason = error instanceof Error ? error.message : String(error)
  for (let cause: unknown = error; cause instanceof Error; { cause } = cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
    reason = cause.message
  }
  return reason
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

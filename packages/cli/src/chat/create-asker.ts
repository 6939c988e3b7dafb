import { join, parse } from 'node:path'
import type { ChatCompletionChunk } from '@deltawire/core'
import { readChunks, streamChatCompletion, type StreamRequest } from '@deltawire/node'
import { CliError } from '../cli-error.ts'
import { loadSettings, optionsOf, resolveModel, type Settings } from '../config/load-settings.ts'
import { endpointOf, type Endpoint, type EndpointFlags } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { note } from '../report.ts'
import { abortable } from '../source/abortable.ts'
import { openSource } from '../source/open-source.ts'
import { readTee, throughRelay } from './tee.ts'
import { recordingFetch } from './record-answer.ts'

export type AskerFlags = EndpointFlags & {
  readonly quiet: boolean
  readonly verbose: number
  readonly model?: string | undefined
  readonly record?: string | undefined
  readonly 'no-stream'?: boolean
  readonly tee?: string | undefined
}

/** Who is asked: a model at an endpoint, or a recording that plays one. */
export interface Asker {
  readonly model: string
  readonly profile: string | undefined
  /** Nothing where a recording answers. */
  readonly endpoint: Endpoint | undefined
  readonly settings: Settings
  /** Fields of the request that the configuration sets. */
  readonly options: Readonly<Record<string, unknown>>
  readonly secrets: readonly string[]
  open(request: StreamRequest, options?: OpenOptions): AsyncIterable<ChatCompletionChunk>
  /** The recording of the last answer, once it is written. */
  recording(): string | undefined
}

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** Called with every read of the answer, as it came. */
  readonly onBytes?: (bytes: Uint8Array) => Promise<void>
}

/**
 * Finds out who is asked. Fails before anything is read or sent.
 *
 * @param recorded how many answers of this run have been recorded, by whoever was asked
 */
export async function createAsker(flags: AskerFlags, io: Io, recorded = { count: 0 }): Promise<Asker> {
  const given = await loadSettings(flags, io)
  for (const problem of given.project?.problems ?? []) await note(io, flags, `${given.project?.path}: ${problem}`)
  const { model, profile } = resolveModel(given.text('model') ?? '', given)
  const settings = profile === undefined ? given : await loadSettings({ ...flags, profile }, io)
  const common = { model, settings, options: optionsOf(settings) }
  const tee = flags.tee === undefined ? undefined : readTee(flags.tee, io)
  if (tee === undefined && model.startsWith('demo:') && isNowhere(model, flags, settings, io))
    return recordedAsker(common, flags, io)
  const endpoint =
    tee === undefined
      ? await endpointOf(flags, settings, io)
      : await throughRelay(await endpointOf({ ...flags, 'base-url': tee.baseURL }, settings, io), tee, io)
  if (model === '') throw noModel()
  let recording: string | undefined
  const folder = settings.paths === undefined ? undefined : join(settings.paths.dataFolder, 'recordings')
  return {
    ...common,
    profile: settings.profile?.name,
    endpoint,
    secrets: endpoint.secrets,
    recording: () => recording,
    open(request, { signal = io.signal, onBytes } = {}) {
      let send = endpoint.fetch ?? io.fetch
      // Aborted, and not thrown: a failed call would be tried again, and the disk is still full then.
      const unwritable = new AbortController()
      const ended = flags.record === undefined ? signal : AbortSignal.any([signal, unwritable.signal])
      if (flags['no-stream'] === true) send = withoutStream(send)
      if (flags.record !== undefined) {
        recorded.count += 1
        send = recordingFetch(send, {
          file: numbered(flags.record, recorded.count),
          folder,
          model,
          secrets: endpoint.secrets,
          io,
          signal: ended,
          onPath: (path) => (recording = path),
          onFailure: (error) => unwritable.abort(error),
        })
      }
      if (onBytes !== undefined) send = tapped(send, onBytes)
      return abortable(streamChatCompletion(request, { ...endpoint, fetch: send, signal: ended }), ended)
    },
  }
}

/**
 * Whether there is nobody whom a demonstration could be asked for: the mock server knows them too.
 *
 * A profile that is only the usual one is not meant, unless the model is its own.
 */
function isNowhere(model: string, flags: EndpointFlags, { profile }: Settings, { env }: Io): boolean {
  if (flags['base-url'] !== undefined || (env.OPENAI_BASE_URL ?? '') !== '') return false
  return profile === undefined || (!profile.isExplicit && profile.value.model !== model)
}

async function recordedAsker(
  common: Pick<Asker, 'model' | 'options' | 'settings'>,
  flags: AskerFlags,
  io: Io,
): Promise<Asker> {
  // Fails now when there is no such recording.
  await openSource(common.model, flags, io)
  return {
    ...common,
    profile: undefined,
    endpoint: undefined,
    secrets: [],
    recording: () => undefined,
    async *open(_, { signal = io.signal, onBytes } = {}) {
      const { bytes } = await openSource(common.model, flags, io)
      for await (const chunk of abortable(
        readChunks(onBytes === undefined ? bytes : eachRead(bytes, onBytes)),
        signal,
      )) {
        // At the pace of a model, for a person to look at.
        if (io.stdout.isTTY) await io.clock.sleep(25, signal)
        yield chunk
      }
    },
  }
}

async function* eachRead(bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: Uint8Array) => Promise<void>) {
  for await (const piece of bytes) {
    await onBytes(piece)
    yield piece
  }
}

function noModel(): CliError {
  return new CliError(
    exitCode.configuration,
    'no model is chosen: give one with -m MODEL or in DELTAWIRE_MODEL',
    'deltawire models lists them; -m demo:text answers from a built-in recording',
  )
}

/** `call.jsonl`, then `call-2.jsonl`: an answer shall not take the place of the one before. */
function numbered(file: string, number: number): string {
  if (file === '' || number === 1) return file
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}-${number}${ext}`)
}

/** The whole answer at once, for servers that stream badly. */
function withoutStream(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    if (typeof init?.body !== 'string') return send(input, init)
    const { stream: _stream, stream_options: _options, ...body } = JSON.parse(init.body) as Record<string, unknown>
    return send(input, { ...init, body: JSON.stringify(body) })
  }
}

/** Shows every read of an answer before it is read. */
function tapped(send: typeof fetch, onBytes: (bytes: Uint8Array) => Promise<void>): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init)
    if (!response.ok || response.body === null) return response
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        async transform(piece, controller) {
          await onBytes(piece)
          controller.enqueue(piece)
        },
      }),
    )
    return new Response(body, { status: response.status, headers: response.headers })
  }
}

import {
  accumulate,
  encodeChunk,
  encodeDone,
  isStreamError,
  splitCompletion,
  type ChatCompletion,
  type UpstreamError,
} from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { collectReads } from '../recording/collect-reads.ts'
import type { Capture } from '../recording/read-recording.ts'
import type { Read } from '../recording/recording.ts'
import { timedBlocks } from '../recording/timed-blocks.ts'

/** A stream that the mock server can send again. */
export interface Recording {
  /** The model that asks for it. */
  readonly name: string
  /** As they were recorded, byte for byte. */
  readonly events: readonly RecordedEvent[]
  /** What a request without `stream` gets: the stream folded, as far as it goes. `null` when there is no answer in it. */
  readonly completion: ChatCompletion | null
  /** The connection broke: ours will break there, too. */
  readonly isCut: boolean
  /** What the server reported instead of an answer, or in the middle of it. */
  readonly failure: RecordedFailure | undefined
  /** What was asked, where the recording tells. */
  readonly request?: unknown
}

export interface RecordedEvent {
  readonly bytes: Uint8Array
  /** Only sent to those who ask for it with `stream_options.include_usage`. */
  readonly isUsage: boolean
  /** Whether it carries something of the answer: these are what a pace counts. */
  readonly hasToken: boolean
  /** When it was read, since the request was sent; only a recording with times tells. */
  readonly atMs?: number
}

export interface RecordedFailure {
  readonly status: number
  readonly body: object
}

/**
 * Makes a recording of the bytes of a stream.
 *
 * A stream of events is kept as it is, with all the oddities of its provider. Lines of JSON and completions become a
 * stream of events, a completion word by word.
 */
export async function toRecording(name: string, bytes: Uint8Array): Promise<Recording> {
  return captureToRecording(name, { head: undefined, reads: untimed(bytes) })
}

/** The same of a recording that knows its request, its status and its times. */
export async function captureToRecording(name: string, { head, reads }: Capture): Promise<Recording> {
  const { reads: pieces, bytes, broke } = await collectReads(reads, name)
  const request = head?.request.body
  const status = head?.response.status ?? 200
  if (status < 200 || status > 299) {
    const failure = { status, body: refusalOf(bytes.toString('utf8')) }
    return { name, events: [], completion: null, isCut: false, failure, request }
  }
  const { completion, error } = await accumulate(readChunks(once(bytes)))
  return {
    name,
    events: isJson(bytes)
      ? await eventsOf(bytes, completion)
      : timedBlocks(bytes, pieces).map((block) => toRecordedEvent(block.bytes, block.atMs)),
    completion,
    isCut: broke !== undefined || (isStreamError(error) && error.code === 'incomplete_stream'),
    failure: isStreamError(error) && error.code === 'upstream_error' ? failureOf(error.details.error) : undefined,
    request,
  }
}

/** A body of JSON, in lines or as one document. An event stream begins with the name of a field, or a colon. */
function isJson(bytes: Uint8Array): boolean {
  return /^[\s\uFEFF]*[{[]/.test(new TextDecoder().decode(bytes.subarray(0, 1024)))
}

async function eventsOf(bytes: Uint8Array, completion: ChatCompletion | null): Promise<RecordedEvent[]> {
  if (completion === null) return []
  const chunks = []
  try {
    for await (const chunk of readChunks(once(bytes))) chunks.push(chunk)
  } catch {
    // Why the stream broke is already known; what it gave is sent.
  }
  // One chunk is a whole answer: a server streams it in pieces.
  const pieces = chunks.length === 1 ? [...splitCompletion(completion, { by: 'word' })] : chunks
  return [...pieces.map(encodeChunk), encodeDone()].map((text) => toRecordedEvent(new TextEncoder().encode(text)))
}

function toRecordedEvent(bytes: Uint8Array, atMs?: number): RecordedEvent {
  const chunk = chunkIn(new TextDecoder().decode(bytes))
  return { bytes, isUsage: isUsageOnly(chunk), hasToken: hasToken(chunk), ...(atMs !== undefined && { atMs }) }
}

interface LooseChunk {
  readonly choices?: readonly { readonly delta?: Readonly<Record<string, unknown>> | null }[]
  readonly usage?: unknown
}

function chunkIn(text: string): LooseChunk {
  const data = /^data: ?(\{.*)$/m.exec(text)?.[1]
  if (data === undefined) return {}
  try {
    const { choices, usage } = JSON.parse(data) as { choices?: unknown; usage?: unknown }
    return { ...(Array.isArray(choices) && { choices: choices as NonNullable<LooseChunk['choices']> }), usage }
  } catch {
    return {}
  }
}

/** The official last chunk: no choices, only the usage. Usage beside text is sent to everybody, as its provider does. */
function isUsageOnly({ choices, usage }: LooseChunk): boolean {
  return choices?.length === 0 && typeof usage === 'object' && usage !== null
}

function hasToken({ choices = [] }: LooseChunk): boolean {
  return choices.some((choice) =>
    Object.entries(choice?.delta ?? {}).some(([key, value]) => key !== 'role' && value !== null && value !== ''),
  )
}

/** The error in the official form, with the status that it names. */
function failureOf(error: UpstreamError): RecordedFailure {
  const { message, type = 'server_error', param = null, code = null } = error
  const isStatus = typeof code === 'number' && code >= 400 && code < 600
  return { status: isStatus ? code : 500, body: { error: { message, type, param, code } } }
}

/** What a server said with its refusal; a page becomes an error in the official form. */
function refusalOf(text: string): object {
  try {
    const body = JSON.parse(text) as unknown
    if (typeof body === 'object' && body !== null) return body
  } catch {
    // Said as it is.
  }
  return { error: { message: text.slice(0, 1000), type: 'server_error', param: null, code: null } }
}

async function* untimed(bytes: Uint8Array): AsyncGenerator<Read> {
  yield { atMs: undefined, bytes }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

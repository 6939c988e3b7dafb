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
import { splitEvents } from './split-events.ts'

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
}

export interface RecordedEvent {
  readonly bytes: Uint8Array
  /** Only sent to those who ask for it with `stream_options.include_usage`. */
  readonly isUsage: boolean
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
  const { completion, error } = await accumulate(readChunks(once(bytes)))
  return {
    name,
    events: isJson(bytes) ? await eventsOf(bytes, completion) : splitEvents(bytes).map(toRecordedEvent),
    completion,
    isCut: isStreamError(error) && error.code === 'incomplete_stream',
    failure: isStreamError(error) && error.code === 'upstream_error' ? failureOf(error.details.error) : undefined,
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

function toRecordedEvent(bytes: Uint8Array): RecordedEvent {
  return { bytes, isUsage: isUsageEvent(new TextDecoder().decode(bytes)) }
}

/** The official last chunk: no choices, only the usage. Usage beside text is sent to everybody, as its provider does. */
function isUsageEvent(text: string): boolean {
  const data = /^data: ?(.*)$/m.exec(text)?.[1]
  if (data === undefined || !data.includes('"usage"')) return false
  try {
    const { choices, usage } = JSON.parse(data) as { choices?: unknown; usage?: unknown }
    return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null
  } catch {
    return false
  }
}

/** The error in the official form, with the status that it names. */
function failureOf(error: UpstreamError): RecordedFailure {
  const { message, type = 'server_error', param = null, code = null } = error
  const isStatus = typeof code === 'number' && code >= 400 && code < 600
  return { status: isStatus ? code : 500, body: { error: { message, type, param, code } } }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

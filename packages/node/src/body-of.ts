import { StreamError } from '@deltawire/core'
import type { ByteSource } from './read-events.ts'
import { streamErrorFromNode } from './stream-error-from-node.ts'

/** An error page is for people: this much of it is kept. */
const MAX_ERROR_BODY = 16 * 1024

/** The bytes of a source, with its failures turned into ours. Errors of a `Response` come when it is first read. */
export function bodyOf(source: ByteSource | Response): AsyncIterable<Uint8Array | string> {
  if (source instanceof Response || isResponse(source)) return bodyOfResponse(source)
  if (typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)) {
    if (source instanceof Uint8Array) return translated([source])
    return translated(source as AsyncIterable<Uint8Array | string>)
  }
  if (typeof source === 'string')
    throw new TypeError('readChunks takes bytes in pieces, not a string: readChunks([text]) reads a text')
  throw new TypeError('readChunks takes a Response, a ReadableStream or an iterable of bytes, as in readChunks(await fetch(url))')
}

/** A `Response` of another realm or library: `instanceof` does not know it. */
const isResponse = (source: unknown): source is Response =>
  typeof source === 'object' && source !== null && 'body' in source && 'status' in source && 'headers' in source

async function* bodyOfResponse(response: Response): AsyncGenerator<Uint8Array | string, void, undefined> {
  if (!response.ok) throw await statusError(response)
  if (response.body === null) return
  yield* translated(response.body)
}

async function statusError(response: Response): Promise<StreamError<'http_status'>> {
  let body = ''
  const decoder = new TextDecoder()
  try {
    for await (const piece of response.body ?? []) {
      body += decoder.decode(piece, { stream: true })
      if (body.length >= MAX_ERROR_BODY) break
    }
  } catch {
    // The status says enough; what arrived of the body is kept.
  }
  body = body.slice(0, MAX_ERROR_BODY)
  const headers = Object.fromEntries(response.headers)
  return new StreamError('http_status', `the server answered ${response.status}${reasonOf(body)}`, {
    status: response.status,
    headers,
    body,
  })
}

/** What the body says in its own words, if it is an error in JSON. */
function reasonOf(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown }
    const reason = typeof error === 'string' ? error : (error?.message ?? message)
    return typeof reason === 'string' ? `: ${reason.slice(0, 500)}` : ''
  } catch {
    return ''
  }
}

async function* translated(
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  let pieces = 0
  try {
    for await (const piece of source) {
      pieces++
      yield piece
    }
  } catch (reason) {
    throw streamErrorFromNode(reason, pieces)
  }
}

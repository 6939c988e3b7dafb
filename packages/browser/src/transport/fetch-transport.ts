import { type CreateSseParser, StreamError } from '@deltawire/core'
import { type Environment, page } from '../follow/environment.ts'
import { onAbort } from '../follow/on-abort.ts'
import { afterSilence } from './after-silence.ts'
import { openResponse } from './open-response.ts'
import { parseObject } from './parse-object.ts'
import { type ChunkDecoder, createPlainDecoder } from './plain-decoder.ts'
import { readBody } from './read-body.ts'
import { required } from './required.ts'
import { type Resolvable, currentOf } from './resolvable.ts'
import { createSseParser } from './sse-parser.ts'
import { timedOut } from './timed-out.ts'
import type { ChatRequest, ChatTransport, OpenStream } from './transport.ts'

/** Where a backend is, what is sent to it, and how its answers are read. Only `url` is needed. */
export interface FetchTransportOptions {
  /** Where answers are asked for: a route of the own backend, or the relay's `…/chat/completions`. */
  url: Resolvable<string>
  /**
   * Where a stream that the server keeps is taken up (`GET`) and stopped (`DELETE`).
   *
   * @defaultValue `url/ID`; for a `url` that ends in `/chat/completions` the relay's places beside it
   */
  streamUrl?: ((streamId: string, verb: 'resume' | 'stop') => string) | undefined
  /** A function is asked before every request: the place for tokens that turn. */
  headers?: Resolvable<Record<string, string>> | undefined
  /**
   * Whether cookies are sent, in the words of `fetch`.
   *
   * @defaultValue `'same-origin'`, as in `fetch`
   */
  credentials?: RequestCredentials | undefined
  /**
   * Sends the requests.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined
  /** Changes what is sent. What it gives is the body, as JSON. */
  prepareRequest?: ((request: ChatRequest) => object) | undefined
  /**
   * Whether the server keeps streams, so that `stop` has to tell it.
   *
   * @defaultValue learned from the first answer: those of a stream that is kept have the header `x-stream-id`
   */
  isResumable?: boolean | undefined
  /**
   * Gives a connection up on which nothing came for this long, comments included.
   *
   * A question has `connectTimeoutMs` for the status of its answer.
   *
   * @defaultValue `45_000`: three heartbeats of our servers
   */
  idleTimeoutMs?: number | undefined
  /**
   * Gives a question up whose answer has no status after this long. It is not asked again by itself: the server has it.
   *
   * @defaultValue `300_000`: some servers send the status with the first token, and models think for minutes
   */
  connectTimeoutMs?: number | undefined
  /**
   * Reads the events.
   *
   * @defaultValue a small one for normalized chunks. Give core's `createDecoder` for a backend that passes a provider's
   *   stream on as it came.
   */
  decoder?: (() => ChunkDecoder) | undefined
  /**
   * Measures the time of these timeouts. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

/** What `directTransport` does otherwise. */
export interface Wire {
  readonly framer: CreateSseParser
  readonly accepts: (contentType: string) => boolean
  /** Names the request. Not to servers that allow pages no headers but their own. */
  readonly keyHeader: (key: string) => Record<string, string>
}

const EVENTS = 'text/event-stream'

const events: Wire = {
  framer: createSseParser,
  accepts: (type) => type.startsWith(EVENTS),
  keyHeader: (key) => ({ 'idempotency-key': key }),
}

/**
 * Server-sent events of an own backend, or of the relay.
 *
 * `POST url` begins. A server that keeps the stream names it in `x-stream-id`; then `GET` with `Last-Event-ID` takes it up
 * (204, 404 or 410: gone) and `DELETE` stops it. Where the server names none, leaving is stopping.
 */
export function fetchTransport(options: FetchTransportOptions, wire: Wire = events): ChatTransport {
  const { streamUrl, prepareRequest = (chat: object) => chat, decoder = createPlainDecoder } = options
  required(options.url, 'fetchTransport({ url })')
  const {
    credentials = 'same-origin',
    idleTimeoutMs = 45_000,
    connectTimeoutMs = 300_000,
    environment = page,
  } = options
  let isResumable = options.isResumable

  /** @param streamId names the stream that is asked for, which may be missing */
  async function request(
    { signal: leaving, ...init }: RequestInit & { signal?: AbortSignal },
    streamId?: string,
    verb: 'resume' | 'stop' = 'resume',
  ): Promise<Response | null> {
    let url = await currentOf(options.url)
    if (streamId !== undefined) url = (streamUrl ?? placesAt(url))(streamId, verb)
    const headers = { ...(init.headers as object), ...(await currentOf(options.headers)) }
    const connection = new AbortController()
    // For as long as the answer is read.
    onAbort(leaving, () => connection.abort(leaving?.reason))
    const isKept = streamId !== undefined
    const ms = isKept ? idleTimeoutMs : connectTimeoutMs
    const phase = isKept ? 'idle' : 'connect'
    const calm = afterSilence(environment, ms, () => connection.abort(timedOut(phase, ms)))
    return openResponse(
      options.fetch ?? fetch,
      url,
      { credentials, ...init, headers, signal: connection.signal },
      isKept,
    ).finally(calm)
  }

  function open({ body, headers }: Response, signal: AbortSignal, streamId?: string): OpenStream {
    const type = headers.get('content-type') ?? 'nothing'
    if (body === null || !wire.accepts(type)) {
      void body?.cancel()
      throw new StreamError('no_chunk', `not a stream but ${type}`, { events: 0, body: '' })
    }
    return {
      streamId,
      events: readBody(body, decoder(), {
        signal,
        environment,
        idleTimeoutMs,
        framer: wire.framer,
        // An event that is cut off can be had again, whole, where the server keeps the stream.
        isLastEventTaken: streamId === undefined,
      }),
    }
  }

  return {
    get isResumable() {
      return isResumable
    },
    async send(chat, { signal, key }) {
      const headers = { 'content-type': 'application/json', accept: EVENTS, ...wire.keyHeader(key) }
      const body = JSON.stringify(prepareRequest({ stream_options: { include_usage: true }, ...chat, stream: true }))
      // Only a stream may be missing.
      const response = (await request({ method: 'POST', headers, body, signal })) as Response
      const streamId = response.headers.get('x-stream-id') ?? undefined
      isResumable = options.isResumable ?? streamId !== undefined
      return open(response, signal, streamId)
    },
    async resume({ streamId, lastEventId }, { signal }) {
      const headers = { accept: EVENTS, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
      const response = await request({ headers, signal }, streamId)
      return response === null || response.status === 204 ? null : open(response, signal, streamId)
    },
    async stop({ streamId }) {
      // Has to arrive also when the page is on its way out.
      const response = await request({ method: 'DELETE', keepalive: true }, streamId, 'stop')
      const said = response && parseObject(await response.text().catch(() => ''))
      return { stopped: response !== null && said?.['stopped'] !== false }
    },
  }
}

const relayPath = /\/chat\/completions(?=\?|$)/

const placesAt =
  (url: string) =>
  (streamId: string, verb: 'resume' | 'stop'): string => {
    const id = encodeURIComponent(streamId)
    if (relayPath.test(url))
      return url.replace(relayPath, `/streams/${id}${verb === 'stop' ? '' : '/events?format=openai'}`)
    return url.replace(/(?=\?|$)/, `/${id}`)
  }

import { type CreateSseParser, StreamError } from '@deltawire/core'
import { type Environment, page } from '../follow/environment.ts'
import { openResponse } from './open-response.ts'
import { type ChunkDecoder, createPlainDecoder } from './plain-decoder.ts'
import { readBody } from './read-body.ts'
import { createSseParser } from './sse-parser.ts'
import type { ChatRequest, ChatTransport, OpenStream } from './transport.ts'

/** A value, or a function that is asked for it each time. */
export type Resolvable<T> = T | (() => Promise<T> | T)

export interface FetchTransportOptions {
  /** Where answers are asked for: a route of the own backend, or the relay's `…/chat/completions`. */
  url: Resolvable<string>
  /**
   * Where a stream that the server keeps is taken up (`GET`) and stopped (`DELETE`).
   *
   * @defaultValue `url/ID`; for a `url` that ends in `/chat/completions` the relay's places beside it, where a stream is
   *   taken up from its beginning: its first chunk is the sum so far
   */
  streamUrl?: ((streamId: string, verb: 'resume' | 'stop') => string) | undefined
  /** A function is asked before every request: the place for tokens that turn. */
  headers?: Resolvable<Record<string, string>> | undefined
  /** @defaultValue `'same-origin'`, as in `fetch` */
  credentials?: RequestCredentials | undefined
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
   * @defaultValue `45_000`: three heartbeats of our servers
   */
  idleTimeoutMs?: number | undefined
  /**
   * Reads the events.
   *
   * @defaultValue a small one for normalized chunks. Give core's `createDecoder` for a backend that passes a provider's
   *   stream on as it came.
   */
  decoder?: (() => ChunkDecoder) | undefined
  environment?: Environment | undefined
}

/** What `directTransport` does otherwise. */
export interface Wire {
  readonly framer: CreateSseParser
  readonly accepts: (contentType: string) => boolean
  /** Names the request. Not to servers that allow pages no headers but their own. */
  readonly keyHeader: (key: string) => Record<string, string>
}

const events: Wire = {
  framer: createSseParser,
  accepts: (type) => type.startsWith('text/event-stream'),
  keyHeader: (key) => ({ 'idempotency-key': key }),
}

/**
 * Server-sent events of an own backend, or of the relay.
 *
 * `POST url` begins. A server that keeps the stream names it in `x-stream-id`; then `GET` with `Last-Event-ID` takes it up
 * (204, 404 or 410: gone) and `DELETE` stops it. Where the server names none, leaving is stopping.
 */
export function fetchTransport(options: FetchTransportOptions, wire: Wire = events): ChatTransport {
  const { streamUrl, prepareRequest = (chat: object) => chat, environment = page } = options
  let isResumable = options.isResumable
  let areIdsKept = true

  async function request(init: RequestInit & { signal?: AbortSignal }, streamId?: string): Promise<Response> {
    const url = await resolve(options.url)
    const verb = init.method === 'DELETE' ? 'stop' : 'resume'
    areIdsKept = streamUrl !== undefined || !relayPath.test(url)
    const place = streamId === undefined ? url : (streamUrl ?? placesAt(url))(streamId, verb)
    const headers = { ...(init.headers as object), ...(await resolve(options.headers)) }
    const { credentials = 'same-origin' } = options
    return openResponse(options.fetch ?? fetch, place, { credentials, ...init, headers })
  }

  function open(response: Response, signal: AbortSignal, streamId: string | undefined): OpenStream {
    const { body } = response
    const type = response.headers.get('content-type') ?? 'nothing'
    if (body === null || !wire.accepts(type)) {
      void body?.cancel()
      throw new StreamError('no_chunk', `the answer is no stream but ${type}`, { events: 0, body: '' })
    }
    const { decoder = createPlainDecoder, idleTimeoutMs = 45_000 } = options
    const { framer } = wire
    const isLastEventTaken = streamId === undefined
    return {
      streamId,
      events: readBody(body, {
        signal,
        environment,
        idleTimeoutMs,
        framer,
        isLastEventTaken,
        areIdsKept,
        decoder: decoder(),
      }),
    }
  }

  return {
    get isResumable() {
      return isResumable
    },
    async send(chat, { signal, key }) {
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...wire.keyHeader(key) }
      const body = JSON.stringify(prepareRequest({ stream_options: { include_usage: true }, ...chat, stream: true }))
      const response = await request({ method: 'POST', headers, body, signal })
      const streamId = response.headers.get('x-stream-id') ?? undefined
      isResumable = options.isResumable ?? streamId !== undefined
      return open(response, signal, streamId)
    },
    async resume({ streamId, lastEventId }, { signal }) {
      try {
        const headers = {
          accept: 'text/event-stream',
          ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        }
        const response = await request({ headers, signal }, streamId)
        return response.status === 204 ? null : open(response, signal, streamId)
      } catch (reason) {
        if (isGone(reason)) return null
        throw reason
      }
    },
    async stop({ streamId }) {
      try {
        // Has to arrive also when the page is on its way out.
        const response = await request({ method: 'DELETE', keepalive: true }, streamId)
        const said = (await response.json().catch(() => ({}))) as { stopped?: unknown }
        return { stopped: said.stopped !== false }
      } catch (reason) {
        if (isGone(reason)) return { stopped: false }
        throw reason
      }
    },
  }
}

const resolve = <T>(value: Resolvable<T>): Promise<T> | T =>
  typeof value === 'function' ? (value as () => Promise<T> | T)() : value

const isGone = (reason: unknown): boolean =>
  reason instanceof StreamError &&
  reason.code === 'http_status' &&
  [404, 410].includes((reason as StreamError<'http_status'>).details.status)

const relayPath = /\/chat\/completions(?=\?|$)/

const placesAt =
  (url: string) =>
  (streamId: string, verb: 'resume' | 'stop'): string => {
    const id = encodeURIComponent(streamId)
    if (relayPath.test(url))
      return url.replace(relayPath, `/streams/${id}${verb === 'stop' ? '' : '/events?format=openai'}`)
    return url.replace(/(?=\?|$)/, `/${id}`)
  }

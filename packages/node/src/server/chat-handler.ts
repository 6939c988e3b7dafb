import { accumulate, type ChatCompletion, type ChatCompletionRequest, StreamError } from '@deltawire/core'
import { streamChatCompletion, type StreamChatCompletionOptions } from '../stream-chat-completion.ts'
import { ApiError, toErrorResponse } from './api-error.ts'
import { createChunkEvents, type EventStreamInit } from './chunk-events.ts'
import { type ChunkSource, opened } from './chunk-source.ts'
import { allowCors, type CorsOptions } from './cors.ts'
import { eventStreamHeaders } from './event-stream-headers.ts'
import { maxBodyBytesOf, readChatRequest, type ChatRequestLimits } from './read-chat-request.ts'
import { secretsOf } from './secrets.ts'
import { toApiError } from './to-api-error.ts'
import { streamOfEvents } from './to-event-stream.ts'
import { untilAborted } from './until-aborted.ts'

/** Answers a request of the Fetch API, as Hono, Next, Bun, Deno and Workers call it. */
export type FetchHandler = (request: Request) => Promise<Response>

/** What is known of who asks. */
export interface OpenContext {
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
  /** What came over HTTP. Its body has been read. */
  readonly request: Request
}

/** Begins an answer. */
export type OpenChunks = (request: ChatCompletionRequest, context: OpenContext) => ChunkSource | Promise<ChunkSource>

interface FromUpstream {
  /**
   * The endpoint that answers, as for `streamChatCompletion`.
   *
   * Nothing that the client sent goes there but the body of its request, and nothing that is sent there comes back: keys
   * are taken out of error messages.
   */
  upstream: Omit<StreamChatCompletionOptions, 'signal'>
  open?: undefined
}

interface FromChunks {
  /** Answers with chunks from anywhere. Throw an `ApiError` to refuse. */
  open: OpenChunks
  upstream?: undefined
}

/** Where chunks come from (`upstream` or `open`), who may ask, and for what. */
export type ChatHandlerOptions = (FromChunks | FromUpstream) &
  ChatRequestLimits &
  Pick<EventStreamInit, 'heartbeatMs' | 'maxPendingLength' | 'timers'> & {
    /**
     * Who may ask. `true` lets a request in, anything else refuses it: `false` with 401, a `Response` with that.
     *
     * Without it everybody may, at your expense.
     */
    authorize?: ((request: Request) => boolean | Response | Promise<boolean | Response>) | undefined
    /**
     * The models that `GET …/models` lists. No others are served then.
     *
     * @defaultValue none are listed, and whatever the upstream knows is served
     */
    models?: readonly string[] | undefined
    /** Lets web pages of other origins ask. @defaultValue `false` */
    cors?: CorsOptions | boolean | undefined
    /** Called with why an answer failed, of which the client was told only the kind. */
    onError?: ((error: unknown, request: Request) => void) | undefined
  }

type Route = (request: Request) => Promise<Response> | Response

/** The client has gone: nobody reads this. The status is nginx's. */
const nobody = (): Response => new Response(null, { status: 499 })

/**
 * Makes an OpenAI-compatible endpoint: `POST …/chat/completions`, streamed or not, and `GET …/models`.
 *
 * ```ts
 * const handler = createChatHandler({ upstream: { baseURL, apiKey }, authorize: isSignedIn })
 *
 * app.all('/v1/*', (c) => handler(c.req.raw)) // Hono
 * app.use('/v1', toNodeListener(handler)) // Express
 * ```
 *
 * What goes wrong before the first chunk is an HTTP status, with the error body that official clients raise. The wait for
 * it is as long as one heartbeat: afterwards the stream begins, and what goes wrong is an error event, with no `[DONE]`
 * after it. The handler itself never rejects.
 */
export function createChatHandler(options: ChatHandlerOptions): FetchHandler {
  const { authorize, models, onError } = options
  maxBodyBytesOf(options)
  const { open, hide } = openerOf(options)
  const cors = allowCors(options.cors ?? false)
  const tell = (reason: unknown): ApiError => hide(toApiError(reason))

  function report(reason: unknown, request: Request): void {
    if (!(reason instanceof ApiError)) onError?.(reason, request)
  }

  const routes: { readonly [path: string]: { readonly [method: string]: Route } } = {
    '/chat/completions': { POST: answer },
    ...(models && { '/models': { GET: () => list(models) } }),
  }

  async function answer(request: Request): Promise<Response> {
    const chat = await readChatRequest(request, options)
    if (models !== undefined && !models.includes(chat.model))
      throw new ApiError('model_not_found', { message: `The model '${chat.model}' does not exist.`, param: 'model' })
    const presence = watchClient(request.signal)
    try {
      const chunks = await opened(open(chat, { signal: presence.signal, request }), presence.signal)
      if (chat.stream === true) return await stream(chunks, chat, request, presence)
      try {
        // Our own client hears the signal, and need not make chunks of what is only summed.
        const heard = options.upstream === undefined ? untilAborted(chunks, presence.signal) : chunks
        return Response.json(await completionOf(heard))
      } finally {
        presence.release()
      }
    } catch (reason) {
      presence.release()
      if (presence.signal.aborted) return nobody()
      throw reason
    }
  }

  async function stream(
    chunks: ChunkSource,
    chat: ChatCompletionRequest,
    request: Request,
    presence: Presence,
  ): Promise<Response> {
    const { heartbeatMs, maxPendingLength, timers } = options
    const includeUsage = chat.stream_options?.include_usage === true
    let isAnswered = false
    const init: EventStreamInit = {
      heartbeatMs,
      maxPendingLength,
      timers,
      includeUsage,
      onEnd(end) {
        if (end.how === 'client_left') presence.leave()
        presence.release()
        // Before it is answered, the error is thrown.
        if (end.how === 'failed' && isAnswered) report(end.error, request)
      },
    }
    const events = createChunkEvents(chunks, init, tell)
    presence.onLeave(events.leave)
    await events.ready()
    if (presence.signal.aborted) return nobody()
    if (events.refusal !== undefined) throw events.refusal.reason
    isAnswered = true
    return new Response(streamOfEvents(events), { headers: eventStreamHeaders() })
  }

  async function respond(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const found = Object.keys(routes).find((path) => pathname === path || pathname.endsWith(path))
    const methods = found === undefined ? undefined : routes[found]
    if (methods === undefined)
      throw new ApiError('unknown_url', { message: `Unknown request URL: ${request.method} ${pathname}.` })
    const allow = [...Object.keys(methods), ...('GET' in methods ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    const isHead = request.method === 'HEAD'
    const route = methods[isHead ? 'GET' : request.method]
    if (route === undefined)
      throw new ApiError('method_not_allowed', {
        message: `Not allowed to ${request.method} on ${pathname}.`,
        headers: { allow },
      })
    const refused = await refusal(request)
    if (refused !== undefined) return refused
    const response = await route(request)
    return isHead ? new Response(null, response) : response
  }

  async function refusal(request: Request): Promise<Response | undefined> {
    const verdict = authorize === undefined ? true : await authorize(request)
    if (verdict === true) return undefined
    // A function that forgets to answer must not let anybody in.
    if (!(verdict instanceof Response)) throw new ApiError('unauthorized')
    // The headers of a response that was fetched cannot be changed.
    return new Response(verdict.body, verdict)
  }

  return async (request) => {
    let response: Response
    try {
      response = await respond(request)
    } catch (reason) {
      report(reason, request)
      response = toErrorResponse(tell(reason))
      // There is no body in an answer to HEAD.
      if (request.method === 'HEAD') response = new Response(null, response)
    }
    cors(request, response.headers)
    return response
  }
}

function openerOf(options: ChatHandlerOptions): { open: OpenChunks; hide: (error: ApiError) => ApiError } {
  if (options.open !== undefined) return { open: options.open, hide: (error) => error }
  if (options.upstream === undefined)
    throw new TypeError(
      "createChatHandler needs an upstream or a function, as in { upstream: { baseURL: 'http://127.0.0.1:8080/v1' } }",
    )
  const { upstream, hide } = secretsOf(options.upstream)
  const open: OpenChunks = ({ stream_options, ...request }, { signal }) => {
    // The usage is always asked for. Who did not ask for it gets none.
    const { include_usage: _usage, ...others } = stream_options ?? {}
    const asked = Object.keys(others).length > 0 ? { stream_options: { include_usage: true, ...others } } : {}
    return streamChatCompletion({ ...request, ...asked }, { ...upstream, signal })
  }
  return { open, hide }
}

async function completionOf(chunks: ChunkSource): Promise<ChatCompletion> {
  const { completion, error } = await accumulate(chunks)
  if (error !== null) throw error
  if (completion === null) throw new StreamError('no_chunk', 'the source gave no choice', { events: 0, body: '' })
  return completion
}

function list(models: readonly string[]): Response {
  const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'system' }))
  return Response.json({ object: 'list', data })
}

interface Presence {
  /** Aborts when the client goes. */
  readonly signal: AbortSignal
  onLeave(then: () => void): void
  /** The client has gone, as the body of the response tells. */
  leave(): void
  /** Leaves no listener behind. */
  release(): void
}

/** Whether the client of a request is still there. Some hosts tell by the request's signal, some by the response's body. */
function watchClient(request: AbortSignal): Presence {
  const controller = new AbortController()
  let then = (): void => {}
  const leave = (): void => {
    request.removeEventListener('abort', leave)
    if (controller.signal.aborted) return
    controller.abort(new DOMException('the client has gone away', 'AbortError'))
    then()
  }
  if (request.aborted) leave()
  else request.addEventListener('abort', leave)
  return {
    signal: controller.signal,
    onLeave(listener) {
      then = listener
      if (controller.signal.aborted) listener()
    },
    leave,
    release: () => request.removeEventListener('abort', leave),
  }
}

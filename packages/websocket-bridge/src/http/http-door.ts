import { createHash, timingSafeEqual } from 'node:crypto'
import { chatRequestOf } from '../door/chat-request.ts'
import { bearerOf, type Identify } from '../door/identify.ts'
import type { Caller, OriginVerdict } from '../door/origins.ts'
import type { Tickets } from '../door/tickets.ts'
import { goingAway, type Hub, type StartOrder } from '../hub/hub.ts'
import type { LocalStream } from '../hub/local-streams.ts'
import type { Principal } from '../hub/principal.ts'
import { epochOf, formatPosition, parsePosition } from '../protocol/position.ts'
import { fromStore, Refusal, toRefusal } from '../refusal.ts'
import { allowOrigin } from './allow-origin.ts'
import { completionOf, sumOf } from './completion-of.ts'
import { failureResponse, refusalResponse } from './error-response.ts'
import { frameEvents, openaiEvents } from './event-format.ts'
import { createEventReader, type EventReader } from './event-reader.ts'
import type { Metrics } from './metrics.ts'
import { objectOf, orderOf, orphanOf, textOf } from './order-of.ts'
import { readJson } from './read-json.ts'
import { watch } from './watch.ts'

/** The relay over HTTP. */
export interface HttpDoor {
  handle(request: Request): Promise<Response>
  /** Ends the answers of clients that come back by themselves, one after the other within so long. */
  drain(withinMs: number): void
  /** Ends every answer. */
  close(): void
  readonly readers: number
}

export interface HttpDoorOptions {
  readonly hub: Hub
  readonly identify: Identify
  readonly tickets: Tickets
  readonly judge: (caller: Caller) => OriginVerdict
  readonly metrics: Metrics
  readonly cookies: boolean
  readonly adminToken: string | undefined
  readonly heartbeatMs: number
  readonly recycleMs: number
  readonly onError: (reason: unknown) => void
}

/** A request whose origin was judged, and the parts of its path that the route has holes for. */
interface Asked {
  readonly request: Request
  readonly url: URL
  readonly id: string
  /** Who asks. */
  who(): Promise<Principal>
}

type Handler = (asked: Asked) => Promise<Response> | Response

const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Neither kept nor compressed on the way: both would hold events back.
  'cache-control': 'no-cache, no-transform',
  // nginx collects answers unless it is told not to.
  'x-accel-buffering': 'no',
}

/** How long the first chunk is waited for, so that a failure before it has its own status. */
const FIRST_CHUNK_MS = 15_000

export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { hub, identify, tickets, judge, metrics, cookies, adminToken, heartbeatMs, recycleMs, onError } = options
  const { limits, clock } = hub
  const readers = new Map<EventReader, number>()
  /** Answers that are waited for. */
  const waiting = new Set<AbortController>()
  let isClosed = false
  hub.onTick(() => {
    const now = clock.now()
    for (const [reader, endsAt] of readers) {
      if (reader.canResume && now >= endsAt) reader.end()
      else reader.tick(now)
    }
  })

  const routes: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
    ['POST', /^\/v1\/chat\/completions$/, complete],
    ['POST', /^\/v1\/streams$/, start],
    ['GET', /^\/v1\/streams\/([\w-]{1,64})$/, describe],
    ['DELETE', /^\/v1\/streams\/([\w-]{1,64})$/, cancel],
    ['POST', /^\/v1\/streams\/([\w-]{1,64})\/cancel$/, cancel],
    ['POST', /^\/v1\/streams\/([\w-]{1,64})\/tool_outputs$/, toolOutput],
    ['GET', /^\/v1\/streams\/([\w-]{1,64})\/events$/, events],
    ['POST', /^\/v1\/tickets$/, ticket],
    ['GET', /^\/healthz$/, () => Response.json({ status: 'ok' })],
    ['GET', /^\/readyz$/, ready],
    ['GET', /^\/metrics$/, metricsText],
    ['GET', /^\/admin\/streams$/, listStreams],
    ['POST', /^\/admin\/streams\/([\w-]{1,64})\/cancel$/, killStream],
  ]

  async function complete({ request, who }: Asked): Promise<Response> {
    const principal = await who()
    const chat = chatRequestOf(await readJson(request, limits.maxBodyBytes))
    const { id } = await hub.start(principal, { request: chat, ...orderOf(request.headers) })
    const stream = await hub.open(principal, id)
    const isStreamed = chat.stream === true
    const progress = await firstOf(stream, isStreamed, request.signal)
    const headers = { 'x-stream-id': id }
    if (progress === 'gone') throw new Refusal('gone', 'The stream is no longer kept.')
    const end = typeof progress === 'object' ? progress : undefined
    if (end?.err !== undefined && (!isStreamed || stream.log.tail === 0))
      return withHeaders(failureResponse(end.err), headers)
    if (isStreamed) return streamed(request, stream, undefined, 'openai', headers)
    // Nobody is there to read it.
    if (progress === undefined) return new Response(null, { status: 499 })
    return Response.json(completionOf(stream.log.sum()), { headers })
  }

  async function firstOf(stream: LocalStream, isStreamed: boolean, signal: AbortSignal): ReturnType<typeof watch> {
    const patience = new AbortController()
    waiting.add(patience)
    const timer = isStreamed ? clock.start(FIRST_CHUNK_MS, () => patience.abort()) : undefined
    try {
      const until = isStreamed ? 'begun' : 'ended'
      const progress = await watch(hub, stream, until, AbortSignal.any([signal, patience.signal]))
      if (progress === undefined && isClosed) throw goingAway()
      return progress
    } finally {
      timer?.cancel()
      waiting.delete(patience)
    }
  }

  async function start({ request, who }: Asked): Promise<Response> {
    const principal = await who()
    const said = objectOf(await readJson(request, limits.maxBodyBytes))
    const { key, topic, orphan } = orderOf(request.headers)
    const order: StartOrder = {
      key: textOf(said['key'], 'key', 128) ?? key,
      topic: textOf(said['topic'], 'topic', 256) ?? topic,
      orphan: orphanOf(said['orphan']) ?? orphan,
      request: chatRequestOf(said['body']),
    }
    const started = await hub.start(principal, order)
    return Response.json(started, { status: started.fresh ? 201 : 200, headers: { 'x-stream-id': started.id } })
  }

  async function describe({ id, who }: Asked): Promise<Response> {
    const state = await hub.read(await who(), id)
    const { status, topic, createdAt, base, chunks, lineage, end } = state
    return Response.json({
      id,
      status,
      topic,
      createdAt,
      position: formatPosition({ e: epochOf(lineage), o: base + chunks.length }),
      completion: completionOf(sumOf(state)),
      ...(end && { checksum: end.h, error: end.err }),
    })
  }

  async function cancel({ id, who }: Asked): Promise<Response> {
    return Response.json({ status: await hub.cancel(await who(), id) })
  }

  async function toolOutput({ request, id, who }: Asked): Promise<Response> {
    const principal = await who()
    const { call, output } = objectOf(await readJson(request, limits.maxBodyBytes))
    const name = textOf(call, 'call', 128)
    if (name === undefined || output === undefined)
      throw new Refusal('bad_request', 'The body needs "call" and "output".')
    return Response.json({ won: await hub.toolOutput(principal, id, name, output) })
  }

  async function events({ request, url, id, who }: Asked): Promise<Response> {
    const principal = await who()
    const stream = await hub.open(principal, id)
    const said = request.headers.get('last-event-id') ?? url.searchParams.get('from')
    const from = said === null || said === '' ? undefined : parsePosition(said)
    if (said !== null && said !== '' && from === undefined)
      throw new Refusal('bad_request', 'A position is an epoch and an offset, as in "7f3a0c21.12".')
    const format = url.searchParams.get('format') === 'openai' ? 'openai' : 'frames'
    return streamed(request, stream, from, format, {}, principal.expiresAt)
  }

  function streamed(
    request: Request,
    stream: LocalStream,
    from: ReturnType<typeof parsePosition>,
    format: 'frames' | 'openai',
    headers: Record<string, string>,
    /** Who comes back after that needs another token. */
    expiresAt = Infinity,
  ): Response {
    if (isClosed) throw goingAway()
    // Nobody is there to read it.
    if (request.signal.aborted) return new Response(null, { status: 499 })
    // Not every server tells a body that its reader has gone.
    const leave = (): void => reader.end()
    const reader = createEventReader({
      hub,
      stream,
      from,
      heartbeatMs,
      recycleMs,
      format: format === 'openai' ? openaiEvents(stream, from) : frameEvents(),
      onLeft(left) {
        readers.delete(left)
        request.signal.removeEventListener('abort', leave)
      },
    })
    if (!reader.hasEnded) {
      readers.set(reader, Math.min(reader.endsAt, clock.now() + expiresAt - clock.date()))
      request.signal.addEventListener('abort', leave)
    }
    return new Response(reader.body, { headers: { ...EVENT_STREAM_HEADERS, ...headers } })
  }

  async function ticket({ who }: Asked): Promise<Response> {
    return Response.json(tickets.issue(await who()), { headers: { 'cache-control': 'no-store' } })
  }

  function ready(): Response {
    const status = hub.isDraining ? 'draining' : hub.engine.isReachable ? 'ready' : 'store unreachable'
    return Response.json({ status }, { status: status === 'ready' ? 200 : 503 })
  }

  async function metricsText({ request }: Asked): Promise<Response> {
    if (adminToken !== undefined) checkAdmin(request)
    return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } })
  }

  async function listStreams({ request, url }: Asked): Promise<Response> {
    checkAdmin(request)
    const limit = Number(url.searchParams.get('limit') ?? 100)
    const streams = await fromStore(hub.engine.list('all', Math.min(Math.max(1, Math.trunc(limit) || 100), 1000)))
    return Response.json({ node: hub.node, streams })
  }

  async function killStream({ request, id }: Asked): Promise<Response> {
    checkAdmin(request)
    return Response.json({ status: await hub.kill(id) })
  }

  /** Without a token of its own there is no admin. */
  function checkAdmin({ headers }: Request): void {
    const given = bearerOf(headers.get('authorization'))
    if (adminToken === undefined) throw new Refusal('not_found', 'There is no such address.')
    if (given === undefined || !isSame(given, adminToken)) throw new Refusal('unauthorized', 'This is for admins.')
  }

  async function respond(request: Request, verdict: OriginVerdict): Promise<Response> {
    const url = new URL(request.url)
    const found = routes.flatMap(([method, path, handler]) => {
      const match = path.exec(url.pathname)
      return match === null ? [] : [{ method, handler, id: match[1] ?? '' }]
    })
    if (found.length === 0) throw new Refusal('not_found', 'There is no such address.')
    const allow = found.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    const isHead = request.method === 'HEAD'
    const asked = isHead ? 'GET' : request.method
    const route = found.find(({ method }) => method === asked)
    if (route === undefined) return new Response(null, { status: 405, headers: { allow } })
    const response = await route.handler({
      request,
      url,
      id: route.id,
      who: () => identify(shownBy(request, url, verdict)),
    })
    return isHead ? headOf(response) : response
  }

  /** @returns what the request shows of who it is from */
  function shownBy({ method, headers }: Request, url: URL, verdict: OriginVerdict): Parameters<Identify>[0] {
    // A page of our own host says no origin when it only reads; one of another host may not see the answer.
    const isSafe = verdict === 'allowed' || method === 'GET' || method === 'HEAD'
    return {
      token: bearerOf(headers.get('authorization')),
      ticket: url.searchParams.get('ticket') ?? undefined,
      cookie: isSafe ? (headers.get('cookie') ?? undefined) : undefined,
    }
  }

  async function handle(request: Request): Promise<Response> {
    const origin = request.headers.get('origin') ?? undefined
    const host = request.headers.get('host') ?? new URL(request.url).host
    const verdict = judge({ origin, host })
    let response: Response
    try {
      if (verdict === 'refused') throw new Refusal('forbidden', 'This origin is not allowed here.')
      response = await respond(request, verdict)
    } catch (reason) {
      const refusal = toRefusal(reason)
      hub.stats.requestsRefused[refusal.code]++
      if (refusal.code === 'internal') onError(reason)
      response = refusalResponse(refusal)
    }
    if (origin !== undefined && verdict === 'allowed')
      allowOrigin(response.headers, origin, request.headers.get('access-control-request-headers'), cookies)
    return response
  }

  return {
    handle,
    drain(withinMs) {
      const now = clock.now()
      for (const [reader, endsAt] of readers) readers.set(reader, Math.min(endsAt, now + clock.random() * withinMs))
    },
    close() {
      isClosed = true
      for (const reader of readers.keys()) reader.end()
      for (const patience of waiting) patience.abort()
    },
    get readers() {
      return readers.size
    },
  }
}

/** What is said of an answer before it: by then nobody reads it. */
async function headOf({ body, status, headers }: Response): Promise<Response> {
  await body?.cancel()
  return new Response(null, { status, headers })
}

function withHeaders(response: Response, headers: Record<string, string>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

/** Compares in a time that does not tell how much of it is right. */
function isSame(given: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(right))
}

import { bearerOf, type Identify, type Shown } from '../door/identify.ts'
import type { Caller, OriginVerdict } from '../door/origins.ts'
import type { Tickets } from '../door/tickets.ts'
import type { Hub } from '../hub/hub.ts'
import { Refusal, toRefusal } from '../refusal.ts'
import { allowOrigin } from './allow-origin.ts'
import { createCompletions } from './completions.ts'
import { refusalResponse } from './error-response.ts'
import { createEventStreams } from './event-streams.ts'
import type { Metrics } from './metrics.ts'
import { createRoutes } from './routes.ts'

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

export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { hub, identify, judge, cookies, onError } = options
  const events = createEventStreams(options)
  const completions = createCompletions(hub, events)
  const routes = createRoutes({ ...options, completions, events })

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

  return {
    handle,
    drain: events.drain,
    close() {
      events.close()
      completions.close()
    },
    get readers() {
      return events.size
    },
  }
}

/** @returns what the request shows of who it is from */
function shownBy({ method, headers }: Request, url: URL, verdict: OriginVerdict): Shown {
  // A page of our own host says no origin when it only reads; one of another host may not see the answer.
  const isSafe = verdict === 'allowed' || method === 'GET' || method === 'HEAD'
  return {
    token: bearerOf(headers.get('authorization')),
    ticket: url.searchParams.get('ticket') ?? undefined,
    cookie: isSafe ? (headers.get('cookie') ?? undefined) : undefined,
  }
}

/** What is said of an answer before it: by then nobody reads it. */
async function headOf({ body, status, headers }: Response): Promise<Response> {
  await body?.cancel()
  return new Response(null, { status, headers })
}

import { chatRequestOf } from '../door/chat-request.ts'
import type { Tickets } from '../door/tickets.ts'
import type { Hub } from '../hub/hub.ts'
import type { Principal } from '../hub/principal.ts'
import type { StartOrder } from '../hub/start.ts'
import { epochOf, formatPosition, parsePosition } from '../protocol/position.ts'
import { fromStore, Refusal } from '../refusal.ts'
import { checkAdmin } from './check-admin.ts'
import { completionOf, sumOf } from './completion-of.ts'
import type { Completions } from './completions.ts'
import { END_MARK } from './event-format.ts'
import type { EventStreams } from './event-streams.ts'
import type { Metrics } from './metrics.ts'
import { objectOf, orderOf, orphanOf, textOf } from './order-of.ts'
import { readJson } from './read-json.ts'

/** A request whose origin was judged, and the part of its path that the route has a hole for. */
export interface Asked {
  readonly request: Request
  readonly url: URL
  readonly id: string
  /** Who asks. */
  who(): Promise<Principal>
}

type Handler = (asked: Asked) => Promise<Response> | Response

/** What is answered at which address. */
export type Route = readonly [method: 'DELETE' | 'GET' | 'POST', path: RegExp, handler: Handler]

export interface RoutesOptions {
  readonly hub: Hub
  readonly completions: Completions
  readonly events: EventStreams
  readonly tickets: Tickets
  readonly metrics: Metrics
  readonly adminToken: string | undefined
}

export function createRoutes(options: RoutesOptions): readonly Route[] {
  const { hub, completions, events, tickets, metrics, adminToken } = options
  const { limits } = hub

  return [
    ['POST', /^\/v1\/chat\/completions$/, complete],
    ['POST', /^\/v1\/streams$/, start],
    ['GET', /^\/v1\/streams\/([\w-]{1,64})$/, describe],
    ['DELETE', /^\/v1\/streams\/([\w-]{1,64})$/, cancel],
    ['POST', /^\/v1\/streams\/([\w-]{1,64})\/cancel$/, cancel],
    ['POST', /^\/v1\/streams\/([\w-]{1,64})\/tool_outputs$/, toolOutput],
    ['GET', /^\/v1\/streams\/([\w-]{1,64})\/events$/, follow],
    ['POST', /^\/v1\/tickets$/, ticket],
    ['GET', /^\/healthz$/, () => Response.json({ status: 'ok' })],
    ['GET', /^\/readyz$/, ready],
    ['GET', /^\/metrics$/, metricsText],
    ['GET', /^\/admin\/streams$/, listStreams],
    ['POST', /^\/admin\/streams\/([\w-]{1,64})\/cancel$/, killStream],
  ]

  async function complete({ request, who }: Asked): Promise<Response> {
    return completions.answer(request, await who())
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

  async function follow({ request, url, id, who }: Asked): Promise<Response> {
    const principal = await who()
    events.checkRoom()
    const stream = await hub.open(principal, id)
    const said = request.headers.get('last-event-id') ?? url.searchParams.get('from') ?? ''
    // `EventSource` comes back for ever, unless there is nothing.
    if (said.endsWith(END_MARK) && stream.log.end !== undefined) return new Response(null, { status: 204 })
    const from = parsePosition(said.replace(END_MARK, ''))
    if (said !== '' && from === undefined)
      throw new Refusal('bad_request', 'A position is an epoch and an offset, as in "7f3a0c21.12".')
    const format = url.searchParams.get('format') === 'openai' ? 'openai' : 'frames'
    return events.answer({ request, stream, from, format, expiresAt: principal.expiresAt })
  }

  async function ticket({ who }: Asked): Promise<Response> {
    return Response.json(tickets.issue(await who()), { headers: { 'cache-control': 'no-store' } })
  }

  function ready(): Response {
    const status = hub.isDraining ? 'draining' : hub.engine.isReachable ? 'ready' : 'store unreachable'
    return Response.json({ status }, { status: status === 'ready' ? 200 : 503 })
  }

  async function metricsText({ request }: Asked): Promise<Response> {
    if (adminToken !== undefined) checkAdmin(request, adminToken)
    return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } })
  }

  async function listStreams({ request, url }: Asked): Promise<Response> {
    checkAdmin(request, adminToken)
    const limit = Number(url.searchParams.get('limit') ?? 100)
    const streams = await fromStore(hub.engine.list('all', Math.min(Math.max(1, Math.trunc(limit) || 100), 1000)))
    return Response.json({ node: hub.node, streams })
  }

  async function killStream({ request, id }: Asked): Promise<Response> {
    checkAdmin(request, adminToken)
    return Response.json({ status: await hub.kill(id) })
  }
}

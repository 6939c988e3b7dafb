import { chatRequestOf } from '../door/chat-request.ts'
import type { Hub } from '../hub/hub.ts'
import type { LocalStream } from '../hub/local-streams.ts'
import type { Principal } from '../hub/principal.ts'
import { goingAway } from '../hub/refusals.ts'
import { Refusal } from '../refusal.ts'
import { completionOf } from './completion-of.ts'
import { failureResponse } from './error-response.ts'
import type { EventStreams } from './event-streams.ts'
import { orderOf } from './order-of.ts'
import { readJson } from './read-json.ts'
import { type Progress, watch } from './watch.ts'

/** Chat completions as OpenAI serves them, for any client of theirs. */
export interface Completions {
  /** Starts a stream, and answers with its events or, once it has ended, with the completion. */
  answer(request: Request, principal: Principal): Promise<Response>
  /** Sends everybody elsewhere who waits. */
  close(): void
}

/** How long the first chunk is waited for, so that a failure before it has its own status. */
const FIRST_CHUNK_MS = 15_000

export function createCompletions(hub: Hub, events: EventStreams): Completions {
  const { limits, clock } = hub
  const { waiting } = events
  let isClosed = false

  async function answer(request: Request, principal: Principal): Promise<Response> {
    const chat = chatRequestOf(await readJson(request, limits.maxBodyBytes))
    events.checkRoom()
    const { id } = await hub.start(principal, { request: chat, ...orderOf(request.headers) })
    const stream = await hub.open(principal, id)
    const isStreamed = chat.stream === true
    const progress = await firstOf(stream, isStreamed, request.signal)
    const headers = { 'x-stream-id': id }
    if (progress === 'gone') throw new Refusal('gone', 'The stream is no longer kept.')
    const end = typeof progress === 'object' ? progress : undefined
    if (end?.err !== undefined && (!isStreamed || stream.log.tail === 0))
      return withHeaders(failureResponse(end.err), headers)
    if (isStreamed) return events.answer({ request, stream, from: undefined, format: 'openai', headers })
    // Nobody is there to read it.
    if (progress === undefined) return new Response(null, { status: 499 })
    return Response.json(completionOf(stream.log.sum()), { headers })
  }

  async function firstOf(stream: LocalStream, isStreamed: boolean, signal: AbortSignal): Promise<Progress | undefined> {
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

  return {
    answer,
    close() {
      isClosed = true
      for (const patience of waiting) patience.abort()
    },
  }
}

function withHeaders(response: Response, headers: Record<string, string>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

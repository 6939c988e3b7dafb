import type { ApiError } from './api-error.ts'
import { createChunkEvents, type StreamEnd } from './chunk-events.ts'
import type { ChunkSource } from './chunk-source.ts'
import { eventStreamHeaders } from './event-stream-headers.ts'
import { createResponseWriter, type ServerResponseLike } from './server-response.ts'
import { toApiError } from './to-api-error.ts'
import type { EventStreamResponseInit } from './to-event-stream-response.ts'

/**
 * Answers with a stream of chunks, on a response of Node.js: `http`, `http2`, Express, Koa, Nest.
 *
 * ```ts
 * app.post('/ask', async (req, res) => {
 *   const request = await readChatRequest(req)
 *   await pipeToServerResponse(streamChatCompletion(request, { signal: clientSignal(res) }), res)
 * })
 * ```
 *
 * Nothing is sent before the first chunk or the first heartbeat: a source that fails at once is answered with a status.
 * When the client goes away the source is cancelled at once (`return()`); a source that is waiting for something may only
 * hear that later, so give it `clientSignal(res)` as well. Resolves to how the stream ended and never rejects for it.
 */
export async function pipeToServerResponse(
  chunks: ChunkSource,
  res: ServerResponseLike,
  init: EventStreamResponseInit = {},
): Promise<StreamEnd> {
  let end: StreamEnd = { how: 'client_left' }
  const onEnd = (how: StreamEnd): void => {
    end = how
    init.onEnd?.(how)
  }
  const events = createChunkEvents(chunks, { ...init, onEnd })
  const writer = createResponseWriter(res, events.leave)
  try {
    if (!writer.isGone) await events.ready()
    if (!res.headersSent && !writer.isGone) {
      const { refusal } = events
      if (refusal !== undefined) {
        // Takes the error event out of it, which tells how it ended.
        await events.next()
        sendError(res, toApiError(refusal.reason), init)
        return end
      }
      res.statusCode = init.status ?? 200
      setHeaders(res, eventStreamHeaders(init.headers))
    }
    for (let text = await events.next(); text !== undefined; text = await events.next()) await writer.write(text)
    if (!writer.isGone) res.end()
  } finally {
    // For what is no JSON: the source does not know yet that nobody will read on.
    events.leave()
    writer.release()
  }
  return end
}

export function setHeaders(res: ServerResponseLike, headers: Headers): void {
  for (const [name, value] of headers) if (name !== 'set-cookie') res.setHeader(name, value)
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) res.setHeader('set-cookie', cookies)
}

function sendError(res: ServerResponseLike, { status, headers, body }: ApiError, init: EventStreamResponseInit): void {
  const all = new Headers(init.headers)
  for (const [name, value] of Object.entries(headers)) all.set(name, value)
  all.set('content-type', 'application/json')
  res.statusCode = status
  setHeaders(res, all)
  res.write(JSON.stringify(body))
  res.end()
}

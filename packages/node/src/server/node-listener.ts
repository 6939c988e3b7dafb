import { ApiError, toErrorResponse } from './api-error.ts'
import type { FetchHandler } from './chat-handler.ts'
import { clientSignal } from './client-signal.ts'
import { setHeaders } from './pipe-to-server-response.ts'
import { bodyOf, type ServerRequestLike } from './server-request.ts'
import { createResponseWriter, type ServerResponseLike } from './server-response.ts'

/** Answers a request on a server of Node.js. */
export type NodeListener = (req: ServerRequestLike, res: ServerResponseLike) => void

/**
 * Puts a `Request -> Response` handler on a server of Node.js.
 *
 * ```ts
 * createServer(toNodeListener(handler)).listen(8080)
 * app.use('/v1', toNodeListener(handler)) // Express, with or without express.json() before it
 * ```
 */
export function toNodeListener(handler: FetchHandler): NodeListener {
  return (req, res) => void answer(handler, req, res)
}

/** Never rejects. */
async function answer(handler: FetchHandler, req: ServerRequestLike, res: ServerResponseLike): Promise<void> {
  let response: Response
  try {
    response = await handler(toRequest(req, res))
  } catch (reason) {
    response = toErrorResponse(reason instanceof ApiError ? reason : new ApiError('internal_error'))
  }
  await sendResponse(response, req, res)
}

/** The `Request` that a request of Node.js stands for. Its signal aborts when the client goes away. */
export function toRequest(req: ServerRequestLike, res: ServerResponseLike): Request {
  const { method = 'GET', url = '/' } = req
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // HTTP/2 has its own headers for what is not one.
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one)
  }
  const scheme = req.socket && 'encrypted' in req.socket ? 'https' : 'http'
  const host = req.authority || headers.get('host') || 'localhost'
  // An absolute address is sent to proxies only.
  const address = `${originOf(scheme, host)}${url.startsWith('/') ? url : '/'}`
  const init = { method, headers, signal: clientSignal(res) }
  if (method === 'GET' || method === 'HEAD') return new Request(address, init)
  try {
    // What a parser has read is written again; then it is neither compressed nor of the length that was sent.
    if (req.body !== undefined && req.readableEnded) {
      headers.delete('content-encoding')
      headers.delete('content-length')
      return new Request(address, { ...init, body: textOf(req.body) })
    }
    // A value of its own, because the DOM's type of a request does not know `duplex`.
    const streamed = { ...init, body: bodyOf(req, () => res.writableEnded), duplex: 'half' as const }
    return new Request(address, streamed)
  } catch (cause) {
    // TRACE and CONNECT, which `Request` refuses.
    throw new ApiError('method_not_allowed', { cause })
  }
}

/** A host with a path of its own would decide what is asked for, behind the back of whoever looked at the path. */
function originOf(scheme: string, host: string): string {
  const address = `${scheme}://${host}`
  const { origin, href } = URL.canParse(address) ? new URL(address) : { origin: '', href: '' }
  if (href === '' || href !== `${origin}/`) throw new ApiError(400, { message: 'The Host header is no host.' })
  return origin
}

const textOf = (body: unknown): Uint8Array<ArrayBuffer> | string => {
  if (typeof body === 'string') return body
  // A parser shares its memory with no other thread.
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body)
}

/** Sends a response: no faster than the client reads, and no longer than it is there. */
async function sendResponse(response: Response, req: ServerRequestLike, res: ServerResponseLike): Promise<void> {
  // `Response` has bytes, which its type does not say.
  const body = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined
  const writer = createResponseWriter(res, () => void body?.cancel().catch(() => {}))
  try {
    if (writer.isGone) return
    res.statusCode = response.status
    setHeaders(res, response.headers)
    if (body !== undefined)
      for (let { done, value } = await body.read(); !done; { done, value } = await body.read())
        if (value !== undefined) await writer.write(value)
    if (!writer.isGone) res.end()
  } catch {
    // The body broke after it had begun: only an end without an end says so.
    res.destroy()
  } finally {
    writer.release()
    // A body that was not read to its end keeps the next request on this connection waiting.
    if (req.complete === false) req.resume()
  }
}

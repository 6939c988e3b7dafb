import { type Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:http2'
import type { FetchHandler } from '../../src/index.ts'

export interface Asked {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: object | string | Uint8Array[] | undefined
  /** Leaves, also before there is an answer. */
  signal?: AbortSignal
  /** Keeps connections. For HTTP/1.1; the answer is thrown away then. */
  agent?: Agent
}

export interface Answer {
  status: number
  headers: Record<string, string>
  /** The next event or comment, without the blank line after it. `undefined` at the end. */
  event(): Promise<string | undefined>
  /** All events that are left. */
  rest(): Promise<string[]>
  /** The whole body. */
  text(): Promise<string>
  leave(): void
}

/** Asks a host, and reads no more of the answer than a test asks for. */
export type HostClient = (asked: Asked) => Promise<Answer>

export function httpClient(port: number): HostClient {
  return ({ method = 'POST', path, headers = {}, body, signal, agent }) =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { ...jsonHeaders(body), ...headers },
        agent: agent ?? (false as const),
      }
      const req = httpRequest({ ...options, ...(signal && { signal }) }, (res) => {
        res.on('error', () => {})
        if (agent) res.resume()
        const all = Object.fromEntries(Object.entries(res.headers).map(([name, value]) => [name, String(value)]))
        resolve(
          answerOf(res.statusCode ?? 0, all, res[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, () =>
            req.destroy(),
          ),
        )
      })
      req.on('error', reject)
      for (const piece of piecesOf(body)) req.write(piece)
      req.end()
    })
}

/** HTTP/2 without TLS. */
export function http2Client(port: number): HostClient {
  return ({ method = 'POST', path, headers = {}, body, signal }) =>
    new Promise((resolve, reject) => {
      const session = connect(`http://127.0.0.1:${port}`)
      session.on('error', reject)
      const stream = session.request(
        { ':method': method, ':path': path, ...jsonHeaders(body), ...headers },
        signal && { signal },
      )
      stream.on('close', () => session.close())
      stream.on('error', reject)
      stream.on('response', (given) => {
        const all = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
        const status = given[':status'] ?? 0
        resolve(
          answerOf(status, all, stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, () => stream.destroy()),
        )
      })
      for (const piece of piecesOf(body)) stream.write(piece)
      stream.end()
    })
}

/** Calls a handler, as hosts do that speak the Fetch API themselves. */
export function fetchClient(handler: FetchHandler): HostClient {
  return async ({ method = 'POST', path, headers = {}, body, signal }) => {
    const pieces = piecesOf(body)
    const init = { method, headers: { ...jsonHeaders(body), ...headers }, ...(signal && { signal }) }
    const request = new Request(
      `http://127.0.0.1${path}`,
      pieces.length > 0 ? { ...init, body: Buffer.concat(pieces) } : init,
    )
    const response = await handler(request)
    const reader = response.body?.getReader()
    const iterator: AsyncIterator<Uint8Array> = {
      next: async () => ((await reader?.read()) ?? { done: true, value: undefined }) as IteratorResult<Uint8Array>,
    }
    return answerOf(response.status, Object.fromEntries(response.headers), iterator, () => void reader?.cancel())
  }
}

const jsonHeaders = (body: Asked['body']): Record<string, string> =>
  body === undefined ? {} : { 'content-type': 'application/json' }

function piecesOf(body: Asked['body']): Uint8Array[] {
  if (body === undefined) return []
  if (Array.isArray(body)) return body as Uint8Array[]
  return [Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))]
}

function answerOf(
  status: number,
  headers: Record<string, string>,
  pieces: AsyncIterator<Uint8Array>,
  leave: () => void,
): Answer {
  const decoder = new TextDecoder()
  let text = ''

  async function event(): Promise<string | undefined> {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const found = text.slice(0, end)
        text = text.slice(end + 2)
        return found
      }
      const { done, value } = await pieces.next()
      if (done === true) return undefined
      text += decoder.decode(value, { stream: true })
    }
  }

  return {
    status,
    headers,
    event,
    leave,
    async rest() {
      const events: string[] = []
      for (let one = await event(); one !== undefined; one = await event()) events.push(one)
      return events
    },
    async text() {
      for (let { done, value } = await pieces.next(); done !== true; { done, value } = await pieces.next())
        text += decoder.decode(value, { stream: true })
      return text
    },
  }
}

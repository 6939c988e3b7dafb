import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A request as its bytes say. */
export interface ByteRequest {
  /** `POST /v1/chat/completions HTTP/1.1` */
  line: string
  headers: Record<string, string>
  body: string
}

export interface ByteServer {
  readonly baseURL: string
  readonly requests: readonly ByteRequest[]
  /** Connections that are open and have carried a request: after an abort, undici connects again without having one. */
  readonly open: number
  /** How many connections there have ever been. */
  readonly connections: number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Answers one request by writing to the socket what it likes. `nth` counts the requests from 0. */
export type Answer = (socket: Socket, request: ByteRequest, nth: number) => Promise<void> | void

/** A server that knows requests, and of answers only bytes. */
export async function serveBytes(answer: Answer): Promise<ByteServer> {
  const requests: ByteRequest[] = []
  const sockets = new Set<Socket>()
  const used = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      used.delete(socket)
    })
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
      const request = requestIn(text)
      if (request === undefined) return
      text = ''
      requests.push(request)
      used.add(socket)
      void answer(socket, request, requests.length - 1)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    get open() {
      return used.size
    },
    get connections() {
      return connections
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function requestIn(text: string): ByteRequest | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((header) => {
      const colon = header.indexOf(':')
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()]
    }),
  )
  const body = text.slice(end + 4)
  return body.length < Number(headers['content-length'] ?? 0) ? undefined : { line, headers, body }
}

/** The head of an answer. */
export function head(status = '200 OK', headers: Record<string, string | number> = {}): string {
  const all = { 'content-type': 'text/event-stream', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`
}

/** A whole answer that is no stream. */
export function page(status: string, body: string, headers: Record<string, string | number> = {}): string {
  return (
    head(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers }) + body
  )
}

/** One piece of a chunked body. */
export function piece(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

export const lastPiece = '0\r\n\r\n'

export const chunked = { 'transfer-encoding': 'chunked' }

export function event(delta: object, finish_reason: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason }]
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1750000000, model: 'm', choices, ...more }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

export const done = 'data: [DONE]\n\n'

/** The events of an answer that says these words. */
export function eventsOf(...words: string[]): string[] {
  return [...words.map((content) => event({ content })), event({}, 'stop'), done]
}

/** Sends an answer as chat servers do. */
export function stream(socket: Socket, events: readonly string[], headers: Record<string, string> = {}): void {
  socket.write(head('200 OK', { ...chunked, ...headers }))
  for (const text of events) socket.write(piece(text))
  socket.write(lastPiece)
}

export const question = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello!' }] }

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

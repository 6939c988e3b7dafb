import type { IncomingMessage, ServerResponse } from 'node:http'
import { CliError } from '../cli-error.ts'
import { closeNow, listen, listenError } from '../listen.ts'
import { visibleLine } from '../render/visible.ts'
import { bodyIn } from './body-in.ts'
import { recordCall, type RecorderOptions } from './create-recorder.ts'
import type { RecordingFile } from './recording-file.ts'

export interface RecordingProxyOptions {
  /** The endpoint behind it, with `/v1`. */
  readonly upstream: string
  /** Added where the caller sends none of that name: our key, for callers that have none. */
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof fetch
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
  readonly open: (model: string) => Promise<RecordingFile>
  readonly recorder: (write: RecorderOptions['write']) => RecorderOptions
  readonly onCall: ((line: string) => void) | undefined
  /** A recording cannot be written: its call is ended, and who sees only that would look for the reason elsewhere. */
  readonly onFailure?: (error: CliError) => void
}

/** Headers that belong to one connection (RFC 9110, 7.6.1), and what `fetch` decides by itself. */
const notPassedOn = new Set(
  'connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(' '),
)

/** A server that passes every call on, bytes as they come, and writes down what it sees. */
export async function createRecordingProxy(options: RecordingProxyOptions) {
  const { createServer } = await import('node:http')
  const base = new URL(options.upstream)
  const calls = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    response.on('error', () => {})
    const call = passOn(request, response, base, options)
      .catch((error: unknown) => {
        refuse(response, error)
        if (error instanceof CliError) options.onFailure?.(error)
      })
      .finally(() => calls.delete(call))
    calls.add(call)
  })
  const { origin } = await listen(server, options.port, options.host).catch((error: unknown) => {
    throw listenError(error, options.host, options.port)
  })
  return {
    baseURL: `${origin}/v1`,
    /** Every caller is gone then, and every recording whole up to where its call broke off. */
    async close() {
      await closeNow(server)
      await Promise.all(calls)
    },
  }
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  base: URL,
  options: RecordingProxyOptions,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the caller left')))
  const body = await bodyOf(request)
  const call = {
    method: request.method ?? 'GET',
    url: urlOf(request.url ?? '/', base),
    headers: headersOf(request, options.headers),
  }
  const asked = bodyIn(body.toString('utf8'))
  const file = await options.open(modelOf(asked))
  try {
    const recorded = await recordCall(
      { ...call, ...(body.length > 0 && { body: asked }) },
      (signal) =>
        options.fetch(call.url, {
          method: call.method,
          headers: call.headers,
          redirect: 'manual',
          signal,
          ...(body.length > 0 && { body }),
        }),
      AbortSignal.any([gone.signal, options.signal]),
      options.recorder(file.write),
    )
    await send(recorded.response, response)
    await recorded.written
    options.onCall?.(
      visibleLine(`${call.method} ${new URL(call.url).pathname} ${recorded.response.status} ${file.path}`),
    )
  } finally {
    await file.close()
  }
}

async function send(from: Response, to: ServerResponse): Promise<void> {
  const headers = [...from.headers].filter(([name]) => !notPassedOn.has(name) && name !== 'content-encoding')
  to.writeHead(from.status, Object.fromEntries(headers))
  to.flushHeaders()
  try {
    for await (const piece of (from.body ?? []) as AsyncIterable<Uint8Array>) {
      const isFull = !to.write(piece)
      // A response that is gone says neither that it has room nor, a second time, that it is gone.
      if (to.destroyed) return
      if (isFull) await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve))
    }
    to.end()
  } catch {
    // The connection behind broke: so does the one before it.
    to.destroy()
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const reason = error instanceof Error ? error.message : String(error)
  const message = error instanceof CliError ? reason : `the endpoint was not reached: ${reason}`
  response.writeHead(502, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { message, type: 'server_error', param: null, code: 'bad_gateway' } }))
}

/** `/v1/models?x` behind `https://host/openai/v1?y` is `https://host/openai/v1/models?y&x`. */
function urlOf(path: string, base: URL): string {
  const asked = new URL(path, 'http://proxy')
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/+$/, '')}${asked.pathname.replace(/^\/v1(?=\/|$)/, '')}`
  for (const [name, value] of asked.searchParams) url.searchParams.append(name, value)
  return url.href
}

function headersOf(request: IncomingMessage, ours: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = { ...ours }
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || notPassedOn.has(name)) continue
    // The environment that leads callers here gives them a key that is none.
    if (name === 'authorization' && value === 'Bearer proxy' && 'authorization' in ours) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  headers['accept-encoding'] = 'identity'
  return headers
}

const maxBodyBytes = 64 * 1024 * 1024

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > maxBodyBytes) throw new Error(`the request is larger than ${maxBodyBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function modelOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'model' in body ? String(body.model) : ''
}

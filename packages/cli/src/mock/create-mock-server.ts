import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock, type Clock } from '../clock.ts'
import { closeNow, listen } from '../listen.ts'
import { ApiError } from './api-error.ts'
import { readChatRequest } from './chat-request.ts'
import type { Recording } from './recording.ts'
import { createLibrary, type Match } from './create-library.ts'
import { createFaultChooser, type Fault } from './fault.ts'
import type { Pace } from './pace.ts'
import { sendJson, sendRecording, type Sent } from './send-recording.ts'

export interface MockServerOptions {
  /**
   * What is served. A request whose model is a recording's name gets that one, any other gets them in turn.
   *
   * The demonstrations can always be asked for by name.
   *
   * @defaultValue `demo:text`
   */
  recordings?: readonly Recording[] | undefined
  /** @defaultValue `0`: a free port */
  port?: number | undefined
  /** @defaultValue `127.0.0.1`: nobody outside can ask */
  host?: string | undefined
  /** Refuses requests without this key. Any request is served when there is none. */
  apiKey?: string | undefined
  /** @defaultValue at once */
  pace?: Partial<Pace> | undefined
  /** Lets web pages of any origin ask. @defaultValue `false` */
  allowsCors?: boolean | undefined
  /** The longest request body. Pictures are large, and a mistake is larger. @defaultValue `16 * 1024 * 1024` */
  maxBodyBytes?: number | undefined
  /**
   * By what a request finds its recording.
   *
   * @defaultValue `model`
   */
  match?: Match | undefined
  /** Refuses a request that matches no recording, instead of answering with the next one. @defaultValue `false` */
  isStrict?: boolean | undefined
  /** What goes wrong with every answer. A request's `x-mock-fault` header adds to it. */
  faults?: readonly Fault[] | undefined
  /** Called when a request has been answered. */
  onAnswer?: ((answer: MockAnswer) => void) | undefined
  clock?: Clock | undefined
}

export interface MockAnswer extends Sent {
  readonly method: string
  readonly path: string
  /** Of the recording that was sent. */
  readonly recording: string | undefined
}

export interface MockServer {
  /** For `OPENAI_BASE_URL`: with `/v1`. */
  readonly baseURL: string
  readonly port: number
  /** Ends at once, running answers too. */
  close(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<Partial<MockAnswer> & Sent> | Sent

/**
 * Starts an OpenAI-compatible server that sends recordings.
 *
 * ```ts
 * const server = await createMockServer()
 * const client = new OpenAI({ baseURL: server.baseURL, apiKey: 'any' })
 * ```
 */
export async function createMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const { port = 0, host = '127.0.0.1', apiKey, allowsCors = false, maxBodyBytes = 16 * 1024 * 1024 } = options
  const pace: Pace = { firstChunkMs: 0, chunkMs: 0, jitter: 0, ...options.pace }
  const { clock = systemClock, recordings = [], match = 'model', isStrict = false } = options
  const library = createLibrary({ recordings, match, isStrict })
  const faultsOf = createFaultChooser(options.faults ?? [])
  // Imported when it is needed: the module costs every start of a program 30 ms.
  const { createServer } = await import('node:http')

  const routes: Record<string, Record<string, Handler>> = {
    '/v1/chat/completions': {
      async POST(request, response) {
        authorize(request, apiKey)
        const asked = await readChatRequest(request, maxBodyBytes)
        const faults = faultsOf(request.headers['x-mock-fault'])
        const recording = await library.choose(asked)
        const sent = await sendRecording(response, recording, asked, { pace, clock, faults })
        return { ...sent, recording: recording.name }
      },
    },
    '/v1/models': {
      GET(request, response) {
        authorize(request, apiKey)
        return ok(response, { object: 'list', data: library.names.map(toModel) })
      },
    },
    '/healthz': { GET: (_, response) => ok(response, { status: 'ok' }) },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Partial<MockAnswer> & Sent> {
    if (allowsCors) {
      response.setHeader('access-control-allow-origin', '*')
      if (request.method === 'OPTIONS') return preflight(request, response)
    }
    const path = pathOf(request)
    const route = Object.hasOwn(routes, path) ? routes[path] : oneModel(path)
    if (route === undefined) {
      throw new ApiError('unknown_url', { message: `Unknown request URL: ${request.method} ${path}.` })
    }
    const handler = route[request.method ?? '']
    if (handler === undefined) {
      response.setHeader('allow', Object.keys(route).join(', '))
      throw new ApiError('method_not_allowed', { message: `Not allowed to ${request.method} on ${path}.` })
    }
    return handler(request, response)
  }

  function oneModel(path: string): Record<string, Handler> | undefined {
    const name = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
    if (name === undefined) return undefined
    return {
      GET(request, response) {
        authorize(request, apiKey)
        const known = library.names.find((one) => one === name || encodeURIComponent(one) === name)
        if (known === undefined) throw new ApiError('model_not_found')
        return ok(response, toModel(known))
      },
    }
  }

  const server = createServer((request, response) => {
    // A client may leave at any time; that it did is seen by the `close` of the response.
    response.on('error', () => {})
    void answer(request, response)
      .catch((error: unknown) => refuse(request, response, error))
      .then((sent) =>
        options.onAnswer?.({ method: request.method ?? '', path: pathOf(request), recording: undefined, ...sent }),
      )
  })
  const address = await listen(server, port, host)
  return { baseURL: `${address.origin}/v1`, port: address.port, close: () => closeNow(server) }
}

function authorize({ headers }: IncomingMessage, apiKey: string | undefined): void {
  // The key that came is not repeated: it may be a real one, sent to the wrong place.
  if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) throw new ApiError('invalid_api_key')
}

function ok(response: ServerResponse, body: unknown): Sent {
  sendJson(response, 200, body)
  return { status: 200, events: 0, isAborted: false }
}

function preflight({ headers }: IncomingMessage, response: ServerResponse): Sent {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': headers['access-control-request-headers'] ?? '*',
    'access-control-max-age': '600',
  })
  response.end()
  return { status: 204, events: 0, isAborted: false }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Sent {
  if (response.headersSent || request.errored !== null) {
    response.destroy()
    return { status: response.statusCode, events: 0, isAborted: true }
  }
  const { status, body } = error instanceof ApiError ? error : new ApiError('internal')
  // What was not read of the body would otherwise be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  sendJson(response, status, body)
  return { status, events: 0, isAborted: false }
}

function toModel(id: string) {
  return { id, object: 'model', created: 1_785_542_400, owned_by: 'deltawire' }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/[?#].*$/, '')
}

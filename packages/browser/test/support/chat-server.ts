import { type ChatCompletionChunk, encodeChunk, encodeDone, splitCompletion } from '@deltawire/core'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer of the model, whose deltas are known beforehand. */
export interface Script {
  readonly chunks: readonly ChatCompletionChunk[]
  /** Milliseconds between two chunks; 0: as fast as they are taken. */
  readonly pauseMs?: number
  /** The model stops to think after so many chunks, until `release`. */
  readonly heldAt?: number
  /** Bytes after which a connection is cut, one after the other. */
  readonly cuts?: readonly number[]
  /** Sends each event twice. */
  readonly isDoubled?: boolean
  /** Sends this many events that are known once more after a resume. */
  readonly overlap?: number
  /** Forgets the `[DONE]`. */
  readonly isUnended?: boolean
}

export interface ServedStream {
  readonly id: string
  readonly request: unknown
  /** Chunks that the model has generated. */
  generated: number
  isStopped: boolean
  stoppedAt: number
  /** Connections that read it now, and all that ever did. */
  readers: number
  connections: number
  lastEventIds: (string | undefined)[]
}

export interface ChatServer {
  /** Where chats are. */
  readonly url: string
  readonly origin: string
  readonly streams: readonly ServedStream[]
  readonly log: readonly string[]
  /** Cuts every connection that reads a stream. */
  cut(): void
  /** Lets models go on that stopped to think. */
  release(): void
  close(): Promise<void>
}

interface Options {
  script(request: unknown): Script
  /** Answers of its own, before the stream's. Gives whether it did. */
  intercept?(request: IncomingMessage, response: ServerResponse, body: string): boolean
  /** Whether streams are kept. */
  isResumable?: boolean
  /** The page of this server and its script. */
  page?: { readonly html: string; readonly script: string; readonly policy?: string }
}

/** A backend that keeps streams: `POST /chat`, `GET /chat/ID`, `DELETE /chat/ID`, and a page for everything else. */
export async function serveChat({ script, intercept, isResumable = true, page }: Options): Promise<ChatServer> {
  const streams: (ServedStream & { script: Script; events: string[]; wake: Set<() => void>; cuts: number[] })[] = []
  const log: string[] = []
  const open = new Set<ServerResponse>()
  const held = new Set<() => void>()

  const server: Server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url = '' } = request
      const isChat = /^\/(v1\/)?chat/.test(url)
      if (isChat) log.push(`${method} ${url}`)
      if (intercept?.(request, response, body) === true) return
      if (page !== undefined && !isChat) {
        const isScript = url === '/app.js'
        response.writeHead(url === '/' || isScript ? 200 : 404, {
          'content-type': isScript ? 'text/javascript' : 'text/html',
          // Also one that must not be stored would not go into the back/forward cache.
          'cache-control': 'no-cache',
          ...(page.policy !== undefined && { 'content-security-policy': page.policy }),
        })
        response.end(isScript ? page.script : page.html)
        return
      }
      if (method === 'OPTIONS') {
        response.writeHead(204, cors).end()
        return
      }
      if (method === 'POST') begin(JSON.parse(body) as object, response)
      else if (method === 'GET') resume(request, response)
      else stop(url, response)
    })
  })

  function begin(request: object, response: ServerResponse): void {
    const own = {
      id: `s${streams.length + 1}`,
      request,
      script: script(request),
      events: [] as string[],
      wake: new Set<() => void>(),
      cuts: [] as number[],
      generated: 0,
      isStopped: false,
      stoppedAt: 0,
      readers: 0,
      connections: 0,
      lastEventIds: [],
    }
    own.cuts = [...(own.script.cuts ?? [])]
    streams.push(own)
    generate(own)
    send(own, 0, response)
  }

  /** The model goes on by itself, whoever reads, until it is stopped. */
  function generate(own: (typeof streams)[number]): void {
    const { chunks, pauseMs = 0, isUnended = false, heldAt } = own.script
    let isHeld = false
    const next = (): void => {
      do {
        if (own.generated === heldAt && !isHeld) {
          isHeld = true
          held.add(next)
          return
        }
        const chunk = own.isStopped ? undefined : chunks[own.generated]
        if (chunk === undefined) return
        own.events.push(`id: ${own.generated + 1}\n${encodeChunk(chunk)}`)
        own.generated++
        if (own.generated === chunks.length && !isUnended) own.events.push(encodeDone())
        const readers = [...own.wake]
        for (const wake of readers) wake()
      } while (pauseMs === 0)
      setTimeout(next, pauseMs)
    }
    next()
  }

  function send(own: (typeof streams)[number], after: number, response: ServerResponse): void {
    own.readers++
    own.connections++
    const { isDoubled = false, overlap = 0, chunks } = own.script
    const cut = own.cuts.shift()
    let at = Math.max(0, after - overlap)
    let sent = 0
    response.writeHead(200, {
      ...cors,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      ...(isResumable && { 'x-stream-id': own.id }),
    })
    response.flushHeaders()
    const write = (): void => {
      for (;;) {
        const event = own.events[at]
        if (event === undefined || response.destroyed) return
        at++
        const bytes = Buffer.from(isDoubled && at <= chunks.length ? event + event : event)
        if (cut !== undefined && sent + bytes.length > cut) {
          response.write(bytes.subarray(0, Math.max(0, cut - sent)))
          // A stream that errs forgets what nobody has read yet: the reader gets a moment.
          setTimeout(() => response.socket?.end(), 5)
          return
        }
        sent += bytes.length
        response.write(bytes)
        if (at > chunks.length || (own.script.isUnended === true && at === chunks.length)) {
          response.end()
          return
        }
      }
    }
    own.wake.add(write)
    open.add(response)
    response.on('close', () => {
      open.delete(response)
      own.readers--
      own.wake.delete(write)
      // What nobody can take up again is not generated for nobody.
      if (!isResumable && own.generated < chunks.length) {
        own.isStopped = true
        own.stoppedAt = Date.now()
      }
    })
    write()
  }

  function resume(request: IncomingMessage, response: ServerResponse): void {
    const own = find(request.url ?? '')
    const last = request.headers['last-event-id']
    if (own === undefined) {
      response.writeHead(204, cors).end()
      return
    }
    own.lastEventIds.push(typeof last === 'string' ? last : undefined)
    if (own.isStopped) response.writeHead(204, cors).end()
    else send(own, Number(last ?? 0), response)
  }

  function stop(url: string, response: ServerResponse): void {
    const own = find(url)
    const stopped = own !== undefined && !own.isStopped && own.generated < own.script.chunks.length
    if (own !== undefined && stopped) {
      own.isStopped = true
      own.stoppedAt = Date.now()
    }
    response.writeHead(own === undefined ? 404 : 200, { ...cors, 'content-type': 'application/json' })
    response.end(JSON.stringify({ stopped }))
  }

  const find = (url: string) => streams.find(({ id }) => id === /\/chat\/([^?]+)/.exec(url)?.[1])

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/chat`,
    origin: `http://127.0.0.1:${port}`,
    streams,
    log,
    cut() {
      for (const response of open) response.destroy()
    },
    release() {
      for (const next of held) next()
      held.clear()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': '*',
  'access-control-expose-headers': 'x-stream-id, retry-after',
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

/** The chunks of an answer that says this text, reasoning and a call, in many small deltas. */
export function chunksOf(content: string, extra: object = {}): ChatCompletionChunk[] {
  return [
    ...splitCompletion({
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'scripted',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          logprobs: null,
          message: { role: 'assistant', content, refusal: null, ...extra },
        },
      ],
    }),
  ]
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ChatCompletionRequest } from '@deltawire/core'
import { streamChatCompletion, toNodeListener } from '@deltawire/node'
import { createMemoryEngine, createRelay, type Relay, type RelayOptions } from '@deltawire/websocket-bridge'
import type { Clock } from '../clock.ts'
import { closeNow, listen } from '../listen.ts'
import { createMeteredModel, type MeteredModelOptions } from './metered-model.ts'
import type { PageFiles } from './page-files.ts'

export interface PlaygroundOptions {
  readonly files: PageFiles
  readonly clock: Clock
  /** @defaultValue `127.0.0.1`: what is here to be broken is for one person */
  readonly host?: string | undefined
  /** @defaultValue `0`: a free one */
  readonly port?: number | undefined
  /** A real endpoint; the playground's own model when absent. */
  readonly endpoint?: MeteredModelOptions['endpoint']
}

export interface Playground {
  /** Where the page is. */
  readonly url: string
  /** The model, as an OpenAI-compatible endpoint. */
  readonly modelURL: string
  close(): Promise<void>
}

/** How long a stream waits for a node that is silent: short, because people watch. */
const leaseMs = 1_500

/**
 * The whole way of an answer on one machine: a model, a backend with the page, and a relay of two nodes. And what can go
 * wrong on that way, to be called by the page.
 */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { files, clock, host = '127.0.0.1', port = 0, endpoint } = options
  // Loaded here: no other command pays for HTTP.
  const { createServer } = process.getBuiltinModule('node:http')
  const model = createMeteredModel({ clock, endpoint })
  const engine = createMemoryEngine({ leaseMs })
  /** What a reader of an answer hangs on. */
  const ways = new Set<Duplex>()

  const modelServer = createServer(readersOf(toNodeListener(model.handler)))
  const { origin: modelOrigin } = await listen(modelServer, 0, host)
  const modelURL = `${modelOrigin}/v1`

  const relayOptions = {
    engine,
    open: (request: ChatCompletionRequest, { signal }: { signal: AbortSignal }) =>
      streamChatCompletion(request, { baseURL: modelURL, apiKey: '', signal }),
    resume: (request, { offset, signal }) => model.goOn(request, offset, signal),
  } satisfies RelayOptions

  const backend = createRelay(relayOptions)
  const answer = toNodeListener(backend.handle)
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    if (pathname.startsWith('/v1/')) readersOf(answer)(req, res)
    else if (pathname.startsWith('/playground/')) void control(pathname, req, res)
    else files.serve(pathname, res)
  })
  const { origin } = await listen(server, port, host).catch(async (error: unknown) => {
    // A server that goes on would keep the process.
    await Promise.all([backend.close(), closeNow(modelServer)])
    await engine.close()
    throw error
  })
  let node = await startNode()

  /** Remembers the connections by which a page reads. The relay's own, to the model, are not among them. */
  function readersOf(listener: (req: IncomingMessage, res: ServerResponse) => void) {
    return (req: IncomingMessage, res: ServerResponse): void => {
      if (req.headers.origin !== undefined || req.headers['sec-fetch-site'] !== undefined) {
        ways.add(req.socket)
        req.socket.once('close', () => ways.delete(req.socket))
      }
      listener(req, res)
    }
  }

  async function startNode(): Promise<{ relay: Relay; server: Server; url: string }> {
    const relay = createRelay({ ...relayOptions, origins: [origin] })
    const nodeServer = createServer(toNodeListener(relay.handle))
    relay.attach(nodeServer)
    nodeServer.on('connection', (socket) => {
      ways.add(socket)
      socket.once('close', () => ways.delete(socket))
    })
    const { origin: nodeOrigin } = await listen(nodeServer, 0, host)
    return { relay, server: nodeServer, url: `${nodeOrigin.replace(/^http/, 'ws')}/v1/socket` }
  }

  /** The node is gone, as when its machine is: no goodbye, and its answers wait for somebody who goes on with them. */
  async function killNode(): Promise<void> {
    const dead = node
    node = await startNode()
    await dead.relay.close()
    await closeNow(dead.server)
  }

  const trouble: Readonly<Record<string, () => Promise<void> | void>> = {
    '/playground/cut': () => {
      for (const way of ways) way.destroy()
    },
    '/playground/kill': killNode,
    '/playground/refuse': () => model.refuseOnce(),
  }

  async function control(pathname: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const run = trouble[pathname]
    if (run !== undefined && req.method === 'POST') {
      // Another page must not be able to break this one.
      if (req.headers.origin !== origin) return end(res, 403, { error: 'not from this page' })
      end(res, 200, {})
      return run()
    }
    if (pathname === '/playground/meter') return end(res, 200, model.meters)
    if (pathname === '/playground/ways') {
      return end(res, 200, {
        direct: modelURL,
        backend: '/v1/chat/completions',
        relay: node.url,
        isReal: endpoint !== undefined,
      })
    }
    return end(res, 404, { error: 'not here' })
  }

  return {
    url: `${origin}/`,
    modelURL,
    async close() {
      await Promise.all([node.relay.close(), backend.close()])
      await Promise.all([closeNow(node.server), closeNow(server), closeNow(modelServer)])
      await engine.close()
    },
  }
}

function end(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  res.end(JSON.stringify(body))
}

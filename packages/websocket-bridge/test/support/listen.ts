import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { type AttachOptions, createRelay, type Relay, type RelayOptions } from '../../src/index.ts'
import { connectPeer, type Peer, type PeerOptions } from './peer.ts'

export interface Listening {
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly socketUrl: string
  close(): Promise<void>
}

/** Puts a relay on a free port of this machine, with both doors. */
export async function listen(relay: Relay, options?: AttachOptions): Promise<Listening> {
  const server = createServer(toListener(relay))
  relay.attach(server, options)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has one.
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    socketUrl: `ws://127.0.0.1:${port}/v1/socket`,
    async close() {
      await relay.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A listener of a server of Node.js that hands requests to a handler of the Fetch API, and nothing more. */
export const toListener =
  (handler: Pick<Relay, 'handle'>) =>
  (req: IncomingMessage, res: ServerResponse): void =>
    void respond(handler, req, res)

async function respond(relay: Pick<Relay, 'handle'>, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const headers = Object.entries(req.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  const { method = 'GET' } = req
  const gone = new AbortController()
  res.on('close', () => gone.abort())
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const request = new Request(`http://${req.headers.host ?? 'localhost'}${req.url ?? '/'}`, {
    method,
    headers,
    signal: gone.signal,
    // Both name the same standard: the types of the platform and those of Node.js do not know of each other.
    ...(hasBody && { body: Readable.toWeb(req) as ReadableStream, duplex: 'half' as const }),
  })
  const response = await relay.handle(request)
  res.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) res.end()
  else Readable.fromWeb(response.body).pipe(res)
}

/** What one test opens, to be closed after it. */
export interface Stage {
  serve(options: RelayOptions, attach?: AttachOptions): Promise<Listening & { readonly relay: Relay }>
  connect(url: string, options?: PeerOptions): Promise<Peer>
  /** Closes this too, before what was opened earlier. */
  keep<T extends { close(): unknown }>(one: T): T
  /** Closes everything. */
  clear(): Promise<void>
}

export function createStage(): Stage {
  const open: Listening[] = []
  const peers: Peer[] = []
  const kept: { close(): unknown }[] = []
  return {
    async serve(options, attach) {
      const relay = createRelay(options)
      const listening = await listen(relay, attach)
      open.push(listening)
      return { ...listening, relay }
    },
    async connect(url, options) {
      const peer = await connectPeer(url, options)
      peers.push(peer)
      return peer
    },
    keep(one) {
      kept.push(one)
      return one
    },
    async clear() {
      for (const one of kept.splice(0).reverse()) await one.close()
      for (const { ws } of peers.splice(0)) ws.terminate()
      for (const listening of open.splice(0)) await listening.close()
    },
  }
}

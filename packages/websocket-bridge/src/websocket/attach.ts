import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { bearerOf, type Identify, type Shown } from '../door/identify.ts'
import type { OriginVerdict, Caller } from '../door/origins.ts'
import type { Hub } from '../hub/hub.ts'
import { SUBPROTOCOL } from '../protocol/frame.ts'
import { Conversation, type ConversationOptions } from './conversation.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { RelaySocket } from './relay-socket.ts'

/** Where sockets are opened, and how patient the relay is with them. */
export interface AttachOptions {
  /** Where sockets are opened. @defaultValue `'/v1/socket'` */
  path?: string | undefined
  /**
   * How often a client is asked for a sign of life. One that is silent for ten seconds then is given up.
   *
   * @defaultValue `25_000`: less than the minute after which many proxies cut what is silent
   */
  pingMs?: number | undefined
  /**
   * How far data is sent ahead of a client's acknowledgements, in UTF-16 code units.
   *
   * @defaultValue `16_384`: a thousand readers that stop cost 31 MB in the kernel, in the place of 390 MB without a window,
   * and are at the head 46 ms after they wake. Where a long way (rate × round trip) is more than that, raise it
   */
  windowLength?: number | undefined
  /** How long data may wait for a client that reads nothing until it is closed. @defaultValue `30_000` */
  slowAfterMs?: number | undefined
}

/** What can upgrade a connection: the server of `node:http` or `node:https`. */
export interface UpgradingServer {
  on(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
  off(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
  listenerCount(event: 'upgrade'): number
}

/** The sockets of one relay. */
export interface SocketDoor {
  attach(server: UpgradingServer, options?: AttachOptions): void
  /** Tells every client to go elsewhere, at a random time within so long. */
  drain(withinMs: number): void
  /** Says goodbye to everybody. */
  close(): void
  readonly size: number
  /** Subscriptions of all sockets. */
  readonly subscriptions: number
}

export interface SocketDoorOptions {
  readonly hub: Hub
  readonly identify: Identify
  readonly judge: (caller: Caller) => OriginVerdict
  readonly onError: (reason: unknown) => void
}

interface Room {
  readonly sockets: Map<RelaySocket, Conversation>
  readonly heartbeat: Heartbeat<RelaySocket>
  readonly conversation: ConversationOptions
  readonly slowAfterMs: number
  detach(): void
}

/** Where sockets are opened on a server, by any relay. */
const paths = new WeakMap<UpgradingServer, string[]>()

/** How long a node may not reach its store until its clients are sent elsewhere. */
const STORE_LOST_MS = 15_000

export function createSocketDoor({ hub, identify, judge, onError }: SocketDoorOptions): SocketDoor {
  const rooms = new Set<Room>()
  hub.onTick(() => {
    for (const room of rooms) look(room)
  })
  let draining: { readonly since: number; readonly withinMs: number } | undefined

  const size = (): number => [...rooms].reduce((count, { sockets }) => count + sockets.size, 0)

  /** Why a request is not upgraded, as an HTTP status. */
  function refusal(request: IncomingMessage, verdict: OriginVerdict): number | undefined {
    if (verdict === 'refused') return 403
    if (hub.isDraining || size() >= hub.limits.maxSockets) return 503
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    return offered.includes(SUBPROTOCOL) ? undefined : 400
  }

  function attach(server: UpgradingServer, options: AttachOptions = {}): void {
    const { path = '/v1/socket', pingMs = 25_000, windowLength = 16_384, slowAfterMs = 30_000 } = options
    const ticks = Math.max(1, Math.round(pingMs / 1000))
    const wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Costs 229 kB and four times the work per socket; summing deltas saves more.
      perMessageDeflate: false,
      // None at all would be no limit to it.
      maxPayload: Math.max(1, hub.limits.maxFrameBytes),
      handleProtocols: () => SUBPROTOCOL,
    })
    const room: Room = {
      sockets: new Map(),
      heartbeat: createHeartbeat(ticks),
      conversation: { identify, pingMs: ticks * 1000, windowLength, onError },
      slowAfterMs,
      detach() {
        server.off('upgrade', upgrade)
        taken.splice(taken.indexOf(path), 1)
      },
    }

    function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const { origin, host, cookie, authorization } = request.headers
      const { pathname, query } = targetOf(request.url)
      if (pathname !== path) {
        // Somebody else may want it, who is no relay or one at another address.
        const isOurs = server.listenerCount('upgrade') === taken.length
        if (isOurs && !taken.includes(pathname) && !socket.writableEnded) refuse(socket, 404)
        return
      }
      const verdict = judge({ origin, host })
      const status = refusal(request, verdict)
      if (status !== undefined) {
        refuse(socket, status)
        return
      }
      const shown: Shown = {
        token: bearerOf(authorization),
        ticket: query === '' ? undefined : (new URLSearchParams(query).get('ticket') ?? undefined),
        cookie: verdict === 'allowed' ? cookie : undefined,
      }
      wss.handleUpgrade(request, socket, head, (ws) => enter(room, ws, socket as Socket, shown))
    }

    const taken = paths.get(server) ?? []
    paths.set(server, taken)
    taken.push(path)
    rooms.add(room)
    server.on('upgrade', upgrade)
  }

  function enter(room: Room, ws: WebSocket, wire: Socket, shown: Shown): void {
    const socket = new RelaySocket(hub, ws, wire, room.conversation.windowLength)
    const conversation = new Conversation(socket, shown, room.conversation)
    hub.stats.socketsOpened++
    room.sockets.set(socket, conversation)
    room.heartbeat.add(socket)
    ws.on('message', (data, isBinary) => {
      socket.heardAt = room.heartbeat.now
      conversation.hear(data, isBinary)
    })
    ws.on('pong', () => {
      socket.heardAt = room.heartbeat.now
    })
    // What was sent against the rules of WebSocket itself: `ws` closes with the code for it.
    ws.on('error', () => {})
    ws.on('close', () => {
      socket.leave()
      room.sockets.delete(socket)
      room.heartbeat.remove(socket)
    })
  }

  /** Once a second: who is late, too slow, out of time, or dead. */
  function look({ sockets, heartbeat, slowAfterMs }: Room): void {
    const now = hub.clock.now()
    const date = hub.clock.date()
    heartbeat.tick()
    const isCutOff = hub.unreachableSince !== undefined && now - hub.unreachableSince >= STORE_LOST_MS
    for (const [socket, conversation] of sockets) {
      if (conversation.isUngreeted()) socket.close('hello_timeout', 'no hello')
      else if ((socket.principal?.expiresAt ?? Infinity) <= date) socket.close('token_expired', 'the token has expired')
      else if (socket.heldSince !== undefined && now - socket.heldSince >= slowAfterMs)
        socket.close('too_slow', 'nothing was read')
      else if (isCutOff) socket.close('store_lost', 'this node does not reach its store')
      else if (draining !== undefined && now - draining.since >= draining.withinMs)
        socket.close('draining', 'this node goes away')
    }
  }

  return {
    attach,
    drain(withinMs) {
      draining = { since: hub.clock.now(), withinMs: withinMs + DRAIN_PATIENCE_MS }
      for (const { sockets } of rooms)
        for (const socket of sockets.keys()) socket.send({ t: 'drain', minMs: 0, maxMs: withinMs })
    },
    close() {
      for (const room of rooms) {
        room.detach()
        for (const socket of room.sockets.keys()) socket.close('restarting', 'this node goes away')
      }
      rooms.clear()
    },
    get size() {
      return size()
    },
    get subscriptions() {
      return [...rooms]
        .flatMap(({ sockets }) => [...sockets.keys()])
        .reduce((count, socket) => count + socket.subscriptionCount, 0)
    },
  }
}

/** How long after its time to leave a client is waited for. */
const DRAIN_PATIENCE_MS = 5_000

/** What a request asks for. Read by hand: a thousand clients that come back at once are a thousand URLs. */
function targetOf(target = '/'): { readonly pathname: string; readonly query: string } {
  // With its origin, as for a proxy.
  const start = target.startsWith('/') ? 0 : target.indexOf('/', target.indexOf('://') + 3)
  const end = target.indexOf('?')
  if (end < 0) return { pathname: target.slice(start), query: '' }
  return { pathname: target.slice(start, end), query: target.slice(end + 1) }
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => {})
  // A client that does not end its side keeps the connection otherwise, for ever and beside all limits.
  socket.once('finish', () => socket.destroy())
  const retry = status === 503 ? 'Retry-After: 1\r\n' : ''
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n${retry}\r\n`,
  )
}

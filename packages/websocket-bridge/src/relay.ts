import { randomBytes } from 'node:crypto'
import { type Clock, LONGEST_TIMER_MS, systemClock } from './clock.ts'
import { createIdentify } from './door/identify.ts'
import { checkOrigins, type OriginOptions } from './door/origins.ts'
import { createTickets, type Ticket } from './door/tickets.ts'
import type { Engine } from './engine.ts'
import { createHttpDoor } from './http/http-door.ts'
import { createMetrics } from './http/metrics.ts'
import { createHub, type Hub } from './hub/hub.ts'
import { type RelayLimits, relayLimitsOf } from './hub/limits.ts'
import { type Authenticate, type Authorize, ownersOnly, type Principal } from './hub/principal.ts'
import type { EndedStream, Open, Resume } from './hub/productions.ts'
import { createMemoryEngine } from './memory/memory-engine.ts'
import type { OrphanPolicy } from './protocol/frame.ts'
import type { RelayStats } from './relay-stats.ts'
import { type AttachOptions, createSocketDoor, type UpgradingServer } from './websocket/attach.ts'

/**
 * What a node of a relay is made with. Only `open` is needed; a relay that strangers reach needs `authenticate` too.
 */
export interface RelayOptions extends OriginOptions {
  /**
   * Begins an answer: the one call to the model. Its keys and its address are here and nowhere else.
   *
   * ```ts
   * open: (request, { signal }) => streamChatCompletion(request, { baseURL, apiKey, signal })
   * ```
   */
  open: Open
  /**
   * Goes on with an answer whose node has died, from an upstream that can.
   *
   * @defaultValue none can: such a stream ends with `interrupted`, and nobody is billed twice
   */
  resume?: Resume | undefined
  /** Where streams are kept. @defaultValue `createMemoryEngine()`: this process, and nothing after it */
  engine?: Engine | undefined
  /**
   * Says who shows a token or a cookie.
   *
   * @defaultValue none: everybody is let in, as one and the same, at your expense
   */
  authenticate?: Authenticate | undefined
  /**
   * Whether somebody may do something: start, read, cancel, give the output of a tool, follow a topic.
   *
   * @defaultValue whoever is known may start streams and follow topics; a stream is its owner's
   */
  authorize?: Authorize | undefined
  /** Whether the cookies of allowed pages are shown to `authenticate`. @defaultValue `false` */
  cookies?: boolean | undefined
  /**
   * Signs one-time tickets. The same on all nodes.
   *
   * @defaultValue a random one: each node understands its own tickets only
   */
  ticketSecret?: string | undefined
  /** For `/admin` and `/metrics`. @defaultValue none: there is no `/admin`, and `/metrics` is open */
  adminToken?: string | undefined
  /**
   * How far streams, sockets and requests may grow.
   *
   * @defaultValue all are on, each at a value of its own
   */
  limits?: RelayLimits | undefined
  /**
   * What becomes of a stream that nobody follows, where whoever started it does not say.
   *
   * @defaultValue `'continue'`: a reload, a tunnel or a closed lid is no wish to stop
   */
  orphan?: OrphanPolicy | undefined
  /** The name of this node in logs and frames. @defaultValue a random one */
  node?: string | undefined
  /** How often an event stream says that it lives. @defaultValue `15_000` */
  heartbeatMs?: number | undefined
  /** After about how long an event stream ends for its client to come back. @defaultValue `300_000` */
  recycleMs?: number | undefined
  /**
   * Called with each stream of this node that has ended, once the store has its end: to keep the answer.
   *
   * A node that leaves waits for its promise, as long as it may. What it throws goes to `onError`.
   */
  onEnd?: ((ended: EndedStream) => Promise<void> | void) | undefined
  /**
   * Called with what went wrong, of which clients are told only the kind, and with the stream if it was about one.
   *
   * What it throws itself becomes a warning of the process.
   */
  onError?: ((reason: unknown, about: { readonly id?: string }) => Promise<void> | void) | undefined
  /**
   * What the relay knows of time and chance; for tests.
   *
   * @defaultValue the clock of the machine
   */
  clock?: Clock | undefined
}

/** How a node leaves. */
export interface DrainOptions {
  /**
   * How long this node may take, all in all.
   *
   * @defaultValue `30_000`: what Kubernetes gives
   */
  graceMs?: number | undefined
}

/** One node of a relay: streams in, any number of readers out. */
export interface Relay {
  /** Opens the door for WebSockets on a server of Node.js. */
  attach(server: UpgradingServer, options?: AttachOptions): void
  /** The door for HTTP, as a handler of the Fetch API. Never rejects. */
  handle(request: Request): Promise<Response>
  /** A word that lets somebody in once, within a minute: for `?ticket=`. */
  issueTicket(principal: Principal): Ticket
  /** What may be done, by whom, without any door: for servers that have their own. */
  readonly hub: Hub
  /** What this node has done, and what it is doing. */
  readonly stats: RelayStats
  /** Begins nothing new, sends every client elsewhere, and waits for the streams of this node to end. */
  drain(options?: DrainOptions): Promise<void>
  /** Ends everything at once. Streams of this node are taken over by others, where there are any. */
  close(): Promise<void>
}

type OnError = NonNullable<RelayOptions['onError']>

/** A log that cannot be written to must not cost a stream, or the process. */
function surely(onError: OnError): (...told: Parameters<OnError>) => void {
  const tell = async (...told: Parameters<OnError>): Promise<void> => onError(...told)
  return (...told) => {
    tell(...told).catch((fault: unknown) => process.emitWarning(`onError of a relay failed: ${String(fault)}`))
  }
}

/** Time that is left at the end of the grace for the last words. */
const LAST_WORDS_MS = 5_000

/**
 * Makes a node of a relay: it reads each stream once, keeps it, and carries it to every reader from wherever they are.
 *
 * ```ts
 * const relay = createRelay({ open: (request, { signal }) => streamChatCompletion(request, { signal }) })
 * const server = createServer(toNodeListener(relay.handle))
 * relay.attach(server)
 * server.listen(8080)
 * ```
 *
 * @throws TypeError for options that would open the door wider than meant
 */
export function createRelay(options: RelayOptions): Relay {
  const { clock = systemClock, engine = createMemoryEngine({ clock }), authenticate, cookies = false } = options
  const { heartbeatMs = 15_000, recycleMs = 300_000, adminToken, ticketSecret } = options
  if (typeof options.open !== 'function')
    throw new TypeError('createRelay needs "open", as in { open: (request) => streamChatCompletion(request) }')
  if (cookies && options.origins === '*')
    throw new TypeError("cookies need a list of origins: with origins: '*' every page could use them")
  const onError = surely(options.onError ?? (() => {}))
  const hub = createHub({
    engine,
    clock,
    limits: relayLimitsOf(options.limits),
    node: options.node ?? `node-${randomBytes(4).toString('hex')}`,
    newId: () => `st_${randomBytes(16).toString('base64url')}`,
    newEpoch: () => randomBytes(4).toString('hex'),
    authorize: options.authorize ?? ownersOnly,
    open: options.open,
    resume: options.resume,
    orphan: options.orphan ?? 'continue',
    onEnd: options.onEnd ?? (() => {}),
    onError,
  })
  const tickets = createTickets({ engine: hub.engine, clock, secret: ticketSecret })
  const identify = createIdentify(authenticate, tickets, cookies, clock)
  const judge = checkOrigins(options)
  const door = { hub, identify, judge, onError: (reason: unknown) => onError(reason, {}) }
  const sockets = createSocketDoor(door)
  const metrics = createMetrics(() => stats())
  const http = createHttpDoor({ ...door, tickets, metrics, cookies, adminToken, heartbeatMs, recycleMs })

  const stats = (): RelayStats => ({
    ...hub.stats,
    sockets: sockets.size,
    eventReaders: http.readers,
    subscriptions: sockets.subscriptions,
    streamsAttached: hub.streams.all.size,
    streamsProducing: hub.productions.all.size,
    flushWindowMs: hub.flusher.windowMs,
    isStoreReachable: engine.isReachable,
    isDraining: hub.isDraining,
  })

  async function drain({ graceMs = 30_000 }: DrainOptions = {}): Promise<void> {
    hub.drain()
    const lastMs = Math.min(graceMs, LAST_WORDS_MS)
    // Clients make a timer of what they are told.
    const leaveMs = Math.min(graceMs - lastMs, LONGEST_TIMER_MS)
    sockets.drain(leaveMs)
    http.drain(leaveMs)
    await idleWithin(leaveMs)
    // What cannot end in time is interrupted, and says so.
    hub.productions.interrupt()
    // A store that is away, or a function that never answers, keeps nobody here.
    await idleWithin(lastMs)
  }

  function idleWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.start(ms, resolve)
      void hub.productions.idle().then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  return {
    attach: sockets.attach,
    handle: http.handle,
    issueTicket: tickets.issue,
    hub,
    get stats() {
      return stats()
    },
    drain,
    async close() {
      hub.close()
      sockets.close()
      http.close()
      if (options.engine === undefined) await engine.close()
    },
  }
}

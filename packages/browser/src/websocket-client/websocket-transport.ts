import { StreamError } from '@deltawire/core'
import {
  connectRelay,
  formatPosition,
  REFUSAL_STATUS,
  type Relay,
  RelayError,
  type RelayErrorCode,
  type RelayOptions,
  type RelayState,
  type RelayStream,
  type RelayUpdate,
  type Sign,
} from '@deltawire/websocket-bridge/client'
import type { ChatTransport, ChunkEvent, Connection, OpenInit, OpenStream } from '../transport/transport.ts'

export interface WebSocketTransportOptions extends Omit<RelayOptions, 'onState' | 'watch'> {
  /**
   * Where the relay listens: `wss://…`, or a path of this origin. A function is asked before each connection: the place for
   * one-time tickets.
   */
  url: string | (() => Promise<string> | string)
  /** Announces every stream under this name, to other clients of the relay. */
  topic?: string | undefined
}

const connections: Readonly<Record<RelayState, Connection>> = {
  connecting: 'reconnecting',
  open: 'open',
  waiting: 'reconnecting',
  paused: 'offline',
  closed: 'idle',
}

/**
 * The relay over one WebSocket, for all streams of the page.
 *
 * The socket is opened when something is asked for. It reconnects, resumes and proves that it is alive by itself.
 */
export function webSocketTransport({ url, topic, ...options }: WebSocketTransportOptions): ChatTransport {
  const live = new Map<string, RelayStream>()
  const watchers = new Set<(connection: Connection) => void>()
  let relay: Relay | undefined

  const connected = (): Relay =>
    (relay ??= connectRelay(async () => absolute(typeof url === 'function' ? await url() : url), {
      ...options,
      watch: watchPage,
      onState(state) {
        for (const watcher of watchers) watcher(connections[state])
      },
    }))

  async function open(stream: RelayStream, init: OpenInit): Promise<OpenStream | null> {
    const updates = stream.updates()
    const first = await updates.next().catch((reason: unknown) => {
      if (reason instanceof RelayError && (reason.code === 'gone' || reason.code === 'not_found')) return null
      throw toStreamError(reason)
    })
    return first === null ? null : { streamId: stream.id, events: read(stream, first, updates, init) }
  }

  async function* read(
    stream: RelayStream,
    first: IteratorResult<RelayUpdate, void> | undefined,
    updates: AsyncGenerator<RelayUpdate, void, undefined>,
    { signal, onConnection }: OpenInit,
  ): AsyncGenerator<ChunkEvent> {
    const leave = (): void => stream.leave()
    signal.addEventListener('abort', leave)
    if (onConnection !== undefined) watchers.add(onConnection)
    live.set(stream.id, stream)
    try {
      // Without a position to begin from, the first chunk is all there is.
      for (let next = first ?? (await updates.next()), isWhole = first !== undefined; next.done !== true;) {
        const { chunk, replaces, position } = next.value
        yield { chunk, id: formatPosition(position), isWhole: replaces || isWhole }
        isWhole = false
        next = await updates.next()
      }
      if (signal.aborted) throw signal.reason
    } catch (reason) {
      throw signal.aborted ? signal.reason : toStreamError(reason)
    } finally {
      signal.removeEventListener('abort', leave)
      if (onConnection !== undefined) watchers.delete(onConnection)
      live.delete(stream.id)
      stream.leave()
    }
  }

  return {
    isResumable: true,
    async send(request, { signal, key, onConnection }) {
      try {
        const stream = await connected().start({ ...request, stream: true }, { key, topic, signal })
        return { streamId: stream.id, events: read(stream, undefined, stream.updates(), { signal, onConnection }) }
      } catch (reason) {
        throw signal.aborted ? signal.reason : toStreamError(reason)
      }
    },
    resume: ({ streamId }, init) => open(connected().subscribe(streamId), init),
    async stop({ streamId }) {
      const known = live.get(streamId)
      const stream = known ?? connected().subscribe(streamId)
      try {
        return { stopped: (await stream.cancel()) === 'cancelled' }
      } catch (reason) {
        throw toStreamError(reason)
      } finally {
        if (known === undefined) stream.leave()
      }
    },
    close() {
      relay?.close()
      relay = undefined
    },
  }
}

/** What HTTP would have answered. */
const statuses: { readonly [Code in RelayErrorCode]?: number } = REFUSAL_STATUS

/** The source's end, and not the connection's. */
const endings: readonly RelayErrorCode[] = ['failed', 'interrupted', 'limit']

function toStreamError(reason: unknown): unknown {
  if (!(reason instanceof RelayError)) return reason
  const { code, message, details } = reason
  const status = statuses[code]
  const cause = { cause: reason }
  if (status !== undefined) {
    const headers: Record<string, string> =
      details.retryMs === undefined ? {} : { 'retry-after': String(details.retryMs / 1000) }
    return new StreamError('http_status', message, { status, headers, body: '' }, cause)
  }
  if (endings.includes(code)) {
    const said = details.error?.message ?? message
    return new StreamError(
      'upstream_error',
      said,
      { error: { code, ...details.error, message: said, body: details } },
      cause,
    )
  }
  return new StreamError('connection_lost', message, { pieces: 0 }, cause)
}

/** A path is one of this page's server. */
function absolute(url: string): string {
  if (typeof location === 'undefined') return url
  return new URL(url, location.href).href.replace(/^http/, 'ws')
}

const signs: Readonly<Record<string, () => Sign>> = {
  online: () => 'online',
  offline: () => 'offline',
  visibilitychange: () => (document.hidden ? 'hidden' : 'visible'),
  pageshow: () => 'visible',
}

function watchPage(tell: (sign: Sign) => void): () => void {
  if (typeof window === 'undefined') return () => {}
  const listener = ({ type }: Event): void => {
    const sign = signs[type]?.()
    if (sign !== undefined) tell(sign)
  }
  for (const type of Object.keys(signs)) window.addEventListener(type, listener)
  return () => {
    for (const type of Object.keys(signs)) window.removeEventListener(type, listener)
  }
}

import { StreamError } from '@deltawire/core'
import {
  connectStreams,
  formatPosition,
  type ReadStream,
  REFUSAL_STATUS,
  RelayError,
  type RelayErrorCode,
  type RelayOptions,
  type RelayState,
  type RelayUpdate,
  type StreamConnection,
} from '@deltawire/websocket-bridge/client'
import { connectionLost } from '../follow/connection-lost.ts'
import { page } from '../follow/environment.ts'
import { onAbort } from '../follow/on-abort.ts'
import { onWindow } from '../follow/on-window.ts'
import { required } from '../transport/required.ts'
import { currentOf } from '../transport/resolvable.ts'
import type { ChatTransport, ChunkEvent, Connection, OpenInit } from '../transport/transport.ts'

/** Where a relay is and how to connect to it. Only `url` is needed. */
export interface WebSocketTransportOptions extends Omit<RelayOptions, 'onState' | 'watch'> {
  /**
   * Where the relay listens: `wss://…`, or a path of this origin. A function is asked before each connection: the place for
   * one-time tickets.
   */
  url: string | (() => Promise<string> | string)
  /** Announces every stream under this name, to other clients of the relay. */
  topic?: string | undefined
}

/** In any other state it is on its way back. */
const connections: { readonly [State in RelayState]?: Connection } = { open: 'open', paused: 'offline', closed: 'idle' }

/**
 * The relay over one WebSocket, for all streams of the page.
 *
 * The socket is opened when something is asked for. It reconnects, resumes and proves that it is alive by itself.
 */
export function webSocketTransport({ url, topic, ...options }: WebSocketTransportOptions): ChatTransport {
  required(url, 'webSocketTransport({ url })')
  const watchers = new Set<(connection: Connection) => void>()
  let connection: StreamConnection | undefined

  const connected = (): StreamConnection =>
    (connection ??= connectStreams(async () => absolute(await currentOf(url)), {
      ...options,
      watch: watchPage,
      onState(state) {
        // It was given up. Whoever asks for something else begins anew: a page should not have to be reloaded for that.
        if (state === 'closed') connection = undefined
        for (const watcher of watchers) watcher(connections[state] ?? 'reconnecting')
      },
    }))

  /** @param first what was read already: it is all that there is so far */
  async function* read(
    { reader: { updates } }: ReadStream,
    { signal, onConnection = () => {} }: OpenInit,
    first?: IteratorResult<RelayUpdate, void>,
  ): AsyncGenerator<ChunkEvent> {
    const unlink = onAbort(signal, () => void updates.return())
    watchers.add(onConnection)
    try {
      let isWhole = first !== undefined
      for (let next = first ?? (await updates.next()); next.done !== true; next = await updates.next()) {
        const { chunk, replaces, position } = next.value
        yield { chunk, id: formatPosition(position), isWhole: replaces || isWhole }
        isWhole = false
      }
      signal.throwIfAborted()
    } catch (reason) {
      signal.throwIfAborted()
      // Who takes it up hears that it is gone, as over HTTP.
      throw isGone(reason) ? connectionLost('the connection broke', reason) : toStreamError(reason)
    } finally {
      unlink()
      watchers.delete(onConnection)
      void updates.return()
    }
  }

  return {
    isResumable: true,
    async send(request, init) {
      const { key, signal } = init
      const stream = await connected()
        .start({ ...request, stream: true }, { key, topic, signal })
        .catch(rethrow)
      return { streamId: stream.id, events: read(stream, init) }
    },
    async resume({ streamId }, init) {
      const stream = connected().subscribe(streamId)
      // Nothing may come for long, and it is left meanwhile.
      onAbort(init.signal, () => void stream.reader.updates.return())
      const first = await stream.reader.updates.next().catch((reason: unknown) => {
        if (isGone(reason)) return null
        throw toStreamError(reason)
      })
      return first && { streamId, events: read(stream, init, first) }
    },
    stop: async ({ streamId }) => ({
      stopped: (await connected().cancel(streamId).catch(rethrow)) === 'cancelled',
    }),
    close: () => connection?.close(),
  }
}

/** The relay does not have the stream (any more). */
const isGone = (reason: unknown): boolean => reason instanceof RelayError && /^(gone|not_found)$/.test(reason.code)

/** What HTTP would have answered. */
const statuses: { readonly [Code in RelayErrorCode]?: number } = REFUSAL_STATUS

/** The source's end, and not the connection's. */
const endings = /^(failed|interrupted|limit)$/

function toStreamError(cause: unknown): unknown {
  if (!(cause instanceof RelayError)) return cause
  const { code, message, details } = cause
  const { error, retryMs, closeCode = 0 } = details
  // A server that closes for good says why as HTTP would; 1009 is WebSocket's own word for 413.
  const closed = closeCode === 1009 ? 413 : closeCode > 4399 ? closeCode - 4000 : undefined
  const status = statuses[code] ?? closed
  if (status !== undefined) {
    const headers: Record<string, string> = retryMs === undefined ? {} : { 'retry-after': String(retryMs / 1000) }
    return new StreamError('http_status', message, { status, headers, body: '' }, { cause })
  }
  if (!endings.test(code)) return connectionLost(message, cause)
  const said = error?.message ?? message
  return new StreamError('upstream_error', said, { error: { code, ...error, message: said, body: details } }, { cause })
}

function rethrow(reason: unknown): never {
  throw toStreamError(reason)
}

/** A path is one of this page's server. */
function absolute(url: string): string {
  if (typeof location === 'undefined') return url
  return new URL(url, location.href).href.replace(/^http/, 'ws')
}

// Not that it is hidden: other tabs may read over this connection, and who waits for an answer may look elsewhere.
const watchPage: RelayOptions['watch'] = (tell) =>
  onWindow(['online', 'offline', 'visibilitychange', 'pageshow'], ({ type }) => {
    if (type === 'online' || type === 'offline') tell(type)
    else if (!page.isHidden) tell('visible')
  })

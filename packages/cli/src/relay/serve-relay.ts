import type { Server } from 'node:http'
import { StreamError } from '@deltawire/core'
import { streamChatCompletion, toNodeListener } from '@deltawire/node'
import {
  createMemoryEngine,
  createRelay,
  type Engine,
  type Relay,
  type RelayOptions,
  type RelayStats,
  type Retention,
} from '@deltawire/websocket-bridge'
import { listen } from '../listen.ts'
import { logError, type RelayLog } from './relay-log.ts'
import type { RelaySettings } from './relay-settings.ts'
import { tokenAuthenticate } from './token-authenticate.ts'

/** A node of a relay that is listening. */
export interface RunningRelay {
  /** `http://127.0.0.1:8790` */
  readonly origin: string
  readonly stats: RelayStats
  /** Sends clients elsewhere, waits for running streams as long as the settings say, and ends. */
  drain(): Promise<void>
  /** Ends at once. */
  close(): Promise<void>
}

/**
 * Starts the deployable relay: both doors on one port, the engine and the upstream of the settings.
 *
 * @param open where answers come from; the upstream of the settings when absent
 * @throws the error of the server, as for a port that is in use, or of a store that cannot be reached
 */
export async function serveRelay(
  settings: RelaySettings,
  log: RelayLog,
  open: RelayOptions['open'] = upstreamOf(settings),
): Promise<RunningRelay> {
  // Loaded here: no other command pays for HTTP.
  const { createServer } = process.getBuiltinModule('node:http')
  const engine = await engineOf(settings, log)
  let relay: Relay | undefined
  try {
    relay = createRelay({ ...optionsOf(settings, log), open, engine })
    const server = createServer(toNodeListener(relay.handle))
    relay.attach(server)
    const { origin } = await listen(server, settings.port, settings.host)
    return running(relay, engine, server, origin, settings, log)
  } catch (error) {
    await relay?.close()
    await engine.close()
    throw error
  }
}

function running(
  relay: Relay,
  engine: Engine,
  server: Server,
  origin: string,
  { graceMs }: RelaySettings,
  log: RelayLog,
): RunningRelay {
  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    await relay.close()
    server.closeAllConnections()
    await closed
    await engine.close()
  }

  return {
    origin,
    get stats() {
      return relay.stats
    },
    async drain() {
      const { sockets, eventReaders, streamsProducing } = relay.stats
      log.info('drain', { sockets, eventReaders, streamsProducing, graceMs })
      await relay.drain({ graceMs })
      await close()
      log.info('closed')
    },
    close,
  }
}

async function engineOf(settings: RelaySettings, log: RelayLog): Promise<Engine> {
  const retention = retentionOf(settings)
  if (settings.redis === undefined) return createMemoryEngine(retention)
  const { openRedisEngine } = await import('./open-redis-engine.ts')
  return openRedisEngine(settings.redis, { ...retention, prefix: settings.redisPrefix }, log)
}

function retentionOf({ leaseMs, endedTtlMs, liveTtlMs }: RelaySettings): Retention {
  return { leaseMs, endedTtlMs, liveTtlMs }
}

function optionsOf(settings: RelaySettings, log: RelayLog): Omit<RelayOptions, 'engine' | 'open'> {
  const { tokens, cancelOrphansMs, cookies, origins, hosts, node, adminToken, ticketSecret } = settings
  const { maxStreamLength, maxStreamChunks, maxStreamMs, idleTimeoutMs } = settings
  const { maxLiveStreams, maxSockets, maxSubscriptions, maxBodyBytes } = settings
  return {
    cookies,
    origins,
    hosts,
    node,
    adminToken,
    ticketSecret,
    authenticate: tokens === undefined ? undefined : tokenAuthenticate(tokens),
    orphan: cancelOrphansMs === undefined ? 'continue' : { cancelAfterMs: cancelOrphansMs },
    limits: {
      maxStreamLength,
      maxStreamChunks,
      maxStreamMs,
      idleTimeoutMs,
      maxLiveStreams,
      maxSockets,
      maxSubscriptions,
      maxBodyBytes,
    },
    onEnd: ({ id, owner, topic, request, end }) =>
      log.info('stream ended', { stream: id, owner, topic, model: request.model, status: end.st, ...end.err }),
    onError: (reason, { id }) => log.error('fault', { stream: id, ...logError(reason) }),
  }
}

/** Asks the endpoint of the settings, with its key, for the models that are allowed. */
function upstreamOf({ upstreamURL, upstreamKey, models }: RelaySettings): RelayOptions['open'] {
  const endpoint = { baseURL: upstreamURL, apiKey: upstreamKey ?? '' }
  return (request, { signal }) => {
    if (models !== undefined && !models.includes(request.model)) throw unknownModel(request.model)
    return streamChatCompletion(request, { ...endpoint, signal })
  }
}

/** As the endpoint would say it. */
function unknownModel(model: string): StreamError {
  const error = { message: `The model ${JSON.stringify(model)} is not served here.`, code: 'model_not_found' }
  const details = { status: 404, headers: {}, body: JSON.stringify({ error }) }
  return new StreamError('http_status', 'a model that is not allowed was asked for', details)
}

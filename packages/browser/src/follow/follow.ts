import { type ChatCompletionChunk, isStreamError, StreamError } from '@deltawire/core'
import type { ChatRequest, ChatTransport, Connection, OpenStream } from '../transport/transport.ts'
import { backoffMs, isTransient, type Retry, retryAfterMs } from './backoff.ts'
import type { Environment } from './environment.ts'

/** Which stream, and how far it has been read. Kept up to date while it is read. */
export interface Position {
  streamId?: string | undefined
  lastEventId?: string | undefined
}

export interface Follow {
  readonly transport: ChatTransport
  /** What is asked. Not needed for a stream that is taken up. */
  readonly request?: ChatRequest | undefined
  /** Where to begin: with a stream's name it is taken up. */
  readonly position: Position
  readonly key: string
  /** Leaves. */
  readonly signal: AbortSignal
  readonly environment: Environment
  readonly retry?: Retry | false | undefined
  /** Gets every chunk, once and in order. One that is whole takes the place of all before it. */
  take(chunk: ChatCompletionChunk, isWhole: boolean): void
  onConnection?(connection: Connection): void
  /** The stream has begun, or goes on. */
  onOpen?(): void
}

/** So many chunks are taken before the clock is asked, and so long before the page gets its turn. */
const CHUNKS_PER_LOOK = 64
const SLICE_MS = 8

/** A page that was away for so long has a connection that may be dead without knowing it. */
const STALE_MS = 10_000

/**
 * Reads a stream to its end, over as many connections as it takes.
 *
 * Before the answer begins the request is sent again, always with the same key. Afterwards it never is: a stream that the
 * server keeps is taken up, from the last event that came; any other is lost with its connection.
 *
 * @returns whether the stream was there to be read to its end
 * @throws what ended it: a `StreamError`, or the signal's reason
 */
export async function follow(options: Follow): Promise<boolean> {
  const { transport, request, position, key, signal, environment, retry = {} } = options
  const { attempts = 5, maxDelayMs = 20_000 } = retry === false ? { attempts: 0 } : retry
  let failures = 0
  let hasBegun = position.streamId !== undefined

  for (;;) {
    options.onConnection?.(failures > 0 ? 'reconnecting' : 'connecting')
    // Ends with the stream, or alone when it is stale.
    const connection = new AbortController()
    const leave = (): void => connection.abort(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    try {
      const opened = await open(connection.signal)
      if (opened === null) return false
      hasBegun = true
      position.streamId ??= opened.streamId
      options.onConnection?.('open')
      options.onOpen?.()
      await read(opened, connection)
      return true
    } catch (reason) {
      if (signal.aborted) throw signal.reason
      // What leaving our own connection broke says less than why it was left.
      const why: unknown = connection.signal.aborted ? connection.signal.reason : reason
      const isLost = hasBegun && (position.streamId === undefined || transport.resume === undefined)
      if (isLost || !isTransient(why) || ++failures > attempts) throw why
      await pause(why)
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  function open(own: AbortSignal): Promise<OpenStream | null> {
    const { streamId, lastEventId } = position
    const init = { signal: own, onConnection: options.onConnection }
    if (streamId !== undefined && transport.resume !== undefined)
      return transport.resume({ streamId, lastEventId }, init)
    if (request === undefined) throw new TypeError('this transport takes no stream up: it has no resume')
    return transport.send(request, { ...init, key })
  }

  async function read(opened: OpenStream, connection: AbortController): Promise<void> {
    let isFirst = true
    let count = 0
    let sliceStart = environment.now()
    let lastChunkAt = sliceStart
    const unwatch = environment.onWake(() => {
      if (position.streamId !== undefined && environment.now() - lastChunkAt > STALE_MS)
        connection.abort(lost('the page was away'))
    })
    try {
      for await (const { chunk, id, isWhole = isFirst && position.lastEventId === undefined } of opened.events) {
        if (signal.aborted) throw signal.reason
        if (isKnown(id, position.lastEventId)) {
          // After new ones nobody can tell whether it comes twice or too late.
          if (!isFirst && id !== position.lastEventId) throw outOfOrder()
          continue
        }
        options.take(chunk, isWhole)
        isFirst = false
        failures = 0
        position.lastEventId = id ?? position.lastEventId
        lastChunkAt = environment.now()
        if (++count % CHUNKS_PER_LOOK === 0 && lastChunkAt - sliceStart > SLICE_MS) {
          await environment.yield()
          sliceStart = environment.now()
        }
      }
    } finally {
      unwatch()
    }
  }

  /** What was read can't be trusted: from the beginning, then. */
  function outOfOrder(): StreamError {
    position.lastEventId = undefined
    return lost('events came out of order')
  }

  async function pause(why: unknown): Promise<void> {
    const asked = retryAfterMs(why, environment.now())
    // A server has said when; of a network the page may hear that it is back.
    const isNetwork = isStreamError(why) && why.code !== 'http_status'
    const wait = (ms: number) => sleep(environment, ms, signal, isNetwork)
    options.onConnection?.('reconnecting')
    if (isNetwork && !environment.isOnline) {
      options.onConnection?.('offline')
      while (!environment.isOnline && !signal.aborted) await wait(Infinity)
      failures = 1
    } else if (isNetwork && environment.isHidden && failures > 2) {
      // Nobody looks, and a phone in a pocket has no network for hours.
      await wait(Infinity)
      failures = 1
    } else await wait(Math.min(asked ?? backoffMs(failures, environment.random(), maxDelayMs), maxDelayMs))
    if (signal.aborted) throw signal.reason
  }
}

const lost = (message: string): StreamError<'connection_lost'> =>
  new StreamError('connection_lost', message, { pieces: 0 })

/** Servers count: a number at the end of an id says whether it is beyond another of the same kind. */
function isKnown(id: string | undefined, last: string | undefined): boolean {
  if (id === undefined || last === undefined) return false
  const kind = kindOf(id)
  // Equal ids that hold no number are the same.
  return kind === kindOf(last) && Number(id.slice(kind.length)) <= Number(last.slice(kind.length))
}

const kindOf = (id: string): string => id.replace(/\d+$/, '')

/** Waits, no longer than until the stream is left or (if that counts) the page wakes. */
function sleep(environment: Environment, ms: number, signal: AbortSignal, isWokenByPage: boolean): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      unwatch?.()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = environment.after(ms, done)
    const unwatch = isWokenByPage ? environment.onWake(done) : undefined
    signal.addEventListener('abort', done)
  })
}

import type { AnyStreamError, ChatCompletionChunk } from '@deltawire/core'
import type { ChatRequest, ChatTransport, Connection, OpenStream } from '../transport/transport.ts'
import { backoffMs, isTransient, type Retry, retryAfterMs } from './backoff.ts'
import { type Environment, page } from './environment.ts'
import { firstOf } from './first-of.ts'
import { onAbort } from './on-abort.ts'
import { randomId } from './random-id.ts'
import { takeEvents } from './take-events.ts'

/** Which stream, and how far it has been read. Kept up to date while it is read. */
export interface Position {
  streamId?: string | undefined
  lastEventId?: string | undefined
}

export interface FollowOptions {
  readonly transport: ChatTransport
  /** Where to begin: with a stream's name it is taken up. */
  readonly position: Position
  /** The same for every attempt. @defaultValue a random one */
  readonly key?: string | undefined
  readonly environment?: Environment | undefined
  readonly retry?: Retry | false | undefined
  /** Gets every chunk, once and in order. One that is whole takes the place of all before it. */
  take(chunk: ChatCompletionChunk, isWhole: boolean): void
  onConnection?: ((connection: Connection) => void) | undefined
  /** The stream has begun, or goes on. */
  onOpen?: (() => void) | undefined
}

/** A stream, over as many connections as it takes. */
export interface Followed {
  /**
   * Reads it to its end.
   *
   * Before the answer begins the request is sent again, always with the same key. Afterwards it never is: a stream that the
   * server keeps is taken up, from the last event that came; any other is lost with its connection.
   *
   * @param request what is asked; not needed for a stream that is taken up
   * @returns whether the stream was there to be read to its end
   * @throws what ended it: a `StreamError`, or why it was left
   */
  read(request?: ChatRequest): Promise<boolean>
  /** Stops the model: where the server keeps the stream by its name, elsewhere by leaving. */
  stop(): Promise<{ stopped: boolean }>
  leave(reason?: unknown): void
}

/** A server that may keep streams gets this long to name one that is stopped before it has begun. */
const NAMING_MS = 50
/** One that does keep them. */
const PATIENCE_MS = 10_000

export function follow(options: FollowOptions): Followed {
  const { transport, position, key = randomId(), environment = page, retry } = options
  const { attempts = retry === false ? 0 : 5, maxDelayMs = 20_000 }: Retry = retry || {}
  const left = new AbortController()
  const { signal } = left
  const tell = (connection: Connection): void => options.onConnection?.(connection)
  let failures = 0
  /** So many chunks were news. */
  let reached = 0
  let begin = (): void => {}
  /** Once it is read: the stream has begun, or never will. */
  let begun: Promise<void> | undefined

  function read(request?: ChatRequest): Promise<boolean> {
    begun = new Promise((resolve) => (begin = resolve))
    return keepReading(request).finally(begin)
  }

  async function keepReading(request?: ChatRequest): Promise<boolean> {
    let hasBegun = position.streamId !== undefined
    for (;;) {
      tell(failures > 0 ? 'reconnecting' : 'connecting')
      // Ends with the stream, or alone when it is stale.
      const connection = new AbortController()
      const unlink = onAbort(signal, () => connection.abort(signal.reason))
      try {
        const opened = await open(request, connection.signal)
        if (opened === null) return false
        hasBegun = true
        position.streamId ??= opened.streamId
        tell('open')
        begin()
        options.onOpen?.()
        // From the beginning, they come once more.
        let known = position.lastEventId === undefined ? reached : 0
        await takeEvents(opened.events, position, connection, environment, (chunk, isWhole) => {
          // Only news is success: a server may send the same for ever.
          if (known-- <= 0) {
            reached++
            failures = 0
          }
          options.take(chunk, isWhole)
        })
        return true
      } catch (reason) {
        signal.throwIfAborted()
        // Only a page that was away leaves its own connection: that says more than what broke, and nothing against the server.
        const away: unknown = connection.signal.reason
        if (away !== undefined) failures = 0
        const why: unknown = away ?? reason
        if (!isTransient(why)) throw why
        // Who does not answer in time may be at it, and is not asked twice.
        const isLost = position.streamId === undefined || transport.resume === undefined
        if ((isLost && (hasBegun || why.code === 'timeout')) || ++failures > attempts) throw why
        await pause(why)
      } finally {
        unlink()
      }
    }
  }

  function open(request: ChatRequest | undefined, own: AbortSignal): Promise<OpenStream | null> {
    const { streamId, lastEventId } = position
    const init = { signal: own, onConnection: tell }
    if (streamId !== undefined && transport.resume !== undefined)
      return transport.resume({ streamId, lastEventId }, init)
    if (request === undefined) throw new TypeError('this transport has no resume')
    return transport.send(request, { ...init, key })
  }

  /** Waits before another attempt, no longer than until the stream is left or, if that counts, the page wakes. */
  async function pause(why: AnyStreamError): Promise<void> {
    // A server has said when; of a network the page may hear that it is back.
    const isNetwork = why.code !== 'http_status'
    const wait = (ms: number): Promise<void> =>
      firstOf(
        (done) => environment.after(ms, done),
        (done) => onAbort(signal, done),
        (done) => environment.onWake(() => isNetwork && done()),
      )
    const isOffline = (): boolean => isNetwork && !environment.isOnline
    tell(isOffline() ? 'offline' : 'reconnecting')
    // Where nobody looks, a phone in a pocket has no network for hours.
    if (isOffline() || (isNetwork && environment.isHidden && failures > 2)) {
      do {
        await wait(Infinity)
      } while (isOffline() && !signal.aborted)
      failures = 1
    } else {
      const ms = retryAfterMs(why, environment.now()) ?? backoffMs(failures, environment.random(), maxDelayMs)
      await wait(Math.min(ms, maxDelayMs))
    }
    signal.throwIfAborted()
  }

  const stopModel = async (streamId: string | undefined): Promise<{ stopped: boolean }> =>
    (streamId !== undefined && (await transport.stop?.({ streamId }))) || { stopped: true }

  return {
    read,
    async stop() {
      const { isResumable } = transport
      if (begun !== undefined && position.streamId === undefined && isResumable !== false)
        await firstOf(
          (done) => environment.after(isResumable === true ? PATIENCE_MS : NAMING_MS, done),
          (done) => {
            void begun?.then(done)
            return () => {}
          },
        )
      const stopping = stopModel(position.streamId)
      // Not after the answer to that: a browser has six connections to a server, and it may wait for this one.
      left.abort(new DOMException('The answer was stopped', 'AbortError'))
      return stopping.catch(() => ({ stopped: false }))
    },
    leave: (reason = new DOMException('The answer was left', 'AbortError')) => left.abort(reason),
  }
}

import type { ServerFrame, StartFrame, Status, StreamFrame } from '../protocol/frame.ts'
import { cancelStream } from './cancel-stream.ts'
import { systemClock } from './clock.ts'
import type { FollowedStream } from './followed-stream.ts'
import type { Link } from './link.ts'
import type { Address, OpenSocket, RelayOptions, RelayState, SubscribeOptions } from './options.ts'
import { RelayError } from './relay-error.ts'
import type { Reader } from './relay-reader.ts'
import { createRequests, type Requests } from './requests.ts'
import { openSession } from './session.ts'
import { type KeyedStartOptions, startStream } from './start-stream.ts'
import { createSubscriptions } from './subscriptions.ts'

/** A stream, and one who reads it. */
export interface ReadStream {
  readonly id: string
  readonly stream: Pick<FollowedStream, 'position' | 'status'>
  readonly reader: Pick<Reader, 'updates'>
}

/** A connection for streams, which comes back by itself: what `connectRelay` makes comfortable. */
export interface StreamConnection {
  readonly state: RelayState
  /** Where to send to, if anywhere. */
  readonly link: Link | undefined
  readonly requests: Requests
  start(body: StartFrame['body'], options: KeyedStartOptions): Promise<ReadStream>
  subscribe(id: string, options?: SubscribeOptions): ReadStream
  /** Stops a stream, which this connection need not follow. Gives how it ended, or will. */
  cancel(id: string): Promise<Status>
  close(): void
}

/** What is said beside the streams. */
export interface Besides {
  /** Says on another link what is wanted. */
  sayAll(link: Link): void
  tell(frame: StreamFrame): void
  refuse(frame: ServerFrame & { readonly t: 'err' }, error: RelayError): void
  fail(reason: RelayError): void
}

/**
 * Connects to a relay over WebSocket, for streams alone.
 *
 * @param url a function is asked before each connection: for one-time tickets
 * @throws TypeError where there is no `WebSocket`
 */
export function connectStreams(url: Address, options: RelayOptions = {}, besides?: Besides): StreamConnection {
  const { token, client, flushMs, watch, maxAttempts = Infinity, clock = systemClock, random = Math.random } = options
  const linkOf = (): Link | undefined => session.link
  const requests = createRequests(linkOf, clock)
  const subscriptions = createSubscriptions({ clock, linkOf, nextId: requests.nextId })
  let state: RelayState = 'connecting'

  function sayAll(link: Link): void {
    requests.sayAll(link)
    besides?.sayAll(link)
    subscriptions.sayAll(link)
  }

  function receive(link: Link, frame: ServerFrame): void {
    switch (frame.t) {
      case 'd':
      case 'end':
        return subscriptions.receive(link, frame)
      case 'stream':
        return besides?.tell(frame)
      case 'ev':
        return options.onEvent?.(frame)
      case 'ok':
        requests.answer(link, frame)
        subscriptions.answer(link, frame)
        break
      case 'err': {
        const error = new RelayError(frame.code, frame.msg, { retryMs: frame.retryMs })
        besides?.refuse(frame, error)
        if (!requests.refuse(frame, error)) subscriptions.refuse(link, frame, error)
        break
      }
      // The session heeds them.
      case 'drain':
      case 'p':
      case 'pong':
      case 'welcome':
    }
    if (subscriptions.isSettled(link)) session.settle(link)
  }

  const session = openSession(
    {
      url,
      token,
      hello: { ack: true, client, flushMs },
      open: openWith(options.WebSocket),
      watch,
      maxAttempts,
      clock,
      random,
    },
    {
      state(next) {
        if (next === state) return
        state = next
        options.onState?.(next)
      },
      opened: sayAll,
      frame: receive,
      lost(link) {
        subscriptions.lost(link)
        const other = session.link
        if (other !== undefined) sayAll(other)
      },
      over(reason) {
        for (const part of [requests, besides, subscriptions]) part?.fail(reason)
      },
    },
  )

  return {
    get state() {
      return state
    },
    get link() {
      return session.link
    },
    requests,
    start: (body, startOptions) =>
      startStream(body, startOptions, requests, (id, link) => subscriptions.read(id, undefined, link)),
    subscribe: (id, { from } = {}) => subscriptions.read(id, from),
    cancel: (id) => cancelStream(id, requests),
    close: session.close,
  }
}

function openWith(given: RelayOptions['WebSocket']): OpenSocket {
  // Whatever has this name has this interface.
  const Socket = given ?? ((globalThis as { readonly WebSocket?: unknown }).WebSocket as RelayOptions['WebSocket'])
  if (Socket === undefined)
    throw new TypeError('there is no global WebSocket: hand one in, as in connectRelay(url, { WebSocket })')
  return (url, protocol) => new Socket(url, protocol)
}

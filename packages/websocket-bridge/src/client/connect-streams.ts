import type { ServerFrame, StartFrame, Status, StreamFrame } from '../protocol/frame.ts'
import type { Beginning } from '../protocol/receive.ts'
import { cancelStream } from './cancel-stream.ts'
import { systemClock } from './clock.ts'
import { type FollowedStream, type FollowedStreams, followStream } from './followed-stream.ts'
import type { Link } from './link.ts'
import type { Address, OpenSocket, RelayOptions, RelayState, SubscribeOptions } from './options.ts'
import type { Reader } from './relay-reader.ts'
import { openSession } from './session.ts'
import { type KeyedStartOptions, startStream } from './start-stream.ts'
import { createWants, type Wants } from './wants.ts'

/** A stream, and one who reads it. */
export interface ReadStream {
  readonly id: string
  readonly stream: Pick<FollowedStream, 'position' | 'status'>
  readonly reader: Pick<Reader, 'updates'>
}

/** A connection for streams, which comes back by itself: what `connectRelay` makes comfortable. */
export interface StreamConnection {
  readonly state: RelayState
  readonly wants: Wants
  start(body: StartFrame['body'], options: KeyedStartOptions): Promise<ReadStream>
  subscribe(id: string, options?: SubscribeOptions): ReadStream
  /** Stops a stream, which this connection need not follow. Gives how it ended, or will. */
  cancel(id: string): Promise<Status>
  close(): void
}

/**
 * Connects to a relay over WebSocket, for streams alone.
 *
 * @param url a function is asked before each connection: for one-time tickets
 * @param tell what is said of topics
 * @throws TypeError where there is no `WebSocket`
 */
export function connectStreams(
  url: Address,
  options: RelayOptions = {},
  tell?: (frame: StreamFrame) => void,
): StreamConnection {
  const { token, client, flushMs, watch, maxAttempts = Infinity, clock = systemClock, random = Math.random } = options
  const wants = createWants(() => session.link, clock)
  const streams: FollowedStreams = new Map()
  let state: RelayState = 'connecting'

  function read(id: string, from?: Beginning, link?: Link): ReadStream {
    const stream = streams.get(id) ?? followStream(id, from, wants, streams, link)
    return { id, stream, reader: stream.read(from) }
  }

  function receive(link: Link, frame: ServerFrame): void {
    switch (frame.t) {
      case 'd':
      case 'end':
        return streams.get(frame.s)?.receive(link, frame)
      case 'stream':
        return tell?.(frame)
      case 'ev':
        return options.onEvent?.(frame)
      case 'ok':
        wants.answer(link, frame)
        break
      case 'err':
        wants.refuse(link, frame)
        break
      // The session heeds them.
      case 'drain':
      case 'p':
      case 'pong':
      case 'welcome':
    }
    session.settle(link, wants.isSettled)
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
      opened: wants.sayAll,
      frame: receive,
      lost(link) {
        wants.lost(link)
        wants.sayAll()
      },
      over: wants.fail,
    },
  )

  return {
    get state() {
      return state
    },
    wants,
    start: (body, startOptions) => startStream(body, startOptions, wants, (id, link) => read(id, undefined, link)),
    subscribe: (id, { from } = {}) => read(id, from),
    cancel: (id) => cancelStream(id, wants),
    close: session.close,
  }
}

function openWith(given: RelayOptions['WebSocket']): OpenSocket {
  // Whatever has this name has this interface.
  const Socket = given ?? ((globalThis as { readonly WebSocket?: unknown }).WebSocket as RelayOptions['WebSocket'])
  if (Socket === undefined) throw new TypeError('there is no global WebSocket: connectRelay(url, { WebSocket })')
  return (url, protocol) => new Socket(url, protocol)
}

import type { ServerFrame, StartFrame } from '../protocol/frame.ts'
import { systemClock } from './clock.ts'
import type { Link } from './link.ts'
import type { Address, OpenSocket, RelayOptions, RelayState, StartOptions, SubscribeOptions } from './options.ts'
import { RelayError } from './relay-error.ts'
import { createRelayStream, type RelayStream } from './relay-stream.ts'
import { createRequests } from './requests.ts'
import { openSession } from './session.ts'
import { startStream } from './start-stream.ts'
import { createSubscriptions } from './subscriptions.ts'
import type { TopicStream } from './topic.ts'
import { createTopics } from './topics.ts'

/** A connection to a relay, which comes back by itself. */
export interface Relay {
  readonly state: RelayState
  /** Asks for an answer. Rejects with a `RelayError` if that is refused. */
  start(body: StartFrame['body'], options?: StartOptions): Promise<RelayStream>
  /** Follows a stream: from its beginning or where somebody was, over lost connections, to its end. */
  subscribe(id: string, options?: SubscribeOptions): RelayStream
  /** The streams of a topic: those that are live now, and each that begins or ends. */
  topic(name: string): AsyncIterable<TopicStream>
  /** Leaves everything, and connects no more. Loops end with the error `closed`. */
  close(): void
}

/**
 * Connects to a relay over WebSocket.
 *
 * ```ts
 * const relay = connectRelay('wss://example.org/relay', { token: () => fetchToken() })
 * const stream = await relay.start({ model: 'm', messages: [{ role: 'user', content: 'Hello!' }] })
 * for await (const chunk of stream) show(textOf(chunk))
 * ```
 *
 * The loop gives every part of the answer once, in order, whatever happens to the connection, and throws if the answer
 * is not whole. What it has not taken yet is one chunk: memory follows the answer.
 *
 * @param url a function is asked before each connection: for one-time tickets
 * @throws TypeError where there is no `WebSocket`
 */
export function connectRelay(url: Address, options: RelayOptions = {}): Relay {
  const { token, client, flushMs, watch, maxAttempts = Infinity, clock = systemClock, random = Math.random } = options
  const linkOf = (): Link | undefined => session.link
  const requests = createRequests(linkOf)
  const { nextId } = requests
  const topics = createTopics(linkOf, nextId)
  const subscriptions = createSubscriptions({ clock, linkOf, nextId })
  let state: RelayState = 'connecting'

  function sayAll(link: Link): void {
    requests.sayAll(link)
    topics.sayAll(link)
    subscriptions.sayAll(link)
  }

  function receive(link: Link, frame: ServerFrame): void {
    switch (frame.t) {
      case 'd':
      case 'end':
        return subscriptions.receive(link, frame)
      case 'ok':
        requests.answer(link, frame)
        subscriptions.answer(link, frame)
        break
      case 'err': {
        const error = new RelayError(frame.code, frame.msg, { retryMs: frame.retryMs })
        topics.refuse(frame, error)
        if (!requests.refuse(frame, error)) subscriptions.refuse(link, frame, error)
        break
      }
      case 'stream':
        return topics.tell(frame)
      case 'ev':
        return options.onEvent?.(frame)
      case 'drain':
      case 'p':
      case 'pong':
      case 'welcome':
    }
    if (subscriptions.isSettled(link)) session.settle(link)
  }

  const hello = { ack: true, ...(client !== undefined && { client }), ...(flushMs !== undefined && { flushMs }) }
  const open = openWith(options.WebSocket)
  const session = openSession(
    { url, token, hello, open, watch, maxAttempts, clock, random },
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
        for (const part of [requests, topics, subscriptions]) part.fail(reason)
      },
    },
  )

  return {
    get state() {
      return state
    },
    start: (body, startOptions = {}) =>
      startStream(body, startOptions, requests, (id, link) =>
        createRelayStream(id, subscriptions.read(id, undefined, link), requests),
      ),
    subscribe: (id, { from } = {}) => createRelayStream(id, subscriptions.read(id, from), requests),
    topic: topics.read,
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

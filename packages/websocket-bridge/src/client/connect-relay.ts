import type { StartFrame } from '../protocol/frame.ts'
import { connectStreams } from './connect-streams.ts'
import type { Address, RelayOptions, RelayState, StartOptions, SubscribeOptions } from './options.ts'
import { createRelayStream, type RelayStream } from './relay-stream.ts'
import type { TopicStream } from './topic.ts'
import { createTopics } from './topics.ts'

/** A connection to a relay, which comes back by itself. */
export interface Relay {
  /** What the connection is doing. */
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
  const connection = connectStreams(url, options, (frame) => topics.tell(frame))
  const { wants } = connection
  const topics = createTopics(wants)
  return {
    get state() {
      return connection.state
    },
    async start(body, startOptions) {
      const key = startOptions?.key ?? randomKey()
      return createRelayStream(await connection.start(body, { ...startOptions, key }), wants)
    },
    subscribe: (id, subscribeOptions) => createRelayStream(connection.subscribe(id, subscribeOptions), wants),
    topic: topics.read,
    close: connection.close,
  }
}

/** A key that nobody else has. It is no secret. */
const randomKey = (): string => [1, 2].map(() => Math.random().toString(36).slice(2)).join('')

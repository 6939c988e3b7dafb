import type { RelayOptions } from '../client/index.ts'
import { SUBPROTOCOL } from '../protocol/frame.ts'
import { CheckFailure } from './check-failure.ts'
import { type BinarySocket, openPeer, type Peer } from './peer.ts'
import { RELAY_CASES } from './relay-cases.ts'

/** Where a relay is, and what it can be asked. Only `url` is needed. */
export interface CheckRelayOptions {
  /** The address of the relay's socket. */
  url: string
  /** Says who this is, in `hello`. */
  token?: string | undefined
  /**
   * The class that opens sockets.
   *
   * @defaultValue the global `WebSocket`, which Node.js has from version 22 on
   */
  WebSocket?: RelayOptions['WebSocket']
  /**
   * A chat request that the relay answers with a few chunks, within a few seconds.
   *
   * @defaultValue one that any mock provider answers
   */
  body?: Readonly<Record<string, unknown>> | undefined
  /** A chat request whose answer takes some seconds, and is longer than the window. Without it some cases are left out. */
  longBody?: Readonly<Record<string, unknown>> | undefined
  /** How long to wait for a frame. @defaultValue `10_000` */
  timeoutMs?: number | undefined
  /** Only the cases whose name has this in it. */
  only?: string | undefined
}

/** What a relay did in one case. */
export interface CheckResult {
  /** The case, as a sentence about the relay. */
  readonly name: string
  /** Where `PROTOCOL.md` says it. */
  readonly section: string
  /** `skipped`: it needs a request that was not given. */
  readonly outcome: 'failed' | 'passed' | 'skipped'
  /** What was expected and not found, or why it was left out. */
  readonly reason?: string
}

const QUESTION = { model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] }

/**
 * Holds a relay, in whichever language, to `PROTOCOL.md`: one result after the other.
 *
 * It connects as a client does, and starts streams. Give the relay a mock provider.
 */
export async function* checkRelay(options: CheckRelayOptions): AsyncGenerator<CheckResult, void, undefined> {
  for (const { name, section, isLong, run } of RELAY_CASES) {
    if (options.only !== undefined && !name.includes(options.only)) continue
    if (isLong === true && options.longBody === undefined) {
      yield { name, section, outcome: 'skipped', reason: 'there is no longBody' }
      continue
    }
    const peers: Peer[] = []
    try {
      await run({
        connect: async () => {
          const peer = await connect(options)
          peers.push(peer)
          return peer
        },
        body: options.body ?? QUESTION,
        longBody: options.longBody,
        fresh: freshName,
      })
      yield { name, section, outcome: 'passed' }
    } catch (reason) {
      if (!(reason instanceof CheckFailure)) throw reason
      yield { name, section, outcome: 'failed', reason: reason.message }
    } finally {
      for (const peer of peers) peer.close()
    }
  }
}

function connect({ url, token, timeoutMs = 10_000, ...options }: CheckRelayOptions): Promise<Peer> {
  // Whatever has this name has this interface.
  const WebSocket =
    options.WebSocket ?? ((globalThis as { readonly WebSocket?: unknown }).WebSocket as RelayOptions['WebSocket'])
  if (WebSocket === undefined)
    throw new TypeError('there is no global WebSocket: hand one in, as in checkRelay({ url, WebSocket })')
  // A socket sends bytes as well as texts; the client has no use for that.
  const socket = new WebSocket(url, SUBPROTOCOL) as InstanceType<typeof WebSocket> & BinarySocket
  return openPeer(socket, token, timeoutMs)
}

const freshName = (): string => `check-${Math.random().toString(36).slice(2)}`

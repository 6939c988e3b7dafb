import type { Following, StreamSummary } from '../engine.ts'
import type { Principal } from '../hub/principal.ts'
import { Refusal } from '../refusal.ts'
import type { RelaySocket } from './relay-socket.ts'

/** The topics that a socket follows. */
export class FollowedTopics {
  readonly #socket: RelaySocket
  readonly #followings = new Map<string, Following>()

  constructor(socket: RelaySocket) {
    this.#socket = socket
  }

  /** Tells the live streams of a topic, and then each that begins or ends there. Who follows it already begins again. */
  async follow(principal: Principal, topic: string, onStream: (stream: StreamSummary) => void): Promise<void> {
    const { hub } = this.#socket
    if (!this.#followings.has(topic) && this.#followings.size >= hub.limits.maxTopics)
      throw new Refusal('too_many', `No more than ${hub.limits.maxTopics} topics on one socket (maxTopics).`)
    this.unfollow(topic)
    // What happens until it is told what there is comes after that.
    let early: StreamSummary[] | undefined = []
    const following = await hub.followTopic(principal, topic, (stream) => {
      if (early === undefined) onStream(stream)
      else early.push(stream)
    })
    // It has gone while we asked.
    if (this.#socket.isClosed) {
      following.stop()
      return
    }
    this.#followings.set(topic, following)
    const all = [...following.streams, ...early]
    early = undefined
    for (const stream of all) onStream(stream)
  }

  unfollow(topic: string): void {
    this.#followings.get(topic)?.stop()
    this.#followings.delete(topic)
  }

  leave(): void {
    for (const following of this.#followings.values()) following.stop()
    this.#followings.clear()
  }
}

import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { StreamSummary } from '../engine.ts'
import type { Hub } from '../hub/hub.ts'
import { cursorFor, type LocalStream } from '../hub/local-streams.ts'
import type { Principal } from '../hub/principal.ts'
import { CLOSE_CODES, type CloseReason } from '../protocol/close-code.ts'
import type { ServerFrame } from '../protocol/frame.ts'
import type { Position } from '../protocol/position.ts'
import type { SharedFrame } from '../stream/shared-frame.ts'
import { FollowedTopics } from './followed-topics.ts'
import { framed } from './framed.ts'
import type { Beating } from './heartbeat.ts'
import { Subscription } from './subscription.ts'

/** What a client without acknowledgements may have waiting in this process. */
const MAX_BUFFERED_BYTES = 65_536

/**
 * One client: what it follows, how far it has come, and who it is.
 *
 * A class, because there are ten thousands of them: closures would cost each some hundred bytes more.
 */
export class RelaySocket implements Beating {
  readonly hub: Hub
  readonly #ws: WebSocket
  readonly #wire: Socket
  readonly #windowLength: number
  readonly #subscriptions = new Map<string, Subscription>()
  /** Announced to it, and being opened. */
  #expected: Set<string> | undefined
  /** Few follow any. */
  #topics: FollowedTopics | undefined
  /** Set by the `hello`. */
  principal: Principal | undefined
  private acknowledges = false
  private flushMs = 0
  heardAt = 0
  slot = 0
  isClosed = false
  /** Since when data waits for an acknowledgement, or for the client to read, by the clock of the relay. */
  heldSince: number | undefined
  /** UTF-16 code units of all text frames sent. */
  #sent = 0
  #acknowledged = 0
  #sentAtBeat = 0
  #nextDataAt = 0
  #isFlushPending = false

  constructor(hub: Hub, ws: WebSocket, wire: Socket, windowLength: number) {
    this.hub = hub
    this.#ws = ws
    this.#wire = wire
    this.#windowLength = windowLength
  }

  send(frame: ServerFrame): void {
    if (!this.isOpen) return
    const text = JSON.stringify(frame)
    this.#sent += text.length
    this.#gather()
    this.#wire.write(framed(text))
  }

  /** Reads nothing until `resume`: what the client says waits with it. */
  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    if (this.#ws.isPaused) this.#ws.resume()
  }

  private get isOpen(): boolean {
    return !this.isClosed && this.#ws.readyState === WebSocket.OPEN
  }

  /** What is said in one turn goes out in one write: a welcome, what is answered, and the first data. */
  #gather(): void {
    if (this.#wire.writableCorked > 0) return
    this.#wire.cork()
    process.nextTick(uncork, this.#wire)
  }

  /** What the client says of itself. */
  greet(acknowledges: boolean, flushMs: number): void {
    this.acknowledges = acknowledges
    this.flushMs = flushMs
    if (acknowledges) return
    // The only sign that it reads is that nothing waits in this process.
    this.#wire.on('drain', () => {
      this.heldSince = undefined
      this.serve()
    })
  }

  /** Whether it may be sent data now. */
  get isReady(): boolean {
    if (!this.isOpen || !this.hasRoom) return false
    return this.flushMs === 0 || this.hub.clock.now() >= this.#nextDataAt
  }

  private get hasRoom(): boolean {
    return this.acknowledges
      ? this.#sent - this.#acknowledged < this.#windowLength
      : this.#wire.writableLength < MAX_BUFFERED_BYTES
  }

  sendData(frame: SharedFrame): void {
    const { stats } = this.hub
    const bytes = (frame.framed ??= framed(frame.text))
    // Nothing else is on its way in `ws` itself: without compression it writes what it is given at once.
    this.#wire.write(bytes)
    this.#sent += frame.text.length
    stats.framesSent++
    if (frame.isWhole) stats.sumsSent++
    stats.chunksSent += frame.covers
    stats.lengthSent += frame.text.length
    if (this.flushMs > 0) this.#nextDataAt = this.hub.clock.now() + this.flushMs
  }

  /** There is data that it does not take now. */
  hold(): void {
    if (this.isClosed) return
    if (!this.hasRoom) this.heldSince ??= this.hub.clock.now()
    else this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushPending) return
    this.#isFlushPending = true
    this.hub.clock.start(Math.max(1, this.#nextDataAt - this.hub.clock.now()), () => {
      this.#isFlushPending = false
      this.serve()
    })
  }

  /** @returns whether it can be true */
  acknowledge(length: number): boolean {
    if (length > this.#sent) return false
    if (length > this.#acknowledged) {
      this.#acknowledged = length
      this.heldSince = undefined
      this.serve()
    }
    return true
  }

  /** Sends what it takes, of one stream after the other; the one that was first is the last the next time. */
  serve(): void {
    const [first] = this.#subscriptions
    if (first === undefined) return
    this.#subscriptions.delete(first[0])
    this.#subscriptions.set(...first)
    for (const subscription of this.#subscriptions.values()) this.hub.streams.serve(subscription.stream, subscription)
  }

  follows(id: string): boolean {
    return this.#subscriptions.has(id)
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size + (this.#expected?.size ?? 0)
  }

  /** Keeps a place for a stream that is being opened, if there is one. @returns whether it is to be followed then */
  expect(id: string): boolean {
    const isFull = this.subscriptionCount >= this.hub.limits.maxSubscriptions
    if (this.isClosed || isFull || this.follows(id)) return false
    this.#expected ??= new Set()
    this.#expected.add(id)
    return true
  }

  /** Follows an expected stream, unless it was left meanwhile. `undefined`: it could not be opened. */
  meet(id: string, stream: LocalStream | undefined): void {
    if (this.#expected?.delete(id) === true && stream !== undefined) this.follow(stream, undefined)
  }

  /** Follows a stream. Whoever follows it already begins again from the position. */
  follow(stream: LocalStream, from: Position | undefined): void {
    this.unfollow(stream.id)
    const subscription = new Subscription(this, stream, cursorFor(stream, from))
    this.#subscriptions.set(stream.id, subscription)
    this.hub.streams.follow(stream, subscription)
  }

  unfollow(id: string): void {
    this.#expected?.delete(id)
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#subscriptions.delete(id)
    this.hub.streams.leave(subscription.stream, subscription)
  }

  forget(id: string): void {
    this.#subscriptions.delete(id)
  }

  async followTopic(principal: Principal, topic: string, onStream: (stream: StreamSummary) => void): Promise<void> {
    this.#topics ??= new FollowedTopics(this)
    await this.#topics.follow(principal, topic, onStream)
  }

  unfollowTopic(topic: string): void {
    this.#topics?.unfollow(topic)
  }

  beat(): void {
    if (this.isClosed) return
    if (this.#sent === this.#sentAtBeat) this.send({ t: 'p' })
    this.#sentAtBeat = this.#sent
    this.#ws.ping()
  }

  die(): void {
    this.#count(CLOSE_CODES.silent)
    this.leave()
    // Nobody is there to say goodbye to.
    this.#ws.terminate()
  }

  /** Says why, and leaves everything. */
  close(reason: CloseReason, message = ''): void {
    if (this.isClosed) return
    this.#count(CLOSE_CODES[reason])
    this.leave()
    this.#ws.close(CLOSE_CODES[reason], message.slice(0, 100))
    // A client that reads nothing reads no goodbye either.
    this.hub.clock.start(2_000, () => this.#ws.terminate())
  }

  #count(code: number): void {
    const { socketsClosed } = this.hub.stats
    if (!this.isClosed) socketsClosed[code] = (socketsClosed[code] ?? 0) + 1
  }

  /** Leaves all streams and topics. */
  leave(): void {
    this.isClosed = true
    for (const subscription of this.#subscriptions.values()) this.hub.streams.leave(subscription.stream, subscription)
    this.#subscriptions.clear()
    this.#topics?.leave()
    this.#topics = undefined
    this.#expected = undefined
  }
}

const uncork = (wire: Socket): void => wire.uncork()

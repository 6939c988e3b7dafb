import type { RawData } from 'ws'
import type { Identify, Shown } from '../door/identify.ts'
import type { Principal } from '../hub/principal.ts'
import { BadFrame, decodeClientFrame } from '../protocol/decode-frame.ts'
import type { AuthFrame, ClientFrame, HelloFrame } from '../protocol/frame.ts'
import { Refusal, toRefusal } from '../refusal.ts'
import type { RelaySocket } from './relay-socket.ts'
import { answer, type RequestFrame } from './requests.ts'
import { TokenBucket } from './token-bucket.ts'

/** What all conversations of a server have in common. */
export interface ConversationOptions {
  readonly identify: Identify
  readonly pingMs: number
  readonly windowLength: number
  readonly onError: (reason: unknown) => void
}

/** When a client has to renew what it has shown, if ever: `Infinity` would be written as `null`. */
const endOf = ({ expiresAt }: Principal): { readonly expiresAt?: number } =>
  typeof expiresAt === 'number' && expiresAt < Infinity ? { expiresAt } : {}

/** What waits for its turn, and how long it is. */
interface Waiting {
  readonly frame: RequestFrame | AuthFrame
  readonly length: number
}

/**
 * How often the clock of the relay ticks, once a second, until `hello` must have come: three seconds at least.
 *
 * Ticks and not time: a node that stood still itself has not read what was said to it meanwhile.
 */
const HELLO_TICKS = 4
/**
 * What may wait here, before it is known who is there and behind a request that takes its time. The rest is not read: it
 * waits with the client.
 */
const MAX_WAITING_FRAMES = 64
const MAX_WAITING_LENGTH = 65_536
/** How many frames too many there may be, without a quiet moment between them, until the socket is closed. */
const MAX_STRIKES = 3
/** Acknowledgements come with the data, and cost little. */
const ACK_COST = 0.02

/**
 * The conversation with one client: what it says, in order.
 *
 * A class, as the socket is: with closures a socket took 4.6 KiB of the heap in the place of 3.8.
 */
export class Conversation {
  readonly #options: ConversationOptions
  readonly #socket: RelaySocket
  readonly #shown: Shown
  readonly #bucket: TokenBucket
  readonly #waiting: Waiting[] = []
  #waitingLength = 0
  #hasGreeted = false
  #isBusy = false
  #ticks = 0
  #strikes = 0

  /** @param shown what the upgrade has shown */
  constructor(socket: RelaySocket, shown: Shown, options: ConversationOptions) {
    const { clock, limits } = socket.hub
    this.#options = options
    this.#socket = socket
    this.#shown = shown
    this.#bucket = new TokenBucket(limits.maxFramesPerSecond, limits.maxFrameBurst, clock.now())
  }

  /** A message has come. */
  hear(data: RawData, isBinary: boolean): void {
    if (this.#socket.isClosed) return
    if (isBinary) {
      this.#socket.close('bad_frame', 'frames are text')
      return
    }
    try {
      // A text message is given as one buffer.
      const text = (data as Buffer).toString()
      const frame = decodeClientFrame(text)
      // A kind of frame of a later version is ignored, and counted.
      if (frame === undefined) this.#take(1)
      else this.#dispatch(frame, text.length)
    } catch (reason) {
      if (!(reason instanceof BadFrame)) this.#options.onError(reason)
      this.#socket.close('bad_frame', reason instanceof BadFrame ? reason.message : 'not understood')
    }
  }

  /** Whether the client may send one more frame now. It is told three times in a row that it may not. */
  #take(cost: number, id?: string): boolean {
    const now = this.#socket.hub.clock.now()
    if (this.#bucket.isFull(now)) this.#strikes = 0
    if (this.#bucket.take(cost, now)) return true
    this.#strikes++
    if (this.#strikes >= MAX_STRIKES) this.#socket.close('too_many', 'too many frames')
    else this.#refuse(new Refusal('too_many', 'Too many frames.', { retryMs: 1_000 }), id)
    return false
  }

  #refuse({ code, message, retryMs }: Refusal, id?: string, s?: string): void {
    this.#socket.hub.stats.requestsRefused[code]++
    this.#socket.send({
      t: 'err',
      ...(id !== undefined && { id }),
      ...(s !== undefined && { s }),
      code,
      msg: message,
      ...(retryMs !== undefined && { retryMs }),
    })
  }

  #dispatch(frame: ClientFrame, length: number): void {
    if (frame.t === 'ack') {
      if (this.#take(ACK_COST) && !this.#socket.acknowledge(frame.b))
        this.#socket.close('bad_frame', 'acknowledged more than was sent')
      return
    }
    if (!this.#take(1, 'id' in frame ? frame.id : undefined)) return
    switch (frame.t) {
      case 'hello':
        if (this.#hasGreeted) this.#refuse(new Refusal('bad_request', 'There was a hello already.'))
        else this.#greet(frame)
        return
      case 'ping':
        this.#socket.send({ t: 'pong', ...(frame.x !== undefined && { x: frame.x }) })
        return
      case 'auth':
      case 'cancel':
      case 'start':
      case 'sub':
      case 'tool':
      case 'topic':
      case 'unsub':
      case 'untopic':
        if (this.#hasGreeted) this.#enqueue(frame, length)
        else this.#socket.close('bad_frame', 'the first frame is hello')
    }
  }

  #greet({ token = this.#shown.token, ack = false, flushMs = 0 }: HelloFrame): void {
    this.#hasGreeted = true
    this.#socket.greet(ack, flushMs)
    this.#isBusy = true
    const { identify, pingMs, windowLength } = this.#options
    identify({ ...this.#shown, token }).then(
      (principal) => {
        if (this.#socket.isClosed) return
        this.#socket.principal = principal
        const { maxFrameBytes, maxSubscriptions } = this.#socket.hub.limits
        this.#socket.send({
          t: 'welcome',
          node: this.#socket.hub.node,
          pingMs,
          windowLength,
          limits: { maxFrameBytes, maxSubscriptions },
          ...endOf(principal),
        })
        this.#isBusy = false
        void this.#work()
      },
      (reason: unknown) => this.#refuseEntry(reason),
    )
  }

  #refuseEntry(reason: unknown): void {
    const { code, message } = toRefusal(reason)
    this.#socket.hub.stats.requestsRefused[code]++
    if (code === 'unauthorized') {
      this.#socket.close('unauthorized', message)
      return
    }
    this.#options.onError(reason)
    this.#socket.close(code === 'internal' ? 'restarting' : 'store_lost', message)
  }

  #enqueue(frame: RequestFrame | AuthFrame, length: number): void {
    this.#waitingLength += length
    this.#waiting.push({ frame, length })
    if (this.#isFull) this.#socket.pause()
    void this.#work()
  }

  get #isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING_FRAMES || this.#waitingLength >= MAX_WAITING_LENGTH
  }

  /** Requests are dealt with one after the other, so that an `unsub` never overtakes its `sub`. */
  async #work(): Promise<void> {
    const { principal } = this.#socket
    if (this.#isBusy || principal === undefined) return
    this.#isBusy = true
    for (let next = this.#waiting.shift(); next !== undefined && !this.#socket.isClosed; next = this.#waiting.shift()) {
      this.#waitingLength -= next.length
      if (!this.#isFull) this.#socket.resume()
      await this.#deal(next.frame, this.#socket.principal ?? principal)
    }
    this.#isBusy = false
  }

  async #deal(frame: RequestFrame | AuthFrame, principal: Principal): Promise<void> {
    try {
      if (frame.t === 'auth') await this.#renew(frame, principal)
      else await answer(frame, principal, this.#socket)
    } catch (reason) {
      const refusal = toRefusal(reason)
      if (refusal.code === 'internal') this.#options.onError(reason)
      this.#refuse(refusal, frame.id, 's' in frame ? frame.s : undefined)
    }
  }

  async #renew({ id, token }: AuthFrame, { id: known }: Principal): Promise<void> {
    try {
      const principal = await this.#options.identify({ token })
      if (principal.id !== known) throw new Refusal('unauthorized', 'The token is somebody else’s.')
      this.#socket.principal = principal
      if (id !== undefined) this.#socket.send({ t: 'ok', id, ...endOf(principal) })
    } catch (reason) {
      this.#refuseEntry(reason)
    }
  }

  /** Once a second: whether the client has had its time to say `hello`, and has not. */
  isUngreeted(): boolean {
    return !this.#hasGreeted && ++this.#ticks >= HELLO_TICKS
  }
}

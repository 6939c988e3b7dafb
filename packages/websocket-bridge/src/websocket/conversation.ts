import type { RawData } from 'ws'
import type { Identify, Shown } from '../door/identify.ts'
import type { Principal } from '../hub/principal.ts'
import { BadFrame, decodeClientFrame } from '../protocol/decode-frame.ts'
import type { AuthFrame, ClientFrame, HelloFrame } from '../protocol/frame.ts'
import { Refusal, toRefusal } from '../refusal.ts'
import type { RelaySocket } from './relay-socket.ts'
import { answer, type RequestFrame } from './requests.ts'
import { TokenBucket } from './token-bucket.ts'

/** What one socket says, in order. */
export interface Conversation {
  /** A message has come. */
  hear(data: RawData, isBinary: boolean): void
  /** Once a second: whether the client has had its time to say `hello`, and has not. */
  isUngreeted(): boolean
}

export interface ConversationOptions {
  readonly socket: RelaySocket
  /** What the upgrade has shown. */
  readonly shown: Shown
  readonly identify: Identify
  readonly pingMs: number
  readonly windowLength: number
  readonly onError: (reason: unknown) => void
}

/**
 * How often the clock of the relay ticks, once a second, until `hello` must have come: three seconds at least.
 *
 * Ticks and not time: a node that stood still itself has not read what was said to it meanwhile.
 */
const HELLO_TICKS = 4
/** What may wait: before it is known who is there, and behind a request that takes its time. */
const MAX_WAITING_FRAMES = 64
const MAX_WAITING_LENGTH = 65_536
/** How many frames too many there may be until the socket is closed. */
const MAX_STRIKES = 3
/** Acknowledgements come with the data, and cost little. */
const ACK_COST = 0.02

/** Leads the conversation with one client. */
export function converse(options: ConversationOptions): Conversation {
  const { socket, shown, identify, pingMs, windowLength, onError } = options
  const { hub } = socket
  const { clock, limits } = hub
  const bucket = new TokenBucket(limits.maxFramesPerSecond, limits.maxFrameBurst, clock.now())
  let hasGreeted = false
  let ticks = 0
  let strikes = 0
  const waiting: { frame: RequestFrame | AuthFrame; length: number }[] = []
  let waitingLength = 0
  let isBusy = false

  function hear(data: RawData, isBinary: boolean): void {
    if (socket.isClosed) return
    if (isBinary) {
      socket.close('bad_frame', 'frames are text')
      return
    }
    try {
      // A text message is given as one buffer.
      const text = (data as Buffer).toString()
      const frame = decodeClientFrame(text)
      // A kind of frame of a later version is ignored, and counted.
      if (frame === undefined) take(1)
      else dispatch(frame, text.length)
    } catch (reason) {
      if (!(reason instanceof BadFrame)) onError(reason)
      socket.close('bad_frame', reason instanceof BadFrame ? reason.message : 'not understood')
    }
  }

  /** Whether the client may send one more frame now. It is told three times that it may not. */
  function take(cost: number, id?: string): boolean {
    if (bucket.take(cost, clock.now())) return true
    strikes++
    if (strikes >= MAX_STRIKES) socket.close('too_many', 'too many frames')
    else refuse(new Refusal('too_many', 'Too many frames.', { retryMs: 1_000 }), id)
    return false
  }

  function refuse({ code, message, retryMs }: Refusal, id?: string, s?: string): void {
    hub.stats.requestsRefused[code]++
    socket.send({
      t: 'err',
      ...(id !== undefined && { id }),
      ...(s !== undefined && { s }),
      code,
      msg: message,
      ...(retryMs !== undefined && { retryMs }),
    })
  }

  function dispatch(frame: ClientFrame, length: number): void {
    if (frame.t === 'ack') {
      if (take(ACK_COST) && !socket.acknowledge(frame.b)) socket.close('bad_frame', 'acknowledged more than was sent')
      return
    }
    if (!take(1, 'id' in frame ? frame.id : undefined)) return
    switch (frame.t) {
      case 'hello':
        if (hasGreeted) refuse(new Refusal('bad_request', 'There was a hello already.'))
        else greet(frame)
        return
      case 'ping':
        socket.send({ t: 'pong', ...(frame.x !== undefined && { x: frame.x }) })
        return
      case 'auth':
      case 'cancel':
      case 'start':
      case 'sub':
      case 'tool':
      case 'topic':
      case 'unsub':
      case 'untopic':
        if (hasGreeted) enqueue(frame, length)
        else socket.close('bad_frame', 'the first frame is hello')
    }
  }

  function greet({ token = shown.token, ack = false, flushMs = 0 }: HelloFrame): void {
    hasGreeted = true
    socket.greet(ack, flushMs)
    isBusy = true
    identify({ ...shown, token }).then((principal) => {
      if (socket.isClosed) return
      socket.principal = principal
      const { maxFrameBytes, maxSubscriptions } = limits
      const { expiresAt } = principal
      socket.send({
        t: 'welcome',
        node: hub.node,
        pingMs,
        windowLength,
        limits: { maxFrameBytes, maxSubscriptions },
        ...(expiresAt !== undefined && { expiresAt }),
      })
      isBusy = false
      void work()
    }, refuseEntry)
  }

  function refuseEntry(reason: unknown): void {
    const { code, message } = toRefusal(reason)
    hub.stats.requestsRefused[code]++
    if (code === 'unauthorized') {
      socket.close('unauthorized', message)
      return
    }
    onError(reason)
    socket.close(code === 'internal' ? 'restarting' : 'store_lost', message)
  }

  function enqueue(frame: RequestFrame | AuthFrame, length: number): void {
    waitingLength += length
    if (waiting.length >= MAX_WAITING_FRAMES) socket.close('too_many', 'too many frames at once')
    else if (waitingLength > Math.max(MAX_WAITING_LENGTH, length)) socket.close('too_large', 'too much at once')
    else {
      waiting.push({ frame, length })
      void work()
    }
  }

  /** Requests are dealt with one after the other, so that an `unsub` never overtakes its `sub`. */
  async function work(): Promise<void> {
    const { principal } = socket
    if (isBusy || principal === undefined) return
    isBusy = true
    for (let next = waiting.shift(); next !== undefined && !socket.isClosed; next = waiting.shift()) {
      waitingLength -= next.length
      await deal(next.frame, socket.principal ?? principal)
    }
    isBusy = false
  }

  async function deal(frame: RequestFrame | AuthFrame, principal: Principal): Promise<void> {
    try {
      if (frame.t === 'auth') await renew(frame, principal)
      else await answer(frame, principal, socket)
    } catch (reason) {
      const refusal = toRefusal(reason)
      if (refusal.code === 'internal') onError(reason)
      refuse(refusal, frame.id, 's' in frame ? frame.s : undefined)
    }
  }

  async function renew({ id, token }: AuthFrame, { id: known }: Principal): Promise<void> {
    try {
      const principal = await identify({ token })
      if (principal.id !== known) throw new Refusal('unauthorized', 'The token is somebody else’s.')
      socket.principal = principal
      const { expiresAt } = principal
      if (id !== undefined) socket.send({ t: 'ok', id, ...(expiresAt !== undefined && { expiresAt }) })
    } catch (reason) {
      refuseEntry(reason)
    }
  }

  return {
    hear,
    isUngreeted: () => !hasGreeted && ++ticks >= HELLO_TICKS,
  }
}

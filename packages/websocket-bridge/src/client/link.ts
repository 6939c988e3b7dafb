import {
  type ClientFrame,
  encodeFrame,
  type HelloFrame,
  type ServerFrame,
  type WelcomeFrame,
} from '../protocol/frame.ts'
import type { Clock } from './clock.ts'

/** The part of a `WebSocket` that is used: the browser's, that of Node.js from 22 on, and that of `ws` have it. */
export interface RelaySocket {
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'close' | 'error' | 'message' | 'open', listener: (event: RelaySocketEvent) => void): void
}

/** What an event of any type may have. */
export interface RelaySocketEvent {
  readonly type?: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
}

/** A socket with somebody at its other end. */
export interface Link {
  /** @returns whether the server takes a frame of that size; if not, it was not sent */
  send(frame: ClientFrame): boolean
  /** Wants a sign of life now. */
  ping(): void
  close(): void
}

interface LinkEvents {
  /** The socket is open, and `hello` was said. */
  opened(): void
  frame(frame: ServerFrame): void
  /** It was closed, or there was no sign of life. Comes once, and nothing after it. */
  lost(code: number, reason: string): void
}

/** A server that sends nothing for its `pingMs` and this long is dead. */
const GRACE_MS = 10_000
const PING_MS = 3000
const ACK_LENGTH = 8192
const ACK_MS = 250

/** Talks over one socket: says hello, acknowledges what comes, and gives it up when it is silent. */
export function openLink(socket: RelaySocket, hello: HelloFrame, clock: Clock, on: LinkEvents): Link {
  let silenceMs = GRACE_MS
  let maxBytes = Infinity
  let deadline = clock.now() + silenceMs
  let received = 0
  let acknowledged = 0
  let ackTimer: unknown
  let watchTimer: unknown
  let isOver = false

  function send(frame: ClientFrame): boolean {
    const text = encodeFrame(frame)
    if (new TextEncoder().encode(text).length > maxBytes) return false
    if (!isOver) socket.send(text)
    return true
  }

  function finish(code: number, reason: string): void {
    if (isOver) return
    isOver = true
    clock.clearTimeout(ackTimer)
    clock.clearTimeout(watchTimer)
    on.lost(code, reason)
  }

  function drop(): void {
    // A half-open socket would take minutes to say that it is closed.
    socket.close()
    finish(1006, 'no sign of life')
  }

  function acknowledge(): void {
    clock.clearTimeout(ackTimer)
    ackTimer = undefined
    acknowledged = received
    send({ t: 'ack', b: received })
  }

  function watch(): void {
    clock.clearTimeout(watchTimer)
    const left = deadline - clock.now()
    if (left > 0) watchTimer = clock.setTimeout(watch, left)
    else drop()
  }

  socket.addEventListener('open', () => {
    send(hello)
    on.opened()
  })
  socket.addEventListener('message', ({ data }) => {
    if (isOver) return
    const frame = readFrame(data)
    if (frame === undefined) {
      drop()
      return
    }
    received += String(data).length
    if (frame.t === 'welcome') {
      silenceMs += frame.pingMs
      // A server that does not say it is one of another make.
      maxBytes = (frame as Partial<WelcomeFrame>).limits?.maxFrameBytes ?? Infinity
    }
    deadline = clock.now() + silenceMs
    on.frame(frame)
    if (isOver) return
    if (received - acknowledged >= ACK_LENGTH) acknowledge()
    else ackTimer ??= clock.setTimeout(acknowledge, ACK_MS)
  })
  socket.addEventListener('close', ({ code = 1006, reason = '' }) => finish(code, reason))
  // What is wrong comes with the close; sockets of Node.js throw what nobody listens to.
  socket.addEventListener('error', () => {})
  watch()

  return {
    send,
    ping() {
      send({ t: 'ping' })
      deadline = Math.min(deadline, clock.now() + PING_MS)
      watch()
    },
    close() {
      socket.close(1000)
      finish(1000, '')
    },
  }
}

/** A frame, or `undefined` for what is none. What is in it is checked where it would do harm. */
function readFrame(data: unknown): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(String(data))
    // Unknown kinds are ignored further on.
    return typeof frame === 'object' && frame !== null && 't' in frame ? (frame as ServerFrame) : undefined
  } catch {
    return undefined
  }
}

import type { RelaySocket } from '../client/index.ts'
import { decodeServerFrame } from '../protocol/decode-frame.ts'
import type { ClientFrame, DataFrame, EndFrame, ServerFrame, WelcomeFrame } from '../protocol/frame.ts'
import type { Receiver } from '../protocol/receive.ts'
import { CheckFailure, demand } from './check-failure.ts'

type Frame<T extends ServerFrame['t']> = Extract<ServerFrame, { t: T }>

/** A client that does nothing by itself: a check says what it says, and hears every frame once. */
export interface Peer {
  say(...frames: readonly ClientFrame[]): void
  sayText(text: string): void
  sayBytes(bytes: Uint8Array): void
  /** Says hello, and gives the welcome. */
  hello(over?: { readonly ack?: boolean }): Promise<WelcomeFrame>
  /** The next frame of this kind, of those that nobody has taken yet. */
  next<T extends ServerFrame['t']>(t: T, isIt?: (frame: Frame<T>) => boolean): Promise<Frame<T>>
  /** The answer to a request. */
  answer(id: string): Promise<Frame<'err' | 'ok'>>
  /** The next data or end of a stream. */
  data(s: string): Promise<DataFrame | EndFrame>
  /** Takes the next data or end of a stream, and judges it. */
  step(s: string, receiver: Receiver): Promise<void>
  /** Takes the data of a stream until this holds, and judges each frame. */
  follow(s: string, receiver: Receiver, until: (receiver: Receiver) => boolean): Promise<void>
  /** Everything that has come, taken or not. */
  readonly heard: readonly ServerFrame[]
  /** Their length, as flow counts it. */
  readonly heardLength: number
  /** The code with which the server closes, which it does soon. */
  closing(): Promise<number>
  close(): void
}

/** Takes a socket that is being opened, and waits until it is. */
export function openPeer(
  socket: RelaySocket & BinarySocket,
  token: string | undefined,
  timeoutMs: number,
): Promise<Peer> {
  const heard: ServerFrame[] = []
  const untaken: ServerFrame[] = []
  const waiting = new Set<() => void>()
  let heardLength = 0
  let failure: Error | undefined
  let isClosed = false

  const wake = (): void => {
    for (const look of waiting) look()
  }
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code = 1006 }) => {
      isClosed = true
      resolve(code)
      wake()
    })
  })
  socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    heardLength += text.length
    try {
      const frame = decodeServerFrame(text)
      if (frame === undefined) return
      heard.push(frame)
      untaken.push(frame)
    } catch (reason) {
      failure ??= new CheckFailure(`every frame is one: ${String(reason)} in ${text.slice(0, 200)}`)
    }
    wake()
  })

  function take<F extends ServerFrame>(isIt: (frame: ServerFrame) => frame is F, what: string): Promise<F> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        waiting.delete(look)
      }
      const look = (): void => {
        const at = untaken.findIndex(isIt)
        const found = untaken[at]
        if (found === undefined && failure === undefined && !isClosed) return
        stop()
        if (failure !== undefined) reject(failure)
        else if (found === undefined) reject(new CheckFailure(`${what}: the socket was closed instead`))
        else {
          untaken.splice(at, 1)
          // `findIndex` has asked.
          resolve(found as F)
        }
      }
      const timer = setTimeout(() => {
        stop()
        reject(new CheckFailure(`${what}: it did not come within ${timeoutMs} ms`))
      }, timeoutMs)
      waiting.add(look)
      look()
    })
  }

  const isData =
    (s: string) =>
    (frame: ServerFrame): frame is DataFrame | EndFrame =>
      (frame.t === 'd' || frame.t === 'end') && frame.s === s

  const peer: Peer = {
    say(...frames) {
      for (const frame of frames) socket.send(JSON.stringify(frame))
    },
    sayText: (text) => socket.send(text),
    sayBytes: (bytes) => socket.send(bytes),
    hello({ ack } = {}) {
      peer.say({ t: 'hello', ...(token !== undefined && { token }), ...(ack !== undefined && { ack }) })
      return peer.next('welcome')
    },
    next: (t, isIt = () => true) =>
      take((frame): frame is Frame<typeof t> => frame.t === t && isIt(frame as Frame<typeof t>), `a frame "${t}"`),
    answer: (id) =>
      take(
        (frame): frame is Frame<'err' | 'ok'> => (frame.t === 'ok' || frame.t === 'err') && frame.id === id,
        `an answer to "${id}"`,
      ),
    data: (s) => take(isData(s), `data of ${s}`),
    async step(s, receiver) {
      const frame = await peer.data(s)
      const verdict = receiver.receive(frame)
      demand(verdict !== 'gap', `each frame follows the one before, not ${JSON.stringify(frame).slice(0, 200)}`)
      demand(
        verdict !== 'corrupt',
        `the sum has the checksum of the end, not ${JSON.stringify(receiver.sum).slice(0, 500)}`,
      )
    },
    async follow(s, receiver, until) {
      while (!until(receiver)) await peer.step(s, receiver)
    },
    get heard() {
      return heard
    },
    get heardLength() {
      return heardLength
    },
    closing: () => soonOf(closed, timeoutMs),
    close: () => socket.close(1000),
  }

  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(peer))
    socket.addEventListener('error', () => reject(new CheckFailure('the upgrade is answered with 101')))
    void closed.then(() => reject(new CheckFailure('the upgrade is answered with 101')))
  })
}

/** Three seconds are given to a client for its hello, so at least five are waited for. */
const LEAST_CLOSING_MS = 5_000

function soonOf(closed: Promise<number>, timeoutMs: number): Promise<number> {
  const ms = Math.max(LEAST_CLOSING_MS, timeoutMs)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new CheckFailure(`the server closes the socket within ${ms} ms`)), ms)
    void closed.then((code) => {
      clearTimeout(timer)
      resolve(code)
    })
  })
}

/** Every WebSocket sends bytes, too. */
export interface BinarySocket {
  send(data: string | Uint8Array): void
}

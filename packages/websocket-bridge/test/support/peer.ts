import { WebSocket } from 'ws'
import { type ClientFrame, type ServerFrame, SUBPROTOCOL } from '../../src/index.ts'

/** A client that does nothing by itself: a test says what it says, and sees all that it hears. */
export interface Peer {
  readonly ws: WebSocket
  say(...frames: readonly ClientFrame[]): void
  /** Everything that has come, in order. */
  readonly heard: readonly ServerFrame[]
  /** UTF-16 code units of all text frames that have come. */
  readonly heardLength: number
  /** The first frame, from now or from before, for which this holds. */
  until<F extends ServerFrame>(is: (frame: ServerFrame) => frame is F): Promise<F>
  until(is: (frame: ServerFrame) => boolean): Promise<ServerFrame>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

export interface PeerOptions {
  readonly headers?: Record<string, string>
  readonly protocol?: string
}

/** Connects, and waits for the upgrade. @throws Error with the HTTP status of a refusal */
export async function connectPeer(url: string, { headers, protocol = SUBPROTOCOL }: PeerOptions = {}): Promise<Peer> {
  const ws = new WebSocket(url, protocol, { headers, perMessageDeflate: false })
  const heard: ServerFrame[] = []
  let heardLength = 0
  const waiting = new Set<() => void>()
  ws.on('message', (data: Buffer) => {
    const text = data.toString()
    heardLength += text.length
    heard.push(JSON.parse(text) as ServerFrame)
    for (const look of waiting) look()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve)
    ws.on('error', reject)
  })

  function until(is: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = heard.find(is)
        if (found === undefined && ws.readyState !== WebSocket.CLOSED) return
        waiting.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`closed before it came; heard ${JSON.stringify(heard).slice(0, 2000)}`))
      }
      waiting.add(look)
      look()
    })
  }

  return {
    ws,
    say(...frames) {
      for (const frame of frames) ws.send(JSON.stringify(frame))
    },
    heard,
    get heardLength() {
      return heardLength
    },
    until,
    closed,
  }
}

/** Whether a frame is of this kind. */
export const isA =
  <T extends ServerFrame['t']>(t: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { t: T }> =>
    frame.t === t

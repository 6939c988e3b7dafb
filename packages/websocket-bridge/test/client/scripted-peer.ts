import type { RelaySocket, RelaySocketEvent } from '../../src/client/link.ts'
import type { ClientFrame, ServerFrame } from '../../src/protocol/frame.ts'

type Listener = (event: RelaySocketEvent) => void

/** The client's socket, and the hands of the test at its other end. */
export class ScriptedSocket implements RelaySocket {
  readonly url: string
  readonly protocol: string
  /** What the client sent and the test has not looked at. */
  readonly sent: ClientFrame[] = []
  /** Everything that the client sent. */
  readonly all: ClientFrame[] = []
  /** How the client closed it. */
  closed: number | undefined
  isOver = false
  readonly #listeners = new Map<string, Listener[]>()

  constructor(url: string, protocol: string) {
    this.url = url
    this.protocol = protocol
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  send(text: string): void {
    if (this.closed !== undefined || this.isOver) return
    // The client is ours.
    const frame = JSON.parse(text) as ClientFrame
    this.sent.push(frame)
    this.all.push(frame)
  }

  close(code = 1005): void {
    this.closed ??= code
  }

  // The other end.

  open(): void {
    this.#tell('open', {})
  }

  /** Opens, and answers `hello`. */
  welcome(fields: Partial<ServerFrame & { t: 'welcome' }> = {}): void {
    this.open()
    const limits = { maxFrameBytes: 262_144, maxSubscriptions: 128 }
    this.say({ t: 'welcome', node: 'n1', pingMs: 25_000, windowLength: 16_384, limits, ...fields })
  }

  say(...frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.sayText(JSON.stringify(frame))
  }

  sayText(data: string): void {
    if (!this.isOver) this.#tell('message', { data })
  }

  drop(code = 1006, reason = ''): void {
    if (this.isOver) return
    this.isOver = true
    this.#tell('close', { code, reason })
  }

  /** Takes the frames of a kind out of what was sent. */
  take<T extends ClientFrame['t']>(t: T): (ClientFrame & { t: T })[] {
    const taken = this.sent.filter((frame): frame is ClientFrame & { t: T } => frame.t === t)
    for (const frame of taken) this.sent.splice(this.sent.indexOf(frame), 1)
    return taken
  }

  #tell(type: string, event: RelaySocketEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}

/** A `WebSocket` for the client, and the sockets that it has opened. */
export interface ScriptedPeer {
  readonly WebSocket: new (url: string, protocol: string) => ScriptedSocket
  readonly sockets: readonly ScriptedSocket[]
  /** The socket that was opened last. */
  readonly socket: ScriptedSocket
}

export function createScriptedPeer(): ScriptedPeer {
  const sockets: ScriptedSocket[] = []
  class WebSocket extends ScriptedSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol)
      sockets.push(this)
    }
  }
  return {
    WebSocket,
    sockets,
    get socket() {
      const last = sockets.at(-1)
      if (last === undefined) throw new Error('the client has opened no socket')
      return last
    },
  }
}

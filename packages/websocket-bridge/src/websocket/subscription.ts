import type { LocalStream, Reader } from '../hub/local-streams.ts'
import type { Cursor } from '../stream/cursor.ts'
import type { SharedFrame } from '../stream/shared-frame.ts'
import type { RelaySocket } from './relay-socket.ts'

/** A socket follows a stream. */
export class Subscription implements Reader {
  readonly #socket: RelaySocket
  readonly stream: LocalStream
  readonly cursor: Cursor

  constructor(socket: RelaySocket, stream: LocalStream, cursor: Cursor) {
    this.#socket = socket
    this.stream = stream
    this.cursor = cursor
  }

  get isReady(): boolean {
    return this.#socket.isReady
  }

  send(frame: SharedFrame): void {
    this.#socket.sendData(frame)
    if (this.cursor.ended) this.#socket.forget(this.stream.id)
  }

  held(): void {
    this.#socket.hold()
  }

  gone(): void {
    this.#socket.forget(this.stream.id)
    this.#socket.send({ t: 'err', s: this.stream.id, code: 'gone', msg: 'The stream is no longer kept.' })
  }

  stalled(ms: number): void {
    this.#socket.send({ t: 'ev', s: this.stream.id, k: 'stalled', ms })
  }
}

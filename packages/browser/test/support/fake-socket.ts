import type { RelaySocket, RelaySocketEvent } from '@deltawire/websocket-bridge/client'

type Listener = (event: RelaySocketEvent) => void

/** A socket that opens by itself, and at whose other end a test stands. */
export abstract class FakeSocket implements RelaySocket {
  readonly #listeners = new Map<string, Listener>()

  constructor() {
    queueMicrotask(() => this.tell('open'))
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener)
  }

  close(): void {}

  abstract send(text: string): void

  protected tell(type: string, event: RelaySocketEvent = {}): void {
    this.#listeners.get(type)?.(event)
  }
}

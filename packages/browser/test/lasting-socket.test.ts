import type { RelaySocket, RelaySocketEvent } from '@deltawire/websocket-bridge/client'
import { expect, it } from 'vitest'
import { createChat, page } from '../src/index.ts'
import { webSocketTransport } from '../src/websocket.ts'
import { until } from './support/until.ts'

type Listener = (event: RelaySocketEvent) => void

/** A relay that takes everything and says nothing of any stream. */
function silentRelay() {
  const said: { t: string; s?: string }[] = []
  class SilentSocket implements RelaySocket {
    readonly #listeners = new Map<string, Listener>()
    constructor() {
      queueMicrotask(() => this.#listeners.get('open')?.({}))
    }
    addEventListener(type: string, listener: Listener): void {
      this.#listeners.set(type, listener)
    }
    send(text: string): void {
      const frame = JSON.parse(text) as { t: string; id?: string; s?: string }
      said.push(frame)
      const answer = (value: object): void => this.#listeners.get('message')?.({ data: JSON.stringify(value) })
      if (frame.t === 'hello') queueMicrotask(() => answer({ t: 'welcome', pingMs: 15_000 }))
      if (frame.t === 'sub') queueMicrotask(() => answer({ t: 'ok', id: frame.id }))
    }
    close(): void {}
  }
  return { WebSocket: SilentSocket, said }
}

it('a stream that is left while nothing of it has come is left at the relay, too', async () => {
  const { WebSocket, said } = silentRelay()
  const transport = webSocketTransport({ url: 'ws://relay.test', WebSocket })
  const chat = createChat({ transport, environment: { ...page, random: () => 0 } })
  const counts = () => ['sub', 'unsub'].map((type) => said.filter(({ t }) => t === type).length)
  for (let round = 1; round <= 3; round++) {
    const resumed = chat.resume({ streamId: 's', messageId: 'm' })
    await until(() => counts()[0] === round)
    chat.disconnect()
    expect(await resumed).toBe(false)
    await until(() => counts()[1] === round)
  }
  transport.close?.()
})

import type { RelaySocket, RelaySocketEvent } from '@deltawire/websocket-bridge/client'
import { describe, expect, it } from 'vitest'
import { createChat, page } from '../src/index.ts'
import { webSocketTransport } from '../src/websocket.ts'

type Listener = (event: RelaySocketEvent) => void

/** Sockets to a server that closes each with a code, as soon as it is asked for something. */
function closingWith(codes: readonly number[]) {
  let opened = 0
  class ClosingSocket implements RelaySocket {
    readonly #code = codes[opened++] ?? 1000
    readonly #listeners = new Map<string, Listener>()
    constructor() {
      queueMicrotask(() => this.#listeners.get('open')?.({}))
    }
    addEventListener(type: string, listener: Listener): void {
      this.#listeners.set(type, listener)
    }
    send(text: string): void {
      if (text.includes('"start"')) this.#listeners.get('close')?.({ code: this.#code, reason: 'because' })
    }
    close(): void {}
  }
  return { WebSocket: ClosingSocket, opened: () => opened }
}

describe('webSocketTransport', () => {
  it.each([
    [4401, 401],
    [4403, 403],
    [4413, 413],
    [1009, 413],
  ])('tells of a connection that the server closed with %i as HTTP would: %i', async (code, status) => {
    const { WebSocket, opened } = closingWith([code])
    const chat = createChat({ transport: webSocketTransport({ url: 'ws://relay.test', WebSocket }) })
    const { error } = await chat.sendMessage('Hello!')
    expect(error).toMatchObject({ code: 'http_status', status, isRetryable: false })
    expect(opened()).toBe(1)
  })

  it('connects again when something is asked after that: nobody has to reload a page', async () => {
    const { WebSocket, opened } = closingWith([4403, 4403])
    const chat = createChat({ transport: webSocketTransport({ url: 'ws://relay.test', WebSocket }) })
    await chat.sendMessage('Hello!')
    await chat.sendMessage('Is there somebody?')
    expect(opened()).toBe(2)
  })

  it('waits and asks again where it was too hasty', async () => {
    const { WebSocket, opened } = closingWith([4429, 4429, 4403])
    const environment = { ...page, random: () => 0 }
    const chat = createChat({ transport: webSocketTransport({ url: 'ws://relay.test', WebSocket }), environment })
    expect((await chat.sendMessage('Hello!')).error).toMatchObject({ status: 403 })
    expect(opened()).toBe(3)
  })
})

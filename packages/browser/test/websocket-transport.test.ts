import { afterEach, describe, expect, it, vi } from 'vitest'
import { createChat, page } from '../src/index.ts'
import { webSocketTransport } from '../src/websocket.ts'
import { FakeSocket } from './support/fake-socket.ts'
import { until } from './support/until.ts'

/** Sockets to a server that closes each with a code, as soon as it is asked for something. */
function closingWith(codes: readonly number[]) {
  let opened = 0
  class ClosingSocket extends FakeSocket {
    readonly #code = codes[opened++] ?? 1000
    send(text: string): void {
      if (text.includes('"start"')) this.tell('close', { code: this.#code, reason: 'because' })
    }
  }
  return { WebSocket: ClosingSocket, opened: () => opened }
}

/** A relay that takes everything and says nothing of any stream. */
function silentRelay() {
  const said: { t: string; s?: string }[] = []
  class SilentSocket extends FakeSocket {
    send(text: string): void {
      const frame = JSON.parse(text) as { t: string; id?: string; s?: string }
      said.push(frame)
      const answer = (value: object): void => this.tell('message', { data: JSON.stringify(value) })
      if (frame.t === 'hello') queueMicrotask(() => answer({ t: 'welcome', pingMs: 15_000 }))
      if (frame.t === 'sub') queueMicrotask(() => answer({ t: 'ok', id: frame.id }))
    }
  }
  return { WebSocket: SilentSocket, said }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

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

  it('comes back also where nobody looks: another tab may read over this connection', { timeout: 5000 }, async () => {
    const window = new EventTarget()
    vi.stubGlobal('window', window)
    vi.stubGlobal('document', { hidden: true })
    const { WebSocket, opened } = closingWith([1001, 4403])
    class LeftSocket extends WebSocket {
      override send(text: string): void {
        window.dispatchEvent(new Event('visibilitychange'))
        super.send(text)
      }
    }
    const transport = webSocketTransport({ url: 'ws://relay.test', WebSocket: LeftSocket, random: () => 0 })
    expect((await createChat({ transport }).sendMessage('Hello!')).error).toMatchObject({ status: 403 })
    expect(opened()).toBe(2)
  })

  it('says of an answer that a restarted relay has forgotten that it is gone, as over HTTP', async () => {
    let opened = 0
    class ForgettingSocket extends FakeSocket {
      readonly #isFirst = opened++ === 0
      send(text: string): void {
        const { t, id, s } = JSON.parse(text) as { t: string; id?: string; s?: string }
        const say = (value: object): void => this.tell('message', { data: JSON.stringify(value) })
        if (t === 'hello') queueMicrotask(() => say({ t: 'welcome', pingMs: 15_000 }))
        if (t === 'sub') say({ t: 'err', id, s, code: 'not_found', msg: 'There is no such stream.' })
        if (t !== 'start' || !this.#isFirst) return
        say({ t: 'ok', id, s: 'st_1', st: 'live' })
        say({ t: 'd', s: 'st_1', e: 'e1', o: 1, n: 1, c: [{ choices: [{ index: 0, delta: { content: 'Hel' } }] }] })
        queueMicrotask(() => this.tell('close', { code: 1006 }))
      }
    }
    const transport = webSocketTransport({ url: 'ws://relay.test', WebSocket: ForgettingSocket, random: () => 0 })
    const chat = createChat({ transport, environment: { ...page, random: () => 0 } })
    expect(await chat.sendMessage('Hello!')).toMatchObject({
      error: { code: 'gone', isPartial: true },
      message: { parts: [{ text: 'Hel' }], finishReason: 'interrupted' },
    })
    transport.close?.()
  })

  it('leaves a stream at the relay, too, that is left while nothing of it has come', async () => {
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
})

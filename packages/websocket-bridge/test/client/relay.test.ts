import { accumulate, textOf } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectRelay, type Relay } from '../../src/client/index.ts'
import { answerOf, chunkOf, handSource } from '../support/chunks.ts'
import { createStage } from '../support/listen.ts'

const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] }

const { serve, clear } = createStage()
const relays: Relay[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) relay.close()
  await clear()
})

/** A socket that a test can cut, as a lost network would. */
class CutSocket extends WebSocket {
  static readonly all = new Set<CutSocket>()
  static cut(): void {
    for (const socket of CutSocket.all) socket.terminate()
  }
  constructor(url: string, protocol: string) {
    super(url, protocol)
    CutSocket.all.add(this)
    this.on('close', () => CutSocket.all.delete(this))
  }
}

function connect(url: string): Relay {
  const relay = connectRelay(url, { WebSocket: CutSocket, random: () => 0.01 })
  relays.push(relay)
  return relay
}

describe('the client and the relay', () => {
  it('carry an answer whole', async () => {
    const { socketUrl } = await serve({
      open: async function* () {
        yield* answerOf('Hel', 'lo ', 'world')
      },
    })
    const stream = await connect(socketUrl).start(body)
    const { completion, complete, error } = await accumulate(stream)
    expect(error).toBeNull()
    expect(completion?.choices[0]?.message.content).toBe('Hello world')
    expect(complete).toBe(true)
    expect(stream.status).toBe('done')
  })

  it('carry it over fifty cuts, to a reader who began it and to one who came late, with nothing twice', async () => {
    const source = handSource()
    let asked = 0
    const { socketUrl } = await serve({
      open: () => {
        asked++
        return source
      },
    })
    const words = Array.from({ length: 50 }, (_, n) => `word ${n} `)
    const relay = connect(socketUrl)
    const first = await relay.start(body)
    const reading = (async () => {
      let text = ''
      for await (const chunk of first) text += textOf(chunk)
      return text
    })()
    for (const [n, word] of words.entries()) {
      source.give(chunkOf({ content: word }))
      await expect.poll(() => first.position?.o, { timeout: 20_000, interval: 1 }).toBe(n + 1)
      CutSocket.cut()
    }
    const late = connect(socketUrl).subscribe(first.id)
    source.give(chunkOf({}, 'stop'))
    source.end()
    expect(await reading).toBe(words.join(''))
    expect((await accumulate(late)).completion?.choices[0]?.message.content).toBe(words.join(''))
    expect(asked).toBe(1)
  }, 60_000)

  it('stop the source when a reader cancels, and keep what came', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source })
    const stream = await connect(socketUrl).start(body)
    source.give(chunkOf({ content: 'so far' }))
    await expect.poll(() => stream.position?.o, { timeout: 20_000 }).toBe(1)
    expect(await connect(socketUrl).subscribe(stream.id).cancel('stop')).toMatch(/live|cancelled/)
    await source.left
    const { completion, error } = await accumulate(stream)
    expect(error).toBeNull()
    expect(completion?.choices[0]?.message.content).toBe('so far')
    expect(stream.status).toBe('cancelled')
  })

  it('leave a drained node without a pause in the stream', async () => {
    const source = handSource()
    const { socketUrl, relay: server } = await serve({ open: () => source })
    const stream = await connect(socketUrl).start(body)
    source.give(chunkOf({ content: 'a' }))
    await expect.poll(() => stream.position?.o, { timeout: 20_000 }).toBe(1)
    const draining = server.drain({ graceMs: 20_000 })
    source.give(chunkOf({ content: 'b' }), chunkOf({}, 'stop'))
    source.end()
    expect((await accumulate(stream)).completion?.choices[0]?.message.content).toBe('ab')
    relays[0]?.close()
    await draining
  }, 60_000)

  it('announce the streams of a topic', async () => {
    const { socketUrl } = await serve({
      open: async function* () {
        yield* answerOf('x')
      },
    })
    const viewer = connect(socketUrl)
    const streams = viewer.topic('room')[Symbol.asyncIterator]()
    const coming = streams.next()
    await expect.poll(() => viewer.state, { timeout: 20_000 }).toBe('open')
    const { id } = await connect(socketUrl).start(body, { topic: 'room' })
    const { value } = await coming
    expect(value?.id).toBe(id)
    expect((await accumulate(viewer.subscribe(id))).completion?.choices[0]?.message.content).toBe('x')
  })

  it('say why a stream is refused', async () => {
    const { socketUrl } = await serve({ open: () => handSource() })
    const updates = connect(socketUrl).subscribe('st_nowhere').updates()
    await expect(updates.next()).rejects.toMatchObject({
      name: 'RelayError',
      code: expect.stringMatching(/not_found|gone/),
    })
  })
})

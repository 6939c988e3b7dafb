import { afterEach, describe, expect, test } from 'vitest'
import { createReceiver, type ServerFrame } from '../src/index.ts'
import { chunkOf, handSource } from './support/chunks.ts'
import { handClock } from './support/hand-clock.ts'
import { createStage } from './support/listen.ts'
import { isA, type Peer } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, clear } = createStage()
afterEach(clear)

const covered = (frames: readonly ServerFrame[]): number => frames.filter(isA('d')).at(-1)?.o ?? 0
const textOf = (peer: Peer): unknown => {
  const receiver = createReceiver()
  for (const frame of peer.heard) if (frame.t === 'd' || frame.t === 'end') receiver.receive(frame)
  return receiver.sum?.choices?.[0]?.delta.content
}

describe('a reader that acknowledges', () => {
  test('is sent no more than its window, then one frame with all that it missed', async () => {
    const source = handSource()
    const { socketUrl, relay } = await serve({ open: () => source })
    const slow = await connect(socketUrl)
    slow.say({ t: 'hello', ack: true }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await slow.until(isA('ok'))
    const fast = await connect(socketUrl)
    fast.say({ t: 'hello' }, { t: 'sub', s })
    const piece = 'x'.repeat(900)
    for (let n = 1; n <= 100; n++) {
      source.give(chunkOf({ content: piece }))
      await fast.until((frame) => frame.t === 'd' && frame.o === n)
    }
    // Some 1000 characters a frame: the window, and the frame that passed it.
    expect(slow.heardLength).toBeLessThan(18_500)
    const before = slow.heard.length
    const stuckAt = covered(slow.heard)
    expect(stuckAt).toBeLessThan(20)
    slow.say({ t: 'ack', b: slow.heardLength })
    await slow.until((frame) => frame.t === 'd' && frame.o > stuckAt)
    slow.say({ t: 'ack', b: slow.heardLength })
    await slow.until((frame) => frame.t === 'd' && frame.o === 100)
    // No more than 64 KiB of a log at once.
    expect(slow.heard.slice(before).filter(isA('d')).length).toBeLessThanOrEqual(2)
    slow.say({ t: 'ack', b: slow.heardLength })
    source.end()
    await slow.until(isA('end'))
    expect(textOf(slow)).toBe(piece.repeat(100))
    expect(relay.stats.socketsClosed).toEqual({})
  })

  test('and reads nothing for half a minute is closed, and finds all of it when it comes back', async () => {
    const clock = handClock()
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source, clock })
    const slow = await connect(socketUrl)
    slow.say({ t: 'hello', ack: true }, { t: 'start', id: '1', key: 'k', body })
    await expect.poll(() => (clock.advance(0), slow.heard.some(isA('ok')))).toBe(true)
    const { s = '' } = await slow.until(isA('ok'))
    for (let n = 0; n < 3; n++) {
      source.give(chunkOf({ content: 'y'.repeat(20_000) }))
      await expect.poll(() => (clock.advance(0), covered(slow.heard))).toBeGreaterThan(0)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const second = { interval: 5, timeout: 10_000 }
    await expect.poll(() => (clock.advance(1_000), slow.ws.readyState), second).not.toBe(slow.ws.OPEN)
    expect((await slow.closed).code).toBe(4508)
    const back = await connect(socketUrl)
    back.say({ t: 'hello' }, { t: 'sub', s })
    await expect.poll(() => (clock.advance(0), covered(back.heard))).toBe(3)
  })

  test('of many streams gets a share of the window for each', async () => {
    const sources = [handSource(), handSource()]
    let opened = 0
    const { socketUrl } = await serve({ open: () => sources[opened++] ?? handSource() })
    const peer = await connect(socketUrl)
    peer.say(
      { t: 'hello', ack: true },
      { t: 'start', id: '1', key: '1', body },
      { t: 'start', id: '2', key: '2', body },
    )
    await peer.until((frame) => frame.t === 'ok' && frame.id === '2')
    const [one = '', two = ''] = peer.heard.filter(isA('ok')).map(({ s }) => s)
    let isOver = false
    // One stream would fill the window for itself, each time that it opens.
    const flood = (async () => {
      for (let n = 0; n < 500 && !isOver; n++) {
        sources[0]?.give(chunkOf({ content: 'z'.repeat(20_000) }))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await peer.until((frame) => frame.t === 'd' && frame.s === one)
    sources[1]?.give(chunkOf({ content: 'small' }))
    for (let n = 0; n < 20 && !peer.heard.some((frame) => frame.t === 'd' && frame.s === two); n++) {
      peer.say({ t: 'ack', b: peer.heardLength })
      const seen = peer.heard.length
      await expect.poll(() => peer.heard.length).toBeGreaterThan(seen)
    }
    isOver = true
    await flood
    expect(peer.heard.some((frame) => frame.t === 'd' && frame.s === two)).toBe(true)
  })
})

test('a reader that likes fewer frames gets fewer, and as much', async () => {
  const source = handSource()
  const { socketUrl } = await serve({ open: () => source })
  const rare = await connect(socketUrl)
  rare.say({ t: 'hello', flushMs: 200 }, { t: 'start', id: '1', key: 'k', body })
  const { s = '' } = await rare.until(isA('ok'))
  const often = await connect(socketUrl)
  often.say({ t: 'hello' }, { t: 'sub', s })
  for (let n = 1; n <= 20; n++) {
    source.give(chunkOf({ content: `${n} ` }))
    await often.until((frame) => frame.t === 'd' && frame.o === n)
  }
  source.end()
  await rare.until(isA('end'))
  expect(rare.heard.filter(isA('d')).length).toBeLessThan(10)
  expect(textOf(rare)).toBe(textOf(often))
})

test('chunks that come together go in one frame', async () => {
  const source = handSource()
  const { socketUrl } = await serve({ open: () => source })
  const peer = await connect(socketUrl)
  peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
  await peer.until(isA('ok'))
  source.give(...Array.from({ length: 4_000 }, (_, n) => chunkOf({ content: ` ${n}` })))
  source.end()
  await peer.until(isA('end'))
  expect(peer.heard.filter(isA('d')).length).toBeLessThan(10)
})

test('a client that is silent is asked, and given up when it does not answer', async () => {
  const clock = handClock()
  const { socketUrl } = await serve({ open: () => handSource(), clock })
  const deaf = await connect(socketUrl)
  deaf.say({ t: 'hello' })
  const alive = await connect(socketUrl)
  alive.say({ t: 'hello' })
  await deaf.until(isA('welcome'))
  await alive.until(isA('welcome'))
  // It reads nothing more, and so answers no ping.
  deaf.ws.pause()
  for (let second = 0; second < 36; second++) {
    clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  deaf.ws.resume()
  expect((await deaf.closed).code).toBe(1006)
  expect(alive.ws.readyState).toBe(alive.ws.OPEN)
  expect(alive.heard.some(isA('p'))).toBe(true)
})

test('a node that goes away says so, and closes those who stay', async () => {
  const clock = handClock()
  const { socketUrl, relay } = await serve({ open: () => handSource(), clock })
  const peer = await connect(socketUrl)
  peer.say({ t: 'hello' })
  await peer.until(isA('welcome'))
  const drained = relay.drain({ graceMs: 10_000 })
  expect(await peer.until(isA('drain'))).toEqual({ t: 'drain', minMs: 0, maxMs: 5_000 })
  await drained
  clock.advance(11_000)
  expect((await peer.closed).code).toBe(4503)
})

test('nothing is left of sockets that are gone', async () => {
  const { socketUrl, relay } = await serve({ open: () => handSource() })
  for (let round = 0; round < 5; round++) {
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body }, { t: 'topic', id: '2', topic: 't' })
    const { s = '' } = await peer.until(isA('ok'))
    for (let n = 0; n < 10; n++) peer.say({ t: 'unsub', s }, { t: 'sub', s })
    peer.say({ t: 'unsub', id: '3', s }, { t: 'sub', id: '4', s })
    await peer.until((frame) => frame.t === 'ok' && frame.id === '4')
    expect(relay.stats.subscriptions).toBe(1)
    peer.ws.terminate()
    await expect.poll(() => relay.stats.sockets).toBe(0)
    expect(relay.stats.subscriptions).toBe(0)
    for (const { readers } of relay.hub.streams.all.values()) expect(readers.size).toBe(0)
  }
})

import { toChatCompletion } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import { createReceiver, restoreChunk } from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { createStage } from './support/listen.ts'
import { isA, type Peer } from './support/peer.ts'

const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] }

const { serve, connect, clear } = createStage()
afterEach(clear)

/** What a peer has of a stream, as the protocol says. */
function received(peer: Peer, id: string): ReturnType<typeof createReceiver> {
  const receiver = createReceiver()
  for (const frame of peer.heard) if ((frame.t === 'd' || frame.t === 'end') && frame.s === id) receiver.receive(frame)
  return receiver
}

describe('a stream over WebSocket', () => {
  test('is started, followed to its end, and whole', async () => {
    const { socketUrl } = await serve({
      open: async function* () {
        yield* answerOf('Hel', 'lo')
      },
    })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const end = await peer.until(isA('end'))
    const receiver = received(peer, end.s)
    expect(receiver.end?.st).toBe('done')
    const sum = receiver.sum ?? {}
    expect(toChatCompletion(restoreChunk(sum, sum)).choices[0]?.message.content).toBe('Hello')
    expect(peer.heard.map(({ t }) => t).slice(0, 3)).toEqual(['welcome', 'ok', 'd'])
  })

  test('gives a late joiner everything in one frame that covers it from offset 0', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source })
    const first = await connect(socketUrl)
    first.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await first.until(isA('ok'))
    source.give(...answerOf('a', 'b', 'c'))
    await first.until((frame) => frame.t === 'd' && frame.o === 5)
    const late = await connect(socketUrl)
    late.say({ t: 'hello' }, { t: 'sub', s })
    const whole = await late.until(isA('d'))
    expect(whole).toMatchObject({ o: 5, n: 5 })
    source.end()
    await late.until(isA('end'))
    expect(received(late, s).end?.st).toBe('done')
  })

  test('resumes from a position with what was missed, and nothing twice', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source })
    const first = await connect(socketUrl)
    first.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await first.until(isA('ok'))
    source.give(chunkOf({ content: 'a' }))
    const { e, o } = await first.until(isA('d'))
    first.ws.terminate()
    source.give(chunkOf({ content: 'b' }), chunkOf({ content: 'c' }))
    const again = await connect(socketUrl)
    again.say({ t: 'hello' }, { t: 'sub', s, from: { e, o } })
    const missed = await again.until((frame) => frame.t === 'd' && frame.o === 3)
    expect(again.heard.filter(isA('d'))[0]).toMatchObject({ e })
    expect(missed).toMatchObject({ o: 3 })
    expect(
      again.heard
        .filter(isA('d'))
        .map(({ n }) => n)
        .reduce((a, b) => a + b),
    ).toBe(2)
  })

  test('is one stream, however often its start is sent', async () => {
    let opened = 0
    const source = handSource()
    const { socketUrl } = await serve({
      open: () => {
        opened++
        return source
      },
    })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body }, { t: 'start', id: '2', key: 'k', body })
    const one = await peer.until((frame) => frame.t === 'ok' && frame.id === '1')
    const two = await peer.until((frame) => frame.t === 'ok' && frame.id === '2')
    expect(one).toMatchObject({ fresh: true })
    expect(two).toMatchObject({ fresh: false, s: 's' in one ? one.s : '' })
    peer.say({ t: 'start', id: '3', key: 'k', body: { ...body, model: 'another' } })
    expect(await peer.until((frame) => frame.t === 'err' && frame.id === '3')).toMatchObject({ code: 'conflict' })
    expect(opened).toBe(1)
  })

  test('is cancelled by who asks for it, and keeps what came', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await peer.until(isA('ok'))
    source.give(chunkOf({ content: 'kept' }))
    await peer.until(isA('d'))
    peer.say({ t: 'cancel', id: '2', s })
    await source.left
    const end = await peer.until(isA('end'))
    expect(end.st).toBe('cancelled')
    expect(received(peer, s).end).toBeDefined()
    peer.say({ t: 'cancel', id: '3', s })
    expect(await peer.until((frame) => frame.t === 'ok' && frame.id === '3')).toMatchObject({ st: 'cancelled' })
  })

  test('goes on when everybody leaves', async () => {
    const source = handSource()
    const { socketUrl } = await serve({ open: () => source })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await peer.until(isA('ok'))
    peer.ws.close()
    await peer.closed
    source.give(...answerOf('on'))
    source.end()
    const again = await connect(socketUrl)
    again.say({ t: 'hello' }, { t: 'sub', s })
    await again.until(isA('end'))
    expect(received(again, s).end?.st).toBe('done')
  })

  test('takes the output of a tool from whoever is first', async () => {
    let seen: unknown
    const { socketUrl } = await serve({
      open: async function* (_request, { toolOutput }) {
        yield chunkOf({ content: 'calling' })
        seen = await toolOutput('call_1')
        yield chunkOf({ content: ' done' }, 'stop')
      },
    })
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body })
    const { s = '' } = await peer.until(isA('ok'))
    peer.say(
      { t: 'tool', id: 'a', s, call: 'call_1', output: { n: 1 } },
      { t: 'tool', id: 'b', s, call: 'call_1', output: { n: 1 } },
    )
    expect(await peer.until((frame) => frame.t === 'ok' && frame.id === 'a')).toMatchObject({ won: true })
    expect(await peer.until((frame) => frame.t === 'ok' && frame.id === 'b')).toMatchObject({ won: false })
    await peer.until(isA('end'))
    expect(seen).toEqual({ n: 1 })
  })

  test('is announced to those who follow its topic, and followed by those who say so', async () => {
    const { socketUrl } = await serve({
      open: async function* () {
        yield* answerOf('hi')
      },
    })
    const watcher = await connect(socketUrl)
    watcher.say({ t: 'hello' }, { t: 'topic', id: 't', topic: 'room', auto: true })
    await watcher.until(isA('ok'))
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', topic: 'room', body })
    const { s = '' } = await peer.until(isA('ok'))
    expect(await watcher.until(isA('stream'))).toEqual({ t: 'stream', topic: 'room', s, st: 'live' })
    await watcher.until(isA('end'))
    await watcher.until((frame) => frame.t === 'stream' && frame.st === 'done')
    expect(received(watcher, s).end?.st).toBe('done')
  })
})

import type { ChatCompletionChunk } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import {
  checksum,
  createReceiver,
  type DataFrame,
  type EndFrame,
  formatPosition,
  type Position,
  type Receiver,
  toWireChunk,
} from '../src/index.ts'
import type { WireChunk } from '../src/protocol/frame.ts'
import { addWireChunk } from '../src/protocol/receive.ts'
import { randomChunk } from './model/random-chunk.ts'
import { randomOf } from './model/random.ts'
import { startChaosProxy } from './support/chaos-proxy.ts'
import { chunkOf, handSource } from './support/chunks.ts'
import { all, type Event, eventsOf } from './support/events.ts'
import { createStage } from './support/listen.ts'
import { isA } from './support/peer.ts'

/** More of them: `DELTAWIRE_RUNS=200 npx vitest run --project websocket-bridge events-network`. */
const runs = Number(process.env['DELTAWIRE_RUNS'] ?? 5)
const firstSeed = Number(process.env['DELTAWIRE_SEED'] ?? 1)

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const { serve, connect, keep, clear } = createStage()
afterEach(clear)

/** A stream, whose source the test feeds. */
async function streaming() {
  const source = handSource()
  const relay = await serve({ open: () => source })
  const owner = await connect(relay.socketUrl)
  owner.say({ t: 'hello' }, { t: 'start', id: '1', key: 'k', body, sub: false })
  const { s = '' } = await owner.until(isA('ok'))
  const watcher = await connect(relay.socketUrl)
  watcher.say({ t: 'hello' }, { t: 'sub', s })
  /** Gives chunks, and waits until the relay has them. */
  async function give(chunks: readonly ChatCompletionChunk[], until: number): Promise<void> {
    source.give(...chunks)
    await watcher.until((frame) => frame.t === 'd' && frame.o === until)
  }
  return { ...relay, source, s, give }
}

const recordingOf = (seed: number, count: number): ChatCompletionChunk[] => {
  const random = randomOf(seed)
  return [chunkOf({ role: 'assistant' }), ...Array.from({ length: count - 1 }, (_, at) => randomChunk(random, at))]
}

const sumOf = (chunks: readonly ChatCompletionChunk[]): WireChunk | undefined =>
  chunks.reduce<WireChunk | undefined>((sum, chunk) => addWireChunk(sum, toWireChunk(chunk, sum)), undefined)

function take(receiver: Receiver, { data }: Event): string {
  return receiver.receive(JSON.parse(data) as DataFrame | EndFrame)
}

const lastId = (position: Position | undefined): RequestInit =>
  position === undefined ? {} : { headers: { 'last-event-id': formatPosition(position) } }

describe('server-sent events', () => {
  test('go on after every id, while the answer comes and when it is over', async () => {
    const { url, source, s, give } = await streaming()
    const chunks = recordingOf(firstSeed, 30)
    const receiver = createReceiver()
    const ids: string[] = []
    for (const [at, chunk] of chunks.entries()) {
      await give([chunk], at + 1)
      const gone = new AbortController()
      const response = await fetch(`${url}/v1/streams/${s}/events`, {
        ...lastId(receiver.position),
        signal: gone.signal,
      })
      for await (const event of eventsOf(response)) {
        expect([at, take(receiver, event)]).toEqual([at, 'added'])
        ids.push(event.id ?? '')
        break
      }
      gone.abort()
      expect([at, receiver.position?.o]).toEqual([at, at + 1])
    }
    source.end()
    expect(ids).toHaveLength(chunks.length)
    for (const [at, id] of ids.entries()) {
      const [e = '', o] = id.split('.')
      const again = createReceiver({ position: { e, o: Number(o) }, sum: sumOf(chunks.slice(0, at + 1)) })
      const events = await all(await fetch(`${url}/v1/streams/${s}/events`, { headers: { 'last-event-id': id } }))
      expect([id, events.map((event) => take(again, event)).at(-1)]).toEqual([id, 'ended'])
      // Nothing that was there comes again: what is missing, and the end.
      expect([id, events.length]).toEqual([id, at + 1 === chunks.length ? 1 : 2])
      expect([id, checksum(again.sum)]).toEqual([id, checksum(sumOf(chunks))])
    }
  })

  test('through a proxy that hands on four kilobytes at a time are the same', async () => {
    const { port, s, source, give } = await streaming()
    const proxy = await startChaosProxy(port)
    keep(proxy)
    proxy.gather(4096)
    const response = fetch(`http://127.0.0.1:${proxy.port}/v1/streams/${s}/events`, {
      headers: { connection: 'close' },
    })
    const chunks = recordingOf(firstSeed, 200)
    for (const [at, chunk] of chunks.entries()) await give([chunk], at + 1)
    source.end()
    const receiver = createReceiver()
    const verdicts = (await all(await response)).map((event) => take(receiver, event))
    expect(new Set(verdicts)).toEqual(new Set(['added', 'ended']))
    expect(checksum(receiver.sum)).toBe(checksum(sumOf(chunks)))
  })

  test.each(Array.from({ length: runs }, (_, at) => firstSeed + at))(
    'and WebSockets take turns in the middle of an answer, and nothing is lost or doubled (seed %i)',
    async (seed) => {
      const { url, socketUrl, s, source, give } = await streaming()
      const random = randomOf(seed)
      const chunks = recordingOf(seed, 60)
      const receiver = createReceiver()
      const verdicts: string[] = []
      let given = 0
      while (receiver.end === undefined) {
        const next = Math.min(chunks.length, given + random.below(8))
        if (next > given) await give(chunks.slice(given, next), next)
        given = next
        if (given === chunks.length) source.end()
        const { position } = receiver
        if (random.chance(0.5)) {
          const peer = await connect(socketUrl)
          peer.say({ t: 'hello' }, { t: 'sub', id: 's', s, ...(position && { from: position }) }, { t: 'ping' })
          await peer.until((frame) => frame.t === 'ok')
          await peer.until(isA('pong'))
          peer.ws.terminate()
          for (const frame of peer.heard)
            if (frame.t === 'd' || frame.t === 'end') verdicts.push(receiver.receive(frame))
          continue
        }
        // There is nothing to be had: it would wait.
        if ((position?.o ?? 0) === given && given < chunks.length) continue
        const gone = new AbortController()
        const response = await fetch(`${url}/v1/streams/${s}/events`, { ...lastId(position), signal: gone.signal })
        for await (const event of eventsOf(response)) {
          verdicts.push(take(receiver, event))
          if (receiver.position?.o === given && given < chunks.length) break
          if (random.chance(0.5)) break
        }
        gone.abort()
      }
      expect(verdicts.filter((verdict) => verdict !== 'added')).toEqual(['ended'])
      expect(checksum(receiver.sum)).toBe(checksum(sumOf(chunks)))
    },
  )
})

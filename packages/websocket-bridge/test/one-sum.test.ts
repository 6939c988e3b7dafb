import { Ajv2020 } from 'ajv/dist/2020.js'
import { type ChatCompletionChunk, mergeChunk, toChatCompletion } from '@deltawire/core'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { serverFrameSchemas } from '../src/conformance/index.ts'
import {
  checksum,
  createMemoryEngine,
  createReceiver,
  decodeServerFrame,
  type Engine,
  type Receiver,
  toWireChunk,
} from '../src/index.ts'
import { createRedisEngine } from '../src/redis/index.ts'
import { addWireChunk } from '../src/protocol/receive.ts'
import type { WireChunk } from '../src/protocol/frame.ts'
import { randomChunk } from './model/random-chunk.ts'
import { randomOf } from './model/random.ts'
import { createStage, type Listening } from './support/listen.ts'
import { isA } from './support/peer.ts'

const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const ajv = new Ajv2020({ strict: true })

/** What a model says, of whatever there is: texts, calls, several choices, halves of characters, what nobody knows. */
function recordingOf(seed: number): ChatCompletionChunk[] {
  const random = randomOf(seed)
  return Array.from({ length: 5 + random.below(40) }, (_, at) => randomChunk(random, at))
}

/** The checksum that a stranger to the relay computes. */
function truthOf(chunks: readonly ChatCompletionChunk[]): string {
  let sum: WireChunk | undefined
  for (const chunk of chunks) sum = addWireChunk(sum, toWireChunk(chunk, sum))
  return checksum(sum)
}

/** Takes in the frames of a text, each of which must be one by its schema. */
function take(receiver: Receiver, texts: readonly string[]): void {
  for (const text of texts) {
    const frame = decodeServerFrame(text)
    if (frame === undefined) throw new Error(`no frame: ${text}`)
    expect({ text, isValid: ajv.validate(serverFrameSchemas[frame.t], JSON.parse(text)) }).toEqual({
      text,
      isValid: true,
    })
    if (frame.t !== 'd' && frame.t !== 'end') continue
    expect(['gap', 'corrupt']).not.toContain(receiver.receive(frame))
  }
}

const dataOf = (text: string): string[] => [...text.matchAll(/^data: ([^\n]*)$/gm)].map(([, data = '']) => data)

/** Each gives what a reader has at the end. They read while the answer comes, and after it. */
const READERS: { readonly [door: string]: (at: Reading) => Promise<unknown> } = {
  async WebSocket({ connect, socketUrl, id }) {
    const peer = await connect(socketUrl)
    const texts: string[] = []
    peer.ws.on('message', (data: Buffer) => texts.push(data.toString()))
    peer.say({ t: 'hello', ack: true }, { t: 'sub', id: 's', s: id })
    peer.ws.on('message', () => peer.say({ t: 'ack', b: peer.heardLength }))
    await peer.until(isA('end'))
    const receiver = createReceiver()
    take(receiver, texts)
    return checksum(receiver.sum)
  },
  async 'WebSocket, resumed after each frame'({ connect, socketUrl, id }) {
    const receiver = createReceiver()
    while (receiver.end === undefined) {
      const peer = await connect(socketUrl)
      const { position } = receiver
      peer.say({ t: 'hello' }, { t: 'sub', s: id, ...(position && { from: position }) })
      const frame = await peer.until((one) => one.t === 'd' || one.t === 'end')
      peer.ws.terminate()
      take(receiver, [JSON.stringify(frame)])
    }
    return checksum(receiver.sum)
  },
  async 'server-sent events'({ url, id }) {
    const receiver = createReceiver()
    take(receiver, dataOf(await (await fetch(`${url}/v1/streams/${id}/events`)).text()))
    return checksum(receiver.sum)
  },
  async 'server-sent events, after a WebSocket'({ connect, socketUrl, url, id }) {
    const peer = await connect(socketUrl)
    peer.say({ t: 'hello' }, { t: 'sub', s: id })
    const first = await peer.until(isA('d'))
    peer.ws.terminate()
    const receiver = createReceiver()
    receiver.receive(first)
    const headers = { 'last-event-id': `${first.e}.${first.o}` }
    take(receiver, dataOf(await (await fetch(`${url}/v1/streams/${id}/events`, { headers })).text()))
    return checksum(receiver.sum)
  },
}

interface Reading {
  readonly url: string
  readonly socketUrl: string
  readonly id: string
  readonly connect: ReturnType<typeof createStage>['connect']
}

function describeOneSum(name: string, engineOf: () => Engine): void {
  describe(`through ${name}`, () => {
    const { serve, connect, clear } = createStage()
    const engines: Engine[] = []
    afterEach(async () => {
      await clear()
      for (const engine of engines.splice(0)) await engine.close()
    })

    it.each(Array.from({ length: 6 }, (_, seed) => seed + 1))(
      'every door gives one sum, early and late (answer %i)',
      async (seed) => {
        const chunks = recordingOf(seed)
        const engine = engineOf()
        engines.push(engine)
        const open = async function* () {
          for (const chunk of chunks) {
            yield structuredClone(chunk)
            await new Promise((resolve) => setTimeout(resolve, 2))
          }
        }
        // One node reads, another serves.
        const nodes: Listening[] = [await serve({ engine, open }), await serve({ engine, open })]
        const [{ url } = { url: '' }] = nodes
        const response = await fetch(`${url}/v1/streams`, { method: 'POST', body: JSON.stringify({ body }) })
        const { id } = (await response.json()) as { id: string }
        const read = () =>
          Promise.all(
            nodes.flatMap((node) =>
              Object.entries(READERS).map(
                async ([door, reader]) => [door, await reader({ ...node, id, connect })] as const,
              ),
            ),
          )
        const truth = truthOf(chunks)
        for (const results of [await read(), await read()])
          expect(results).toEqual(results.map(([door]) => [door, truth]))
        const state = (await (await fetch(`${url}/v1/streams/${id}`)).json()) as {
          checksum: string
          completion: unknown
        }
        expect(state.checksum).toBe(truth)
        const sum = chunks.reduce<ChatCompletionChunk | undefined>(
          (all, next) => mergeChunk(all, structuredClone(next)),
          undefined,
        )
        expect(state.completion).toEqual(JSON.parse(JSON.stringify(sum && toChatCompletion(sum))))
      },
      30_000,
    )
  })
}

describe('one answer', () => {
  describeOneSum('memory', () => createMemoryEngine())

  describeWithProgram('redis', 'one answer', (program) => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis(program)
    })
    afterAll(() => redis.close())
    describeOneSum('Redis', () => createRedisEngine({ redis: redis.url }))
  })
})

import { describe, expect, it } from 'vitest'
import { type ChatCompletionChunk, createFanOut, toChatCompletion } from '../src/index.ts'
import { chunkOf, sumOf } from './raw.ts'

type Chunk = ChatCompletionChunk

/** A source that the test holds in its hand. */
function createSource() {
  const waiting: ((result: IteratorResult<Chunk, undefined>) => void)[] = []
  const failing: ((reason: unknown) => void)[] = []
  let returned = 0
  const source: AsyncIterableIterator<Chunk> = {
    [Symbol.asyncIterator]: () => source,
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push(resolve)
        failing.push(reject)
      }),
    return: () => {
      returned++
      waiting.shift()?.({ done: true, value: undefined })
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  /** Lets everything run that can run. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    source,
    get returned() {
      return returned
    },
    async push(chunk: Chunk) {
      failing.shift()
      waiting.shift()?.({ done: false, value: chunk })
      await settle()
    },
    async end() {
      waiting.shift()?.({ done: true, value: undefined })
      await settle()
    },
    async fail(reason: unknown) {
      failing.shift()?.(reason)
      await settle()
    },
    settle,
  }
}

const texts = ['Hel', 'lo', ' wor', 'ld']
const chunks = texts.map((content) => chunkOf({ content }))

async function collect(reader: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const taken: Chunk[] = []
  for await (const chunk of reader) taken.push(chunk)
  return taken
}

const textOf = (taken: readonly Chunk[]) => toChatCompletion(sumOf(taken)).choices[0]?.message.content

describe('readers', () => {
  it('get the same answer, early, late, slow or after the end', async () => {
    const hand = createSource()
    const fanOut = createFanOut(hand.source)
    const early = collect(fanOut.subscribe())
    const slow = fanOut.subscribe()
    await hand.push(chunks[0] as Chunk)
    await hand.push(chunks[1] as Chunk)
    const late = collect(fanOut.subscribe())
    await hand.push(chunks[2] as Chunk)
    await hand.push(chunks[3] as Chunk)
    await hand.end()
    const after = fanOut.subscribe()
    expect((await early).map(({ choices }) => choices[0]?.delta.content)).toEqual(texts)
    expect((await late).map(({ choices }) => choices[0]?.delta.content)).toEqual(['Hello', ' wor', 'ld'])
    expect((await collect(slow)).map(({ choices }) => choices[0]?.delta.content)).toEqual(['Hello world'])
    expect(textOf(await collect(after))).toBe('Hello world')
    expect(fanOut.readers).toBe(0)
  })

  it('never share what they are given', async () => {
    const hand = createSource()
    const fanOut = createFanOut(hand.source)
    await hand.push(chunks[0] as Chunk)
    const readers = [fanOut.subscribe(), fanOut.subscribe()]
    const [one, two] = await Promise.all(readers.map(async (reader) => (await reader.next()).value as Chunk))
    await hand.push(chunks[1] as Chunk)
    expect(one).toEqual(two)
    expect(one).not.toBe(two)
    expect(one?.choices[0]?.delta.content).toBe('Hel')
  })

  it('throw what the source throws, after everything that came before', async () => {
    const hand = createSource()
    const fanOut = createFanOut(hand.source)
    const reader = fanOut.subscribe()
    const reason = new Error('The cable was cut')
    await hand.push(chunks[0] as Chunk)
    await hand.fail(reason)
    expect((await reader.next()).value).toMatchObject({ id: 'chatcmpl-1' })
    await expect(reader.next()).rejects.toBe(reason)
    await expect(collect(fanOut.subscribe())).rejects.toBe(reason)
  })
})

describe('a reader who leaves', () => {
  it('is forgotten, and the source goes on', async () => {
    const hand = createSource()
    const fanOut = createFanOut(hand.source)
    const stays = collect(fanOut.subscribe())
    const leaves = fanOut.subscribe()
    await hand.push(chunks[0] as Chunk)
    await leaves.next()
    await leaves.return()
    expect(fanOut.readers).toBe(1)
    await hand.push(chunks[1] as Chunk)
    await hand.end()
    expect(textOf(await stays)).toBe('Hello')
    expect(hand.returned).toBe(0)
  })

  it('before reading anything is forgotten too', async () => {
    const hand = createSource()
    const fanOut = createFanOut(hand.source)
    const leaves = fanOut.subscribe()
    expect(fanOut.readers).toBe(1)
    expect(await leaves.return()).toEqual({ done: true, value: undefined })
    expect(fanOut.readers).toBe(0)
    await hand.push(chunks[0] as Chunk)
    expect(await leaves.next()).toEqual({ done: true, value: undefined })
  })

  it('while waiting need not wait for the next chunk', async () => {
    const fanOut = createFanOut(createSource().source)
    const leaves = fanOut.subscribe()
    const waiting = leaves.next()
    expect(await leaves.return()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(fanOut.readers).toBe(0)
  })
})

it('stopping ends the source, and the readers after what has arrived', async () => {
  const hand = createSource()
  const fanOut = createFanOut(hand.source)
  const slow = fanOut.subscribe()
  const waiting = collect(fanOut.subscribe())
  await hand.push(chunks[0] as Chunk)
  await fanOut.stop()
  expect(hand.returned).toBe(1)
  expect(textOf(await waiting)).toBe('Hel')
  expect(textOf(await collect(slow))).toBe('Hel')
  await fanOut.stop()
})

it('the source is read at its own speed, with or without readers', async () => {
  let pulled = 0
  async function* source() {
    for (const chunk of chunks) {
      pulled++
      yield chunk
    }
  }
  const fanOut = createFanOut(source())
  await createSource().settle()
  expect(pulled).toBe(chunks.length)
  expect(textOf(await collect(fanOut.subscribe()))).toBe('Hello world')
})

import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryEngine, createRelay, type Engine, type StreamSummary } from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { handClock } from './support/hand-clock.ts'
import { ann, begun, bob, contentOf, createHubStage, follow, pass, request, settle } from './support/hub-world.ts'

/** A promise that a test keeps when it wants to. */
function promised<T>(): { readonly promise: Promise<T>; keep(value: T): void } {
  let keep = (_value: T): void => {}
  const promise = new Promise<T>((resolve) => {
    keep = resolve
  })
  return { promise, keep: (value) => keep(value) }
}

const never = (): Promise<never> => new Promise(() => {})

describe('a function of the application', () => {
  const { world, clear } = createHubStage()
  afterEach(clear)

  test.each([
    [
      'throws',
      () => {
        throw new Error('no disk')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no disk'))],
  ])('that is told of an end and %s is a fault that is told, and costs nobody anything', async (_how, onEnd) => {
    const { clock, node } = world()
    const faults: unknown[] = []
    const relay = node({
      open: () => {
        const source = handSource()
        source.give(...answerOf('a'))
        source.end()
        return source
      },
      onEnd,
      onError: (reason, { id }) => void faults.push([String(reason), id]),
    })
    const { id, reader } = await begun(relay, clock)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('done')
    expect(faults).toEqual([['Error: no disk', id]])
    const drained = relay.drain()
    await settle(clock)
    await drained
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no log')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no log'))],
  ])('that is told of faults and %s is a warning, and costs nobody anything', async (_how, onError) => {
    const { clock, node } = world()
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const relay = node({ open: () => Promise.reject(new Error('no model')), onError })
    const { reader } = await begun(relay, clock)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('failed')
    expect((await warned).message).toBe('onError of a relay failed: Error: no log')
  })

  test('that never says whether somebody may start a stream does not keep a node from leaving', async () => {
    const { clock, node } = world()
    const relay = node({ authorize: never })
    void relay.hub.start(ann, { key: 'k', request })
    await settle(clock)
    let isDrained = false
    void relay.drain({ graceMs: 20_000 }).then(() => {
      isDrained = true
    })
    await pass(clock, 19)
    expect(isDrained).toBe(false)
    await pass(clock, 1)
    expect(isDrained).toBe(true)
  })

  test('that fails to say who may read the streams of a topic leaves nobody behind who listens', async () => {
    const { memory, node } = world()
    let listening = 0
    const engine: Engine = {
      ...memory,
      async follow(topic, listener) {
        const following = await memory.follow(topic, listener)
        listening++
        return {
          streams: following.streams,
          stop() {
            listening--
            following.stop()
          },
        }
      },
    }
    const relay = node({
      engine,
      authorize: (_who, { kind }) => {
        if (kind === 'read') throw new Error('no database')
        return true
      },
    })
    await relay.hub.start(ann, { key: 'k', request, topic: 't' })
    await expect(relay.hub.followTopic(ann, 't', () => {})).rejects.toThrow('no database')
    expect(listening).toBe(0)
  })

  test('that says it late and early by turns does not change the order in which a topic is told', async () => {
    const { clock, node } = world()
    const source = handSource()
    const verdicts = [promised<boolean>(), promised<boolean>()]
    let asked = 0
    const relay = node({
      open: () => source,
      authorize: (_who, { kind }) => (kind === 'read' ? (verdicts[asked++]?.promise ?? true) : true),
    })
    const told: StreamSummary[] = []
    await relay.hub.followTopic(bob, 't', (stream) => void told.push(stream))
    await relay.hub.start(ann, { key: 'k', request, topic: 't' })
    await settle(clock)
    source.end()
    await settle(clock)
    verdicts[1]?.keep(true)
    await settle(clock)
    verdicts[0]?.keep(true)
    await settle(clock)
    expect(told.map(({ status }) => status)).toEqual(['live', 'done'])
  })

  test('that says late who may read a stream does not give a reader one that the node has let go meanwhile', async () => {
    const { clock, node } = world()
    const source = handSource()
    let verdict: Promise<boolean> | boolean = true
    const reading = node({ authorize: () => verdict })
    const producing = node({ open: () => source })
    const { id } = await producing.hub.start(ann, { key: 'k', request })
    await settle(clock)
    source.give(chunkOf({ content: 'a' }))
    await reading.hub.open(ann, id)
    await pass(clock, 29)
    const late = promised<boolean>()
    verdict = late.promise
    const opened = reading.hub.open(ann, id)
    await pass(clock, 3)
    late.keep(true)
    const reader = follow(reading, await opened)
    source.give(chunkOf({ content: 'b' }))
    source.end()
    await settle(clock)
    expect([contentOf(reader.receiver), reader.receiver.end?.st]).toEqual(['ab', 'done'])
  })

  test('that opens a source too late has it closed', async () => {
    const { clock, node } = world()
    const source = handSource()
    const opening = promised<typeof source>()
    const relay = node({ open: () => opening.promise })
    const { id, reader } = await begun(relay, clock)
    await relay.hub.cancel(ann, id)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('cancelled')
    opening.keep(source)
    await source.left
  })

  test('that waits for a tool after the stream has ended is told so at once', async () => {
    const { clock, node } = world()
    const asked = promised<() => Promise<unknown>>()
    const relay = node({
      open: (_request, { toolOutput }) => {
        asked.keep(() => toolOutput('c'))
        return handSource()
      },
    })
    const { id } = await begun(relay, clock)
    await relay.hub.cancel(ann, id)
    await settle(clock)
    const ask = await asked.promise
    await expect(ask()).rejects.toThrow('the stream has ended: cancelled')
  })

  test('may wait for the same tool twice', async () => {
    const { clock, node } = world()
    const relay = node({
      open: async function* (_request, { toolOutput }) {
        const outputs = await Promise.all([toolOutput('c'), toolOutput('c')])
        yield chunkOf({ content: JSON.stringify(outputs) })
      },
    })
    const { id, reader } = await begun(relay, clock)
    await relay.hub.toolOutput(ann, id, 'c', 7)
    await settle(clock)
    expect(contentOf(reader.receiver)).toBe('[7,7]')
  })

  test('that gives what nests too deep for a checksum fails that stream, and no other', async () => {
    const { clock, node } = world()
    const deep = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`) as unknown
    const sources = [handSource(), handSource()]
    const [bad, good] = sources
    const faults: string[] = []
    const relay = node({
      open: () => sources.shift() ?? handSource(),
      onError: (reason) => void faults.push(String(reason)),
    })
    const one = await begun(relay, clock, { key: '1' })
    const two = await begun(relay, clock, { key: '2' })
    bad?.give({ ...chunkOf({ content: 'a' }), extra: deep } as never)
    good?.end()
    await settle(clock)
    expect([one.reader.receiver.end?.st, two.reader.receiver.end?.st]).toEqual(['failed', 'done'])
    expect(faults).toEqual(['Error: a chunk of the source nests more than 2000 levels'])
    expect(relay.hub.productions.all.size).toBe(0)
  })

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('may give %s that nest as deep as is read', async (_what, open, close) => {
    const { clock, node } = world()
    // The chunk is a level too.
    const deep = JSON.parse(`${open.repeat(1999)}1${close.repeat(1999)}`) as unknown
    const source = handSource()
    const relay = node({ open: () => source })
    const { reader } = await begun(relay, clock)
    source.give(chunkOf({ content: 'a' }), { ...chunkOf({ content: 'b' }), extra: deep } as never)
    source.end()
    await settle(clock)
    expect([contentOf(reader.receiver), reader.receiver.end?.st]).toEqual(['ab', 'done'])
    expect(reader.verdicts).toContain('ended')
  })

  test('that gives a source for a stream taken over has the stream that readers find', async () => {
    const { clock, memory, node } = world()
    const late = promised<void>()
    let isSlow = false
    const slow: Engine = {
      ...memory,
      async read(which) {
        if (isSlow) await late.promise
        return memory.read(which)
      },
    }
    const dying = node({ open: () => handSource() })
    const relay = node({ engine: slow, resume: () => handSource() })
    const { id } = await dying.hub.start(ann, { key: 'k', request })
    await relay.hub.open(ann, id)
    await pass(clock, 18)
    await dying.close()
    isSlow = true
    // The lease is over after ten seconds, and the stream that nobody reads is let go after thirty.
    await pass(clock, 14)
    expect(relay.hub.stats.streamsTakenOver).toBe(1)
    late.keep()
    await settle(clock)
    const produced = relay.hub.productions.all.get(id)?.stream
    expect(produced).toBeDefined()
    expect(relay.hub.streams.all.get(id)).toBe(produced)
  })
})

test('a cancel that is told while the stream is read to be produced is not missed', async () => {
  const clock = handClock()
  const memory = createMemoryEngine({ clock })
  // The answer was written before somebody cancelled, and comes after that was told.
  const engine: Engine = {
    ...memory,
    async read(id) {
      const state = await memory.read(id)
      await memory.flag(id, 'cancel', '1')
      return state
    },
  }
  const relay = createRelay({ open: () => handSource(), engine, clock })
  const { id } = await relay.hub.start(ann, { key: 'k', request })
  await settle(clock)
  expect((await memory.read(id))?.status).toBe('cancelled')
  await relay.close()
})

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Refusal, RelayOptions } from '../src/index.ts'
import { systemClock } from '../src/clock.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { ann, begun, contentOf, createHubStage, pass, request, settle } from './support/hub-world.ts'
import { faultyEngine } from './support/scripted-engine.ts'

const { world, clear } = createHubStage()
afterEach(clear)

describe('the chunks of one stream', () => {
  test.each([
    [2, 'done', 2],
    [3, 'done', 3],
    [4, 'limit', 3],
  ])('may be three where three are allowed: of %d it ends as %s', async (count, st, kept) => {
    const { clock, memory, node } = world()
    const source = handSource()
    const relay = node({ open: () => source, limits: { maxStreamChunks: 3 } })
    const { id, reader } = await begun(relay, clock)
    for (let at = 0; at < count; at++) source.give(chunkOf({ content: 'a' }))
    source.end()
    await settle(clock)
    expect(reader.receiver.end?.st).toBe(st)
    expect((await memory.read(id))?.chunks).toHaveLength(kept)
  })
})

describe('the streams that somebody has running', () => {
  /** Every way in which a stream ends, or does not begin. */
  const ways: { readonly [way: string]: Partial<RelayOptions> } = {
    'its source ends': {
      open: async function* () {
        yield* answerOf('a')
      },
    },
    'its source throws': {
      open: async function* () {
        yield* answerOf('a')
        throw new Error('broken')
      },
    },
    'its source cannot be opened': { open: () => Promise.reject(new Error('no model')) },
    'opening it throws': {
      open: () => {
        throw new Error('no model')
      },
    },
    'it is too long': {
      open: async function* () {
        for (;;) yield chunkOf({ content: 'a' })
      },
      limits: { maxStreamChunks: 5, maxLiveStreams: 2 },
    },
    'its source is no source': { open: () => 1 as never },
    'its end cannot be told': {
      open: async function* () {
        yield* answerOf('a')
      },
      onEnd: () => {
        throw new Error('no disk')
      },
    },
    'nobody may start one': { authorize: () => false },
    'asking who may start one throws': {
      authorize: () => {
        throw new Error('no database')
      },
    },
  }

  test.each(Object.entries(ways))('are not counted any more when %s', async (_way, options) => {
    const { clock, node } = world()
    const codes: string[] = []
    const relay = node({ limits: { maxLiveStreams: 2 }, ...options })
    for (let round = 0; round < 20; round++) {
      await relay.hub.start(ann, { key: `k${round}`, request }).catch((reason: Refusal) => codes.push(reason.code))
      await settle(clock)
    }
    expect(codes).not.toContain('too_many')
  })

  test('are not counted any more when the store does not take them', async () => {
    const { clock, memory, node } = world()
    const relay = node({
      engine: faultyEngine(memory, (call) => (call === 'create' ? 'unreached' : undefined)),
      limits: { maxLiveStreams: 2 },
    })
    for (let round = 0; round < 5; round++) {
      const started = relay.hub.start(ann, { key: `k${round}`, request }).catch((reason: Refusal) => reason.code)
      await pass(clock, 3)
      expect(await started).toBe('unavailable')
    }
  })

  test('are not counted any more when they are cancelled, conflict, expire or are somebody else’s', async () => {
    const { clock, memory, node } = world()
    const relay = node({ limits: { maxLiveStreams: 2, idleTimeoutMs: 5_000 } })
    for (let round = 0; round < 5; round++) {
      const { id } = await relay.hub.start(ann, { key: `c${round}`, request })
      await settle(clock)
      await expect(relay.hub.start(ann, { key: `c${round}`, request: { ...request, n: 2 } })).rejects.toMatchObject({
        code: 'conflict',
      })
      await relay.hub.cancel(ann, id)
      await settle(clock)
    }
    for (let round = 0; round < 5; round++) {
      await relay.hub.start(ann, { key: `i${round}`, request })
      await pass(clock, 7)
    }
    for (let round = 0; round < 5; round++) {
      const { id } = await relay.hub.start(ann, { key: `l${round}`, request })
      await settle(clock)
      const state = await memory.read(id)
      if (state !== undefined) await memory.restore(state, { node: 'other', fence: 9 })
      await pass(clock, 7)
    }
    await relay.hub.start(ann, { key: '1', request })
    await relay.hub.start(ann, { key: '2', request })
    await expect(relay.hub.start(ann, { key: '3', request })).rejects.toMatchObject({ code: 'too_many' })
  })

  test('may be asked for again when there are as many as allowed: that begins none', async () => {
    const { clock, node } = world()
    const relay = node({ limits: { maxLiveStreams: 2 } })
    const other = node({ limits: { maxLiveStreams: 0 } })
    const { id } = await relay.hub.start(ann, { key: '1', request })
    await relay.hub.start(ann, { key: '2', request })
    await settle(clock)
    expect(await relay.hub.start(ann, { key: '1', request })).toEqual({ id, status: 'live', fresh: false })
    expect(await other.hub.start(ann, { key: '1', request })).toEqual({ id, status: 'live', fresh: false })
    const differently = relay.hub.start(ann, { key: '1', request: { ...request, n: 2 } })
    await expect(differently).rejects.toMatchObject({ code: 'conflict' })
    await expect(relay.hub.start(ann, { key: '3', request })).rejects.toMatchObject({ code: 'too_many' })
    await relay.hub.cancel(ann, id)
    await settle(clock)
    expect((await relay.hub.start(ann, { key: '3', request })).fresh).toBe(true)
  })
})

test('the outputs of tools of one stream are no more than allowed, and may be given again', async () => {
  const { clock, node } = world()
  const relay = node({ limits: { maxToolOutputs: 2 } })
  const { id } = await begun(relay, clock)
  expect(await relay.hub.toolOutput(ann, id, 'a', 1)).toBe(true)
  expect(await relay.hub.toolOutput(ann, id, 'b', 1)).toBe(true)
  await expect(relay.hub.toolOutput(ann, id, 'c', 1)).rejects.toMatchObject({ code: 'too_large' })
  expect(await relay.hub.toolOutput(ann, id, 'a', 2)).toBe(false)
  await relay.hub.cancel(ann, id)
  await settle(clock)
  expect((await relay.hub.read(ann, id)).status).toBe('cancelled')
})

describe('the times of a stream', () => {
  const soon = { idleTimeoutMs: 5_000, maxStreamMs: 20_000, toolTimeoutMs: 7_000 }

  test('are over when they are over, and not before: that of silence begins anew with each chunk', async () => {
    const { clock, node } = world()
    const source = handSource()
    const relay = node({ open: () => source, limits: soon })
    const { reader } = await begun(relay, clock)
    for (let round = 0; round < 3; round++) {
      await pass(clock, 4)
      expect(reader.receiver.end).toBeUndefined()
      source.give(chunkOf({ content: 'a' }))
      await settle(clock)
    }
    await pass(clock, 4)
    expect(reader.receiver.end).toBeUndefined()
    await pass(clock, 1)
    expect(reader.receiver.end).toMatchObject({ st: 'failed', err: { code: 'source_stalled' } })
  })

  test('are no longer than all of it may take, however much is said', async () => {
    const { clock, node } = world()
    const source = handSource()
    const relay = node({ open: () => source, limits: soon })
    const { reader } = await begun(relay, clock)
    for (let second = 0; second < 19; second++) {
      source.give(chunkOf({ content: 'a' }))
      await pass(clock, 1)
    }
    expect(reader.receiver.end).toBeUndefined()
    await pass(clock, 1)
    expect(reader.receiver.end).toMatchObject({ st: 'limit', err: { code: 'limit_exceeded' } })
  })

  test('wait for tools one after the other, each as long as it may, and leave no timer behind', async () => {
    const { clock, node } = world()
    const relay = node({
      limits: soon,
      open: async function* (_request, { toolOutput }) {
        yield chunkOf({ content: String(await toolOutput('a')) })
        yield chunkOf({ content: (await toolOutput('b').catch(() => 'none')) as string })
        await toolOutput('c')
      },
    })
    const { id, reader } = await begun(relay, clock)
    const timers = clock.waiting
    await pass(clock, 6)
    await relay.hub.toolOutput(ann, id, 'a', 1)
    await settle(clock)
    await pass(clock, 6)
    expect(contentOf(reader.receiver)).toBe('1')
    await pass(clock, 1)
    expect(contentOf(reader.receiver)).toBe('1none')
    await relay.hub.cancel(ann, id)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('cancelled')
    // The one that is not waited for any more.
    expect(clock.waiting).toBe(timers - 1)
  })
})

describe('a time', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 33])('of %d ms is as long as it says', (ms) => {
    vi.useFakeTimers()
    const ring = vi.fn()
    systemClock.start(ms, ring)
    vi.advanceTimersByTime(ms - 1)
    expect(ring).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(ring).toHaveBeenCalledOnce()
  })

  test('without an end never comes, and can be taken back', () => {
    vi.useFakeTimers()
    const ring = vi.fn()
    const timer = systemClock.start(Infinity, ring)
    vi.advanceTimersByTime(2 ** 33)
    timer.cancel()
    expect([ring.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('without an end to leave in waits for every stream', async () => {
    const { clock, node } = world()
    const source = handSource()
    const relay = node({ open: () => source, limits: { idleTimeoutMs: Infinity, maxStreamMs: Infinity } })
    const { reader } = await begun(relay, clock)
    const drained = relay.drain({ graceMs: Infinity })
    await pass(clock, 600)
    expect(reader.receiver.end).toBeUndefined()
    source.end()
    await settle(clock)
    await drained
    expect(reader.receiver.end?.st).toBe('done')
  })
})

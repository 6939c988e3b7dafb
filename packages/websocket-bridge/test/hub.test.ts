import { StreamError } from '@deltawire/core'
import { afterEach, describe, expect, test } from 'vitest'
import { checksum, type EndedStream } from '../src/index.ts'
import { answerOf, chunkOf, handSource } from './support/chunks.ts'
import { ann, begun, bob, contentOf, createHubStage, follow, pass, request, settle } from './support/hub-world.ts'

describe('a hub', () => {
  const { world, clear } = createHubStage()
  afterEach(clear)

  describe('permissions', () => {
    test('a stream is its owner’s, and to others it does not exist', async () => {
      const { clock, node } = world()
      const relay = node({})
      const { id } = await begun(relay, clock)
      await expect(relay.hub.open(bob, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.cancel(bob, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.toolOutput(bob, id, 'c', 1)).rejects.toMatchObject({ code: 'not_found' })
      await expect(relay.hub.read(bob, id)).rejects.toMatchObject({ code: 'not_found' })
    })

    test('who may read and not cancel is told so', async () => {
      const { clock, node } = world()
      const relay = node({ authorize: (who, action) => who.id === 'ann' || action.kind === 'read' })
      const { id } = await begun(relay, clock)
      await expect(relay.hub.cancel(bob, id)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(relay.hub.start(bob, { key: 'k', request })).rejects.toMatchObject({ code: 'forbidden' })
      await expect(relay.hub.followTopic(bob, 't', () => {})).rejects.toMatchObject({ code: 'forbidden' })
    })

    test('a function that forgets to answer lets nobody do anything', async () => {
      const { node } = world()
      const relay = node({ authorize: (() => {}) as never })
      await expect(relay.hub.start(ann, { key: 'k', request })).rejects.toMatchObject({ code: 'forbidden' })
    })

    test('a topic tells of the streams that one may read', async () => {
      const { clock, node } = world()
      const relay = node({})
      await relay.hub.start(ann, { key: '1', request, topic: 't' })
      const heard: string[] = []
      const mine = await relay.hub.followTopic(ann, 't', ({ status }) => void heard.push(`ann ${status}`))
      const theirs = await relay.hub.followTopic(bob, 't', ({ status }) => void heard.push(`bob ${status}`))
      expect([mine.streams.length, theirs.streams.length]).toEqual([1, 0])
      await relay.hub.start(ann, { key: '2', request, topic: 't' })
      await settle(clock)
      expect(heard).toEqual(['ann live'])
    })

    test('nobody has more streams at once than allowed', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source, limits: { maxLiveStreams: 1 } })
      await begun(relay, clock)
      await expect(relay.hub.start(ann, { key: '2', request })).rejects.toMatchObject({ code: 'too_many' })
      source.end()
      await settle(clock)
      await relay.hub.start(ann, { key: '3', request })
    })
  })

  describe('ends', () => {
    test('are told to the application once the store has them', async () => {
      const { clock, node, memory } = world()
      const ended: EndedStream[] = []
      const relay = node({
        open: async function* () {
          yield* answerOf('a')
        },
        onEnd: (one) => void ended.push(one),
      })
      const { id, reader } = await begun(relay, clock)
      await settle(clock)
      expect(reader.receiver.end?.st).toBe('done')
      expect(ended).toMatchObject([{ id, owner: 'ann', request, end: { st: 'done' } }])
      expect((await memory.read(id))?.end?.h).toBe(checksum(ended[0]?.sum))
    })

    test('failed: keeps what came, and tells the kind but no secret', async () => {
      const { clock, node } = world()
      const source = handSource()
      const errors: unknown[] = []
      const relay = node({ open: () => source, onError: (reason) => void errors.push(reason) })
      const { reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'part' }))
      const details = { status: 401, headers: {}, body: '{"error":{"message":"bad key sk-secret"}}' }
      source.fail(new StreamError('http_status', 'sk-secret', details))
      await settle(clock)
      expect(reader.receiver.end).toMatchObject({ st: 'failed', err: { code: 'http_status', status: 401 } })
      expect(JSON.stringify(reader.receiver.end)).not.toContain('secret')
      expect(contentOf(reader.receiver)).toBe('part')
      expect(errors).toHaveLength(1)
    })

    test('failed: passes on what the one who asked can mend', async () => {
      const { clock, node } = world()
      const details = { status: 429, headers: {}, body: '{"error":{"message":"slow down"}}' }
      const relay = node({ open: () => Promise.reject(new StreamError('http_status', 'x', details)) })
      const { reader } = await begun(relay, clock)
      expect(reader.receiver.end?.err).toEqual({ code: 'http_status', status: 429, message: 'slow down' })
    })

    test('cancelled: also when the source does not listen, and before it has begun', async () => {
      const { clock, node } = world()
      const relay = node({ open: () => new Promise(() => {}) })
      const { id, reader } = await begun(relay, clock)
      await relay.hub.cancel(ann, id)
      await settle(clock)
      expect(reader.receiver.end?.st).toBe('cancelled')
      expect(await relay.hub.cancel(ann, id)).toBe('cancelled')
    })

    test('limit: of chunks, of length, of time', async () => {
      for (const limits of [{ maxStreamChunks: 3 }, { maxStreamLength: 200 }, { maxStreamMs: 5000 }]) {
        const { clock, node } = world()
        const source = handSource()
        const relay = node({ open: () => source, limits })
        const { reader } = await begun(relay, clock)
        for (let second = 0; second < 10; second++) {
          source.give(chunkOf({ content: 'x'.repeat(100) }))
          await pass(clock, 1)
        }
        expect([limits, reader.receiver.end?.st]).toEqual([limits, 'limit'])
        await source.left
      }
    })

    test('failed: a source that is silent is first called stalled, then given up', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source })
      const { reader } = await begun(relay, clock)
      source.give(chunkOf({ content: 'a' }))
      await pass(clock, 29)
      expect(reader.stalledMs).toBeUndefined()
      await pass(clock, 3)
      expect(reader.stalledMs).toBeGreaterThanOrEqual(30_000)
      await pass(clock, 90)
      expect(reader.receiver.end).toMatchObject({ st: 'failed', err: { code: 'source_stalled' } })
      await source.left
    })

    test('a source that waits for a tool is not called silent', async () => {
      const { clock, node } = world()
      const relay = node({
        open: async function* (_request, { toolOutput }) {
          yield chunkOf({ content: JSON.stringify(await toolOutput('c')) })
        },
      })
      const { id, reader } = await begun(relay, clock)
      await pass(clock, 200)
      expect(reader.receiver.end).toBeUndefined()
      expect(await relay.hub.toolOutput(ann, id, 'c', { a: [1] })).toBe(true)
      expect(await relay.hub.toolOutput(ann, id, 'c', { a: [1] })).toBe(false)
      await settle(clock)
      expect(contentOf(reader.receiver)).toBe('{"a":[1]}')
    })

    test('cancelled: an orphan, when its time has come, and not while somebody follows on any node', async () => {
      const { clock, node } = world()
      const source = handSource()
      const relay = node({ open: () => source, limits: { idleTimeoutMs: 1e9 } })
      const other = node({})
      const { id, reader } = await begun(relay, clock, { orphan: { cancelAfterMs: 60_000 } })
      await pass(clock, 70)
      expect(reader.receiver.end).toBeUndefined()
      const there = await other.hub.open(ann, id)
      const elsewhere = follow(other, there)
      relay.hub.streams.leave(await relay.hub.open(ann, id), reader)
      await pass(clock, 70)
      expect(elsewhere.receiver.end).toBeUndefined()
      other.hub.streams.leave(there, elsewhere)
      // The other node lets go after half a minute.
      await pass(clock, 100)
      expect((await relay.hub.read(ann, id)).status).toBe('cancelled')
    })
  })

  test('leaves nothing behind when everybody has gone', async () => {
    const { clock, node } = world()
    const relay = node({
      open: async function* () {
        yield* answerOf('a')
      },
    })
    const { id, reader } = await begun(relay, clock)
    await settle(clock)
    expect(reader.receiver.end?.st).toBe('done')
    expect(relay.hub.streams.all.has(id)).toBe(true)
    await pass(clock, 31)
    expect([relay.hub.streams.all.size, relay.hub.productions.all.size]).toEqual([0, 0])
  })

  test('drains: begins nothing new, waits for what can end, and interrupts the rest', async () => {
    const { clock, node } = world()
    const quick = handSource()
    const slow = handSource()
    const sources = [quick, slow]
    const relay = node({ open: () => sources.shift() ?? handSource() })
    const one = await begun(relay, clock, { key: '1' })
    const two = await begun(relay, clock, { key: '2' })
    const drained = relay.drain({ graceMs: 20_000 })
    await expect(relay.hub.start(ann, { key: '3', request })).rejects.toMatchObject({ code: 'draining' })
    quick.end()
    await pass(clock, 3)
    expect([one.reader.receiver.end?.st, two.reader.receiver.end?.st]).toEqual(['done', undefined])
    await pass(clock, 14)
    await drained
    await settle(clock)
    expect(two.reader.receiver.end?.st).toBe('interrupted')
  })
})

import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type {
  Addition,
  Attachment,
  Created,
  Engine,
  EngineEvent,
  Lease,
  NewStream,
  Retention,
  StreamState,
} from '../src/engine.ts'

/** An engine under test, and the hands that the suite needs around it. */
export interface EngineUnderTest {
  readonly engine: Engine
  /** The engine of another node, on the same store. */
  readonly other: Engine
  /** Lets this time pass, for the engines and their store. */
  pass(ms: number): Promise<void>
  /** Makes the store lose a stream, as if it had never been there. */
  lose(id: string): Promise<void>
  close(): Promise<void>
}

/** How long is kept what. Short, where time can only pass by waiting. */
export type Times = { readonly [K in keyof Retention]-?: number }

export interface DescribeEngineOptions {
  readonly create: (times: Times) => Promise<EngineUnderTest>
  readonly times: Times
  /** How long one test may take. @defaultValue `20_000` */
  readonly timeoutMs?: number
}

const OWNER = 'ann'
const REQUEST = '{"model":"m","messages":[{"role":"user","content":"Hi"}]}'

/** The name of a stream, an epoch or a key that no other test has. */
const fresh = (kind: string): string => `${kind}_${randomUUID().slice(0, 12)}`

const newStream = (over: Partial<NewStream> = {}): NewStream => ({
  id: fresh('st'),
  epoch: fresh('e'),
  node: 'n1',
  owner: OWNER,
  key: fresh('key'),
  request: REQUEST,
  orphan: 'continue',
  ...over,
})

/** A chunk as it travels. An engine never looks inside. */
const chunk = (text: string): string => JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })
const chunks = (...texts: readonly string[]): string[] => texts.map(chunk)
const tailOf = ({ base, chunks: kept }: StreamState): number => base + kept.length

/** What an engine promises: run by each of them. */
export function describeEngine(engineName: string, { create, times, timeoutMs = 20_000 }: DescribeEngineOptions): void {
  describe(`what an engine promises: ${engineName}`, { timeout: timeoutMs }, () => {
    let under: EngineUnderTest | undefined
    afterEach(async () => {
      await under?.close()
      under = undefined
    })

    async function start(): Promise<EngineUnderTest> {
      under = await create(times)
      return under
    }

    async function begun(engine: Engine, over: Partial<NewStream> = {}): Promise<Lease> {
      const created = await engine.create(newStream(over))
      if (created.outcome !== 'created') throw new Error(`the stream is not new: ${created.outcome}`)
      return created.lease
    }

    const add = (engine: Engine, { id, fence }: Lease, expectAt: number, texts: string[]) =>
      engine.append(id, { fence, expect: expectAt, chunks: chunks(...texts) })

    /** Attaches, and keeps what is told. */
    async function listen(engine: Engine, id: string): Promise<{ attachment: Attachment; events: EngineEvent[] }> {
      const events: EngineEvent[] = []
      const attachment = await engine.attach(id, (event) => void events.push(event))
      if (attachment === undefined) throw new Error('there is no such stream')
      return { attachment, events }
    }

    /** What the events add to a state, which must follow each other without a gap. */
    function chunksAfter(state: StreamState, events: readonly EngineEvent[]): string[] {
      const all = [...state.chunks]
      for (const event of events) {
        if (event.kind !== 'chunks') continue
        expect(event.from).toBe(state.base + all.length)
        all.push(...event.chunks)
      }
      return all
    }

    const until = (is: () => boolean): Promise<void> => expect.poll(is, { timeout: timeoutMs, interval: 5 }).toBe(true)

    describe('create', () => {
      test('makes a stream that is live, empty, and in its first epoch', async () => {
        const { engine } = await start()
        const stream = newStream({ topic: fresh('topic'), orphan: { cancelAfterMs: 5 } })
        expect(await engine.create(stream)).toMatchObject({ outcome: 'created', lease: { id: stream.id } })
        expect(await engine.read(stream.id)).toMatchObject({
          id: stream.id,
          owner: OWNER,
          key: stream.key,
          request: REQUEST,
          topic: stream.topic,
          orphan: { cancelAfterMs: 5 },
          status: 'live',
          lineage: [{ e: stream.epoch, at: 0 }],
          base: 0,
          chunks: [],
          flags: {},
          node: 'n1',
        })
      })

      test('gives the same stream for the same owner, key and request, whoever asks', async () => {
        const { engine, other } = await start()
        const key = fresh('key')
        const { id } = await begun(engine, { key })
        expect(await other.create(newStream({ key }))).toEqual({ outcome: 'exists', id })
      })

      test('gives the lease again to who asks again with the same id: the answer was lost', async () => {
        const { engine } = await start()
        const stream = newStream()
        const first = await engine.create(stream)
        expect(await engine.create(stream)).toEqual(first)
        expect(first.outcome).toBe('created')
      })

      test('makes one stream of many calls at once', async () => {
        const { engine, other } = await start()
        const key = fresh('key')
        const answers: Created[] = await Promise.all(
          Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? engine : other).create(newStream({ key }))),
        )
        expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
        expect(
          new Set(answers.map((answer) => ('lease' in answer ? answer.lease.id : 'id' in answer && answer.id))).size,
        ).toBe(1)
      })

      test('says conflict for a key that was used with another request', async () => {
        const { engine } = await start()
        const key = fresh('key')
        const { id } = await begun(engine, { key })
        expect(await engine.create(newStream({ key, request: '{}' }))).toEqual({ outcome: 'conflict', id })
      })

      test('finds the stream of a key, and makes none where it must exist', async () => {
        const { engine, other } = await start()
        const asked = newStream({ mustExist: true })
        expect(await engine.create(asked)).toEqual({ outcome: 'absent' })
        expect(await engine.read(asked.id)).toBeUndefined()
        const { id } = await begun(engine, { key: asked.key })
        expect(await other.create(asked)).toEqual({ outcome: 'exists', id })
        expect(await other.create({ ...asked, request: '{}' })).toEqual({ outcome: 'conflict', id })
      })

      test('keeps the keys of each owner apart', async () => {
        const { engine } = await start()
        const key = fresh('key')
        await begun(engine, { key })
        expect(await engine.create(newStream({ key, owner: 'bob' }))).toMatchObject({ outcome: 'created' })
      })
    })

    describe('append', () => {
      test('of nothing tells how things stand, and nobody else hears of it', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a'])
        const { attachment, events } = await listen(engine, lease.id)
        expect(await add(engine, lease, 1, [])).toEqual({ outcome: 'added', flags: {} })
        expect(await add(engine, lease, 0, [])).toEqual({ outcome: 'elsewhere', tail: 1 })
        expect(await add(engine, { ...lease, fence: lease.fence + 1 }, 1, [])).toEqual({ outcome: 'fenced' })
        await add(engine, lease, 1, ['b'])
        await until(() => events.length > 0)
        expect(chunksAfter(attachment.state, events)).toEqual(chunks('a', 'b'))
        attachment.detach()
      })

      test('adds chunks in order, for every node to read', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        expect(await add(engine, lease, 0, ['a', 'b'])).toMatchObject({ outcome: 'added' })
        expect(await add(engine, lease, 2, ['c'])).toMatchObject({ outcome: 'added' })
        expect(await other.read(lease.id)).toMatchObject({ base: 0, chunks: chunks('a', 'b', 'c') })
      })

      test('keeps texts as they are, whatever is in them', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        const odd = ['', '|', '\n', '\u{1F600}', '\uD83D', 'é\u0000', '"\\', '{}', '0-1'].map(chunk)
        await engine.append(lease.id, { fence: lease.fence, expect: 0, chunks: odd })
        expect((await other.read(lease.id))?.chunks).toEqual(odd)
      })

      test('adds nothing at another offset than the last, and tells which that is', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a', 'b'])
        expect(await add(engine, lease, 1, ['x'])).toEqual({ outcome: 'elsewhere', tail: 2 })
        expect(await add(engine, lease, 3, ['x'])).toEqual({ outcome: 'elsewhere', tail: 2 })
        expect((await engine.read(lease.id))?.chunks).toEqual(chunks('a', 'b'))
      })

      test('adds nothing for another fence', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        expect(await add(engine, { ...lease, fence: lease.fence + 1 }, 0, ['x'])).toEqual({ outcome: 'fenced' })
        expect(await add(engine, { ...lease, fence: lease.fence - 1 }, 0, ['x'])).toEqual({ outcome: 'fenced' })
        expect((await engine.read(lease.id))?.chunks).toEqual([])
      })

      test('says lost for a stream that the store does not know', async () => {
        const { engine } = await start()
        expect(await add(engine, { id: fresh('st'), fence: 1, ttlMs: 1 }, 0, ['x'])).toEqual({ outcome: 'lost' })
      })

      test('ends a stream once, with chunks or without, and keeps how', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        const end = { st: 'failed', h: 'abc', err: { code: 'http_status', message: 'no', status: 429 } } as const
        const last: Addition = { fence: lease.fence, expect: 0, chunks: chunks('a'), end }
        expect(await engine.append(lease.id, last)).toMatchObject({ outcome: 'added' })
        expect(await other.read(lease.id)).toMatchObject({ status: 'failed', end, chunks: chunks('a') })
        const again: Addition = { fence: lease.fence, expect: 1, chunks: [], end: { st: 'done', h: 'def' } }
        expect(await engine.append(lease.id, again)).toEqual({ outcome: 'ended', end })
        expect(await engine.append(lease.id, last)).toEqual({ outcome: 'ended', end })
      })

      test('answers with what was flagged', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        await other.flag(lease.id, 'cancel', '1')
        expect(await add(engine, lease, 0, ['a'])).toEqual({ outcome: 'added', flags: { cancel: '1' } })
      })

      test('answers no words to who knows them all, and all of them to who does not', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        await other.flag(lease.id, 'tool:1', 'one')
        const addition = { fence: lease.fence, expect: 0, chunks: [], knownFlags: 1 }
        expect(await engine.append(lease.id, addition)).toEqual({ outcome: 'added', flags: {} })
        await other.flag(lease.id, 'tool:2', 'two')
        const flags = { 'tool:1': 'one', 'tool:2': 'two' }
        expect(await engine.append(lease.id, addition)).toEqual({ outcome: 'added', flags })
        expect(await engine.append(lease.id, { ...addition, knownFlags: 2 })).toEqual({ outcome: 'added', flags: {} })
      })
    })

    describe('compact', () => {
      test('keeps the sum in the place of the chunks that it covers', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a', 'b', 'c'])
        await engine.compact(lease.id, { fence: lease.fence, o: 2, sum: chunk('ab') })
        const state = await other.read(lease.id)
        expect(state && tailOf(state)).toBe(3)
        expect([state?.sum, ...(state?.chunks ?? [])]).toEqual([chunk('ab'), chunk('c')])
        expect(await add(engine, lease, 3, ['d'])).toMatchObject({ outcome: 'added' })
        expect((await other.read(lease.id))?.chunks).toEqual(chunks('c', 'd'))
      })

      test('changes nothing for another fence, an offset that there is not, or one that was compacted', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a', 'b', 'c'])
        await engine.compact(lease.id, { fence: lease.fence, o: 2, sum: chunk('ab') })
        await engine.compact(lease.id, { fence: lease.fence + 1, o: 3, sum: 'x' })
        await engine.compact(lease.id, { fence: lease.fence, o: 4, sum: 'x' })
        await engine.compact(lease.id, { fence: lease.fence, o: 1, sum: 'x' })
        expect(await engine.read(lease.id)).toMatchObject({ base: 2, sum: chunk('ab'), chunks: chunks('c') })
      })
    })

    describe('attach', () => {
      test('gives the state, and then everything that follows, on every node', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a'])
        const here = await listen(engine, lease.id)
        const there = await listen(other, lease.id)
        for (let at = 1; at < 50; at++) await add(engine, lease, at, [String(at)])
        const end = { st: 'done', h: 'abc' } as const
        await engine.append(lease.id, { fence: lease.fence, expect: 50, chunks: chunks('last'), end })
        const all = (await engine.read(lease.id))?.chunks
        for (const { attachment, events } of [here, there]) {
          await until(() => events.some(({ kind }) => kind === 'end'))
          expect(chunksAfter(attachment.state, events)).toEqual(all)
          expect(events.at(-1)).toEqual({ kind: 'end', end })
        }
      })

      test('misses nothing that is added while it attaches', async () => {
        const { engine, other } = await start()
        const lease = await begun(engine)
        const adding = (async () => {
          for (let at = 0; at < 200; at++) await add(engine, lease, at, [String(at)])
        })()
        const listening = await Promise.all(Array.from({ length: 5 }, () => listen(other, lease.id)))
        await adding
        for (const { attachment, events } of listening) {
          await until(() => chunksAfter(attachment.state, events).length === 200)
          expect(chunksAfter(attachment.state, events)).toEqual((await engine.read(lease.id))?.chunks)
        }
      })

      test('gives nothing for a stream that there is not', async () => {
        const { engine } = await start()
        expect(await engine.attach(fresh('st'), () => {})).toBeUndefined()
        expect(await engine.read(fresh('st'))).toBeUndefined()
        expect(await engine.flag(fresh('st'), 'cancel', '1')).toBeUndefined()
      })

      test('tells nothing any more after it was detached', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        const gone = await listen(engine, lease.id)
        const here = await listen(engine, lease.id)
        gone.attachment.detach()
        await add(engine, lease, 0, ['a'])
        await until(() => here.events.length > 0)
        expect(gone.events).toEqual([])
      })

      test('is counted', async () => {
        const { engine, other } = await start()
        const { id } = await begun(engine)
        expect(await engine.watchers(id)).toBe(0)
        const here = await listen(engine, id)
        const there = await listen(other, id)
        expect(await engine.watchers(id)).toBe(2)
        there.attachment.detach()
        await expect.poll(() => engine.watchers(id), { timeout: timeoutMs }).toBe(1)
        here.attachment.detach()
        await expect.poll(() => engine.watchers(id), { timeout: timeoutMs }).toBe(0)
      })
    })

    describe('flag', () => {
      test('keeps the first word of many', async () => {
        const { engine, other } = await start()
        const { id } = await begun(engine)
        const words = await Promise.all(
          Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? engine : other).flag(id, 'tool:1', `word ${n}`)),
        )
        expect(new Set(words).size).toBe(1)
        expect((await engine.read(id))?.flags).toEqual({ 'tool:1': words[0] })
      })

      test('is told to every node, once', async () => {
        const { engine, other } = await start()
        const { id } = await begun(engine)
        const { events } = await listen(engine, id)
        await other.flag(id, 'tool:1', 'first')
        await other.flag(id, 'tool:1', 'second')
        await other.flag(id, 'cancel', '1')
        await until(() => events.length >= 2)
        expect(events).toEqual([
          { kind: 'flag', name: 'tool:1', value: 'first' },
          { kind: 'flag', name: 'cancel', value: '1' },
        ])
      })

      test('takes any name', async () => {
        const { engine } = await start()
        const { id } = await begun(engine)
        for (const word of ['__proto__', 'constructor', 'tool:a b', 'é']) {
          expect(await engine.flag(id, word, `of ${word}`)).toBe(`of ${word}`)
          expect(await engine.flag(id, word, 'another')).toBe(`of ${word}`)
        }
      })
    })

    describe('lease', () => {
      const LEASE_OVER = times.leaseMs + 200

      test('is nobody else’s while it is held', async () => {
        const { engine, other, pass } = await start()
        const lease = await begun(engine)
        expect(await other.takeOver(lease.id, { node: 'n2', epoch: fresh('e') })).toBeUndefined()
        await pass(times.leaseMs * 0.6)
        expect(await engine.renew([lease])).toEqual([])
        await pass(times.leaseMs * 0.6)
        expect(await other.takeOver(lease.id, { node: 'n2', epoch: fresh('e') })).toBeUndefined()
      })

      test('lives as long as chunks are added', async () => {
        const { engine, other, pass } = await start()
        const lease = await begun(engine)
        await pass(times.leaseMs * 0.6)
        await add(engine, lease, 0, ['a'])
        await pass(times.leaseMs * 0.6)
        expect(await other.takeOver(lease.id, { node: 'n2', epoch: fresh('e') })).toBeUndefined()
      })

      test('is taken once when it has run out, and begins an epoch at the last offset', async () => {
        const { engine, other, pass } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a', 'b'])
        const { events, attachment } = await listen(engine, lease.id)
        await pass(LEASE_OVER)
        const epoch = fresh('e')
        const taken = await Promise.all([
          other.takeOver(lease.id, { node: 'n2', epoch }),
          other.takeOver(lease.id, { node: 'n2', epoch: fresh('e') }),
        ])
        const [winner, ...more] = taken.filter((one) => one !== undefined)
        expect(more).toEqual([])
        if (winner === undefined) throw new Error('nobody got it')
        expect(winner.fence).toBeGreaterThan(lease.fence)
        const state = await other.read(lease.id)
        expect(state?.lineage).toHaveLength(2)
        expect(state?.lineage[0]).toEqual(attachment.state.lineage[0])
        expect(state?.lineage[1]?.at).toBe(2)
        expect(state?.node).toBe('n2')
        await until(() => events.some(({ kind }) => kind === 'epoch'))
        expect(events.find(({ kind }) => kind === 'epoch')).toEqual({ kind: 'epoch', lineage: state?.lineage })
        expect(await add(engine, lease, 2, ['x'])).toEqual({ outcome: 'fenced' })
        expect(await engine.renew([lease])).toEqual([lease.id])
        expect(await add(other, winner, 2, ['c'])).toMatchObject({ outcome: 'added' })
      })

      test('that has run out is found, until somebody takes it or the stream ends', async () => {
        const { engine, other, pass } = await start()
        const orphan = await begun(engine)
        const ended = await begun(engine)
        await engine.append(ended.id, { fence: ended.fence, expect: 0, chunks: [], end: { st: 'done', h: '' } })
        const ours = async (): Promise<string[]> =>
          (await other.list('orphaned', 1000)).map(({ id }) => id).filter((id) => id === orphan.id || id === ended.id)
        expect(await ours()).toEqual([])
        await pass(LEASE_OVER)
        expect(await ours()).toEqual([orphan.id])
        await other.takeOver(orphan.id, { node: 'n2', epoch: fresh('e') })
        expect(await ours()).toEqual([])
        expect(await other.takeOver(ended.id, { node: 'n2', epoch: fresh('e') })).toBeUndefined()
        expect(await other.takeOver(fresh('st'), { node: 'n2', epoch: fresh('e') })).toBeUndefined()
      })
    })

    describe('restore', () => {
      test('brings back what the store has lost, and tells every node', async () => {
        const { engine, other, lose } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a', 'b', 'c'])
        await engine.compact(lease.id, { fence: lease.fence, o: 2, sum: chunk('ab') })
        await engine.flag(lease.id, 'tool:1', 'said')
        const { events } = await listen(other, lease.id)
        const state = await engine.read(lease.id)
        if (state === undefined) throw new Error('it is there')
        await lose(lease.id)
        expect(await add(engine, lease, 3, ['d'])).toEqual({ outcome: 'lost' })
        const again = { ...state, lineage: [{ e: fresh('e'), at: 0 }] }
        expect(await engine.restore(again, { node: 'n1', fence: lease.fence + 1 })).toBe(true)
        expect(await other.read(lease.id)).toMatchObject({
          lineage: again.lineage,
          base: 2,
          sum: chunk('ab'),
          chunks: chunks('c'),
          flags: { 'tool:1': 'said' },
          status: 'live',
        })
        const held = { ...lease, fence: lease.fence + 1 }
        expect(await add(engine, held, 3, ['d'])).toMatchObject({ outcome: 'added' })
        // What was added right after it may be in the state already.
        const resetOf = () => events.find((event) => event.kind === 'reset')
        await until(() => {
          const reset = resetOf()
          return reset !== undefined && chunksAfter(reset.state, events.slice(events.indexOf(reset))).length === 2
        })
        const reset = resetOf()
        expect(reset?.state).toMatchObject({ lineage: again.lineage, base: 2, sum: chunk('ab') })
      })

      test('changes nothing where the store has it under the same or a higher fence', async () => {
        const { engine } = await start()
        const lease = await begun(engine)
        await add(engine, lease, 0, ['a'])
        const state = await engine.read(lease.id)
        if (state === undefined) throw new Error('it is there')
        const other = { ...state, chunks: chunks('x', 'y') }
        expect(await engine.restore(other, { node: 'n2', fence: lease.fence })).toBe(false)
        expect(await engine.restore(other, { node: 'n1', fence: lease.fence })).toBe(true)
        expect((await engine.read(lease.id))?.chunks).toEqual(chunks('a'))
      })
    })

    describe('topics', () => {
      test('give their live streams, and tell of each that begins or ends', async () => {
        const { engine, other } = await start()
        const topic = fresh('topic')
        const before = await begun(engine, { topic })
        const ended = await begun(engine, { topic })
        const end = { st: 'done', h: '' } as const
        await engine.append(ended.id, { fence: ended.fence, expect: 0, chunks: [], end })
        const heard: string[] = []
        const following = await other.follow(topic, ({ id, status }) => void heard.push(`${id} ${status}`))
        expect(following.streams.map(({ id }) => id)).toEqual([before.id])
        const after = await begun(engine, { topic })
        await begun(engine, { topic: fresh('topic') })
        await engine.append(after.id, { fence: after.fence, expect: 0, chunks: [], end })
        await until(() => heard.length >= 2)
        expect(heard).toEqual([`${after.id} live`, `${after.id} done`])
        following.stop()
        await begun(engine, { topic })
        const again = await other.follow(topic, () => {})
        expect(again.streams).toHaveLength(2)
        expect(heard).toHaveLength(2)
        again.stop()
      })
    })

    describe('time', () => {
      test('takes streams that have ended, and tells those who are attached', async () => {
        const { engine, pass } = await start()
        const lease = await begun(engine)
        const { events } = await listen(engine, lease.id)
        await engine.append(lease.id, { fence: lease.fence, expect: 0, chunks: [], end: { st: 'done', h: '' } })
        expect(await engine.read(lease.id)).toBeDefined()
        await pass(times.endedTtlMs + 500)
        expect(await engine.read(lease.id)).toBeUndefined()
        await until(() => events.some(({ kind }) => kind === 'gone'))
      })

      test('lets a word be said once, and then again', async () => {
        const { engine, other, pass } = await start()
        const word = fresh('word')
        expect(await engine.once(word, 300)).toBe(true)
        expect(await other.once(word, 300)).toBe(false)
        await pass(500)
        expect(await engine.once(word, 300)).toBe(true)
      })
    })

    test('lists streams, the newest first', async () => {
      const { engine, other, pass } = await start()
      const first = await begun(engine)
      await pass(20)
      const second = await begun(engine)
      const ids = (await other.list('all', 1000)).map(({ id }) => id)
      expect(ids.indexOf(second.id)).toBeLessThan(ids.indexOf(first.id))
      expect(await other.list('all', 1)).toHaveLength(1)
    })

    test('answers, and tells nothing after it was closed', async () => {
      const { engine, other } = await start()
      expect(engine.isReachable).toBe(true)
      const lease = await begun(engine)
      const { events } = await listen(other, lease.id)
      await other.close()
      await add(engine, lease, 0, ['a'])
      expect(events).toEqual([])
    })
  })
}

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeWithProgram } from '@deltawire/testkit/describe'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import type { Engine } from '../../src/index.ts'
import { createAppend } from '../../src/redis/append-together.ts'
import { createRedisEngine } from '../../src/redis/index.ts'
import type { Reply } from '../../src/redis/store.ts'
import { handClock } from '../support/hand-clock.ts'

/** A store that notes what it is asked, and answers what it is told. */
function createStage(answer: (call: number) => Promise<Reply> | Reply = () => []) {
  const calls: (readonly (string | number)[])[] = []
  const clock = handClock()
  const append = createAppend({
    store: { run: async (_script, ...words) => answer(calls.push(words)) },
    soon: clock.soon,
    about: ['p:', 1, 2, 3],
  })
  return { append, calls, turn: () => clock.advance(0) }
}

const chunks = (...texts: string[]) => ({ fence: 1, expect: 0, chunks: texts })
const added = { outcome: 'added', flags: {} }

describe('adding to many streams', () => {
  it('is one call, whatever is asked for in one turn, in order', async () => {
    const { append, calls, turn } = createStage(() => [['added'], ['added'], ['added']])
    const end = { st: 'done', h: 'abc' } as const
    const adding = [
      append('a', chunks('1', '22')),
      append('b', { ...chunks('3'), fence: 2, expect: 7 }),
      append('a', { fence: 1, expect: 2, chunks: [], end }),
    ]
    expect(calls).toEqual([])
    turn()
    const words = [
      ['p:', 1, 2, 3],
      ['a', 1, 0, '', '', '1,2', 0, 2, '1', '22'],
      ['b', 2, 7, '', '', '1', 0, 1, '3'],
      ['a', 1, 2, JSON.stringify(end), 'done', '', 0, 0],
    ]
    expect(calls).toEqual([words.flat()])
    expect(await Promise.all(adding)).toEqual([added, added, added])
  })

  it('asks again in the next turn, and not when there is nothing', async () => {
    const { append, calls, turn } = createStage(() => [['added']])
    for (const text of ['1', '2']) {
      const adding = append('a', chunks(text))
      turn()
      turn()
      await adding
    }
    expect(calls.map((words) => words.at(-1))).toEqual(['1', '2'])
  })

  it('answers each for itself', async () => {
    const end = { st: 'done', h: 'abc' }
    const replies: readonly [Reply, unknown][] = [
      [['added', ['cancel', '1']], { outcome: 'added', flags: { cancel: '1' } }],
      [['lost'], { outcome: 'lost' }],
      [['fenced'], { outcome: 'fenced' }],
      [['elsewhere', '12'], { outcome: 'elsewhere', tail: 12 }],
      [['ended', JSON.stringify(end)], { outcome: 'ended', end }],
      [['failed', 'WRONGTYPE'], 'Error: WRONGTYPE'],
      [['burnt'], 'Error: the store answered burnt: another version of this package uses it'],
    ]
    const { append, turn } = createStage(() => replies.map(([reply]) => reply))
    const adding = replies.map(() => append('a', chunks('1')).catch(String))
    turn()
    expect(await Promise.all(adding)).toEqual(replies.map(([, becomes]) => becomes))
  })

  it('goes in several calls where one would be long', async () => {
    const { append, calls, turn } = createStage(() => Array.from({ length: 1000 }, () => ['added']))
    const long = 'x'.repeat(65_536)
    const adding = Array.from({ length: 10 }, () => append('a', chunks(long)))
    adding.push(...Array.from({ length: 1000 }, () => append('b', chunks('1'))))
    turn()
    expect(calls.length).toBe(7)
    for (const words of calls) {
      expect(words.length).toBeLessThan(2100)
      expect(words.join('').length).toBeLessThan(400_000)
    }
    expect(new Set((await Promise.all(adding)).map(({ outcome }) => outcome))).toEqual(new Set(['added']))
  })

  it('rejects what was in a call that failed, and nothing else', async () => {
    const { append, turn } = createStage((call) => {
      if (call === 1) throw new Error('gone')
      return [['added']]
    })
    const failing = [append('a', chunks('1')), append('b', chunks('2'))]
    turn()
    const going = append('a', chunks('1'))
    turn()
    for (const one of failing) await expect(one).rejects.toThrow('gone')
    expect(await going).toEqual(added)
  })
})

describeWithProgram('redis', 'adding to many streams in Redis', (program) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(program, { keepsData: false })
  })
  afterAll(() => server.close())
  const opened: Engine[] = []
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
  })

  async function streams(count: number) {
    const prefix = `${randomUUID()}:`
    const engine = createRedisEngine({ redis: server.url, prefix })
    opened.push(engine)
    const ids = Array.from({ length: count }, (_, n) => `st_${n}`)
    const about = { epoch: 'e1', node: 'n', owner: 'o', request: '{}', orphan: 'continue' } as const
    for (const id of ids) await engine.create({ ...about, id, key: id })
    return { engine, ids, prefix }
  }

  it('runs one script for a hundred streams that have something new at once', async () => {
    const { engine, ids } = await streams(100)
    const add = (expected: number) =>
      Promise.all(ids.map((id) => engine.append(id, { fence: 1, expect: expected, chunks: ['{}'] })))
    // The first time its text is sent, and not its name.
    await add(0)
    await server.admin.config('RESETSTAT')
    expect(await add(1)).toEqual(ids.map(() => added))
    expect(await server.admin.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/)
    for (const id of ids) expect((await engine.read(id))?.chunks).toEqual(['{}', '{}'])
  })

  it('adds to the others where one stream cannot be written', async () => {
    const { engine, ids, prefix } = await streams(3)
    await server.admin.set(`${prefix}l:st_1`, 'no log')
    const adding = ids.map((id) => engine.append(id, { fence: 1, expect: 0, chunks: ['{}'] }))
    const outcomes = await Promise.all(adding.map((one) => one.then(({ outcome }) => outcome, String)))
    expect(outcomes).toEqual(['added', expect.stringContaining('WRONGTYPE'), 'added'])
    expect(engine.isReachable).toBe(true)
  })

  it('is a failure of the store where no stream can be written', async () => {
    const { engine, ids } = await streams(3)
    await server.admin.config('SET', 'maxmemory', '1')
    const adding = ids.map((id) => engine.append(id, { fence: 1, expect: 0, chunks: ['{}'] }))
    const outcomes = await Promise.allSettled(adding)
    expect(engine.isReachable).toBe(false)
    await server.admin.config('SET', 'maxmemory', '0')
    for (const outcome of outcomes) expect(String(outcome.status === 'rejected' && outcome.reason)).toContain('OOM')
    const again = ids.map((id) => engine.append(id, { fence: 1, expect: 0, chunks: ['{}'] }))
    expect(await Promise.all(again)).toEqual(ids.map(() => added))
  })
})

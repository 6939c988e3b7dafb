import { describeWithProgram } from '@deltawire/testkit/describe'
import { readChunks } from '@deltawire/node'
import { accumulate } from '@deltawire/core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { followEvents, type Follower, followSocket } from './support/follow.ts'
import { judge, noFaults } from './support/judge.ts'
import type { RelayNode } from './support/relay-node.ts'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { createWorld, type World } from './support/relay-world.ts'
import type { Truth } from './support/truth.ts'

/** After how many chunks the node that reads an answer is killed. After each: `DELTAWIRE_RELAY_KILLS=190`. */
const kills = Number(process.env['DELTAWIRE_RELAY_KILLS'] ?? 3)
const offsets = Array.from({ length: kills }, (_, at) => 1 + Math.floor((at * 190) / kills))

describeWithProgram('redis', 'a relay of several processes', (program) => {
  let redis: RedisServer
  let world: World

  beforeAll(async () => {
    redis = await startRedis(program)
  })
  let close: (() => Promise<void>) | undefined
  afterEach(() => close?.())
  afterAll(() => redis.close())

  /** Nodes and one answer of 200 chunks, which takes a second and a half. */
  async function start(nodes: number, seed: number): Promise<{ truth: Truth; nodes: readonly RelayNode[] }> {
    world = await createWorld({ nodes, redis, answers: [{ seed, length: 200 }], chunkMs: 8 })
    close = world.close
    const [truth] = world.truths
    if (truth === undefined) throw new Error('there is one answer')
    return { truth, nodes: world.nodes }
  }

  /** On each node one reader of each door. */
  function followEverywhere(id: string, nodes: readonly RelayNode[]): Follower[] {
    return nodes.flatMap((node, at) => [
      followSocket(id, `socket on node ${at}`, world.balancer(node)),
      followEvents(id, `events on node ${at}`, world.balancer(node)),
    ])
  }

  const reached = (readers: readonly Follower[], offset: number) =>
    Promise.all(readers.map((reader) => reader.reached(offset)))
  const over = (readers: readonly Follower[]) => Promise.all(readers.map((reader) => reader.over))

  /** What a stranger to the relay finds in the logs. */
  function verdict(readers: readonly Follower[], truth: Truth) {
    const faults = noFaults()
    const ends = readers.map(({ log }) => ({ at: judge(log, truth, faults), end: log.end }))
    return { faults, ends, replaced: readers.filter(({ log }) => log.entries.some(({ replaces }) => replaces)).length }
  }

  const whole = ({ length }: Truth, readers: readonly Follower[]) => ({
    faults: noFaults(),
    ends: readers.map(() => ({ at: length, end: 'done' })),
    replaced: 0,
  })

  it('gives one sum through every node and every door, to those who are late too', async () => {
    const { truth, nodes } = await start(2, 11)
    const [first, second] = nodes
    if (first === undefined || second === undefined) throw new Error('there are two nodes')
    const id = await world.begin(first, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 100)
    readers.push(...followEverywhere(id, nodes))
    const plain = await fetch(`${second.origin}/v1/streams/${id}/events?format=openai`)
    const { completion } = await accumulate(readChunks(plain))
    await over(readers)
    readers.push(...followEverywhere(id, nodes))
    await over(readers)
    expect(verdict(readers, truth)).toEqual(whole(truth, readers))
    expect(completion).toEqual(truth.recording.completion)
    expect(world.timesAsked(truth)).toBe(1)
  })

  it('survives a node that serves: its readers go on elsewhere, where they were', async () => {
    const { truth, nodes } = await start(2, 12)
    const [producer, other] = nodes
    if (producer === undefined || other === undefined) throw new Error('there are two nodes')
    const id = await world.begin(producer, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 60)
    await other.kill()
    await over(readers)
    expect(verdict(readers, truth)).toEqual(whole(truth, readers))
    expect(world.timesAsked(truth)).toBe(1)
  })

  it.each(offsets)(
    'ends an answer once and alike for all when the node that reads it dies (after %i chunks)',
    async (killed) => {
      const { truth, nodes } = await start(3, 13_000 + killed)
      const [producer] = nodes
      if (producer === undefined) throw new Error('there are three nodes')
      const id = await world.begin(producer, truth)
      const readers = followEverywhere(id, nodes)
      await reached(readers, killed)
      await producer.kill()
      const killedAt = performance.now()
      await over(readers)
      const { faults, ends, replaced } = verdict(readers, truth)
      expect({ faults, replaced }).toEqual({ faults: noFaults(), replaced: 0 })
      // The same prefix for everybody.
      expect(new Set(ends.map(({ at }) => at)).size).toBe(1)
      expect(ends[0]?.at).toBeGreaterThanOrEqual(killed)
      expect(new Set(ends.map(({ end }) => end))).toEqual(new Set(['interrupted']))
      expect(Math.max(...readers.map(({ log }) => (log.endedAt ?? Infinity) - killedAt))).toBeLessThan(
        world.leaseMs + 2000,
      )
      await expect.poll(() => world.timesAsked(truth)).toBe(1)
    },
  )

  it('loses nothing when a node is asked to leave: readers go first, and it ends with 0', async () => {
    const { truth, nodes } = await start(2, 14)
    const [leaving] = nodes
    if (leaving === undefined) throw new Error('there are two nodes')
    const id = await world.begin(leaving, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 40)
    const exit = leaving.terminate()
    await over(readers)
    expect(await exit).toBe(0)
    expect(verdict(readers, truth)).toEqual(whole(truth, readers))
    expect(world.timesAsked(truth)).toBe(1)
  })

  it('loses nothing when every node is replaced, one after the other', async () => {
    const { truth, nodes } = await start(3, 17)
    const [producer] = nodes
    if (producer === undefined) throw new Error('there are three nodes')
    const id = await world.begin(producer, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 20)
    const codes: (number | null)[] = []
    for (const node of nodes.slice(0, 3)) {
      await world.addNode()
      codes.push(await node.terminate())
    }
    await over(readers)
    expect(codes).toEqual([0, 0, 0])
    expect(verdict(readers, truth)).toEqual(whole(truth, readers))
    expect(world.timesAsked(truth)).toBe(1)
  })

  it('pauses while the store restarts, and goes on', async () => {
    const { truth, nodes } = await start(2, 15)
    const [producer] = nodes
    if (producer === undefined) throw new Error('there are two nodes')
    const id = await world.begin(producer, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 60)
    await redis.kill()
    await redis.start()
    await over(readers)
    expect(verdict(readers, truth)).toEqual(whole(truth, readers))
  })

  it('brings a running answer back when the store has lost everything', async () => {
    const { truth, nodes } = await start(2, 16)
    const [producer] = nodes
    if (producer === undefined) throw new Error('there are two nodes')
    const id = await world.begin(producer, truth)
    const readers = followEverywhere(id, nodes)
    await reached(readers, 60)
    await redis.admin.flushall()
    await over(readers)
    const { faults, ends } = verdict(readers, truth)
    expect({ faults, ends }).toEqual({ faults: noFaults(), ends: whole(truth, readers).ends })
  })
})

import { describeWithProgram } from '@deltawire/testkit/describe'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startClockedUpstream } from './support/clocked-upstream.ts'
import { followEvents, followSocket } from './support/follow.ts'
import { judgeText, noFaults, type ReaderLog } from './support/judge.ts'
import { createMachine, leadTo, machinesMissing } from './support/network.ts'
import { startNode } from './support/relay-node.ts'
import { ask } from './support/relay-world.ts'
import { withRedis } from './support/with-redis.ts'

const missing = machinesMissing()
if (missing !== undefined) console.warn(`cables: skipped. ${missing}`)

/** How long nothing came, at most. */
const longestPauseMs = ({ entries }: ReaderLog): number =>
  Math.max(...entries.map(({ at }, n) => at - (entries[n - 1]?.at ?? at)))

/** Two nodes, each a machine with a cable to its readers and one to its store, in the network of the kernel. */
describe.skipIf(missing !== undefined)('in a network', () => {
  describeWithProgram('redis', 'nodes with cables', (program) => {
    const stage = withRedis(program)
    const { opened } = stage

    async function nodeOf(upstreamPort: number, leaseMs: number) {
      const machine = createMachine(2)
      opened.push(machine.close)
      const [toReaders, toStore] = machine.cables
      if (toReaders === undefined || toStore === undefined) throw new Error('there are two cables')
      const [store, upstream] = [
        await leadTo(stage.redis.port, toStore.here),
        await leadTo(upstreamPort, toReaders.here),
      ]
      opened.push(store.close, upstream.close)
      const settings = {
        HOST: toReaders.there,
        ANYBODY: 'true',
        UPSTREAM_URL: `http://${toReaders.here}:${upstream.port}`,
        UPSTREAM_KEY: 'mock',
        REDIS: `redis://${toStore.here}:${store.port}`,
        LEASE_MS: leaseMs,
      }
      const node = await startNode(settings, machine.prefix)
      opened.push(node.kill)
      return { node, toReaders, toStore }
    }

    /** Two nodes, the first of which reads an answer of six seconds, and readers of both doors on each. */
    async function start(leaseMs = 10_000, characters = 20) {
      const upstream = await startClockedUpstream({ length: 300, chunkMs: 20, characters })
      opened.push(upstream.close)
      const { port } = new URL(upstream.baseURL)
      const [near, far] = [await nodeOf(Number(port), leaseMs), await nodeOf(Number(port), leaseMs)]
      const { id } = await ask(near.node, 'm')
      const readers = [near, far].flatMap(({ node }, at) => [
        followSocket(id, `socket ${at}`, () => node),
        followEvents(id, `events ${at}`, () => node),
      ])
      opened.push(() => readers.forEach((reader) => reader.leave()))
      await Promise.all(readers.map((reader) => reader.reached(60)))
      const answer = upstream.answer('m')
      /** What a stranger finds in the logs, when all is over. */
      async function verdict() {
        await Promise.all(readers.map(({ over }) => over))
        const faults = noFaults()
        const ends = new Set(readers.map(({ log }) => `${log.end} at ${judgeText(log, answer, faults)}`))
        const replaced = readers.filter(({ log }) => log.entries.some(({ replaces }) => replaces)).length
        return { faults, ends: [...ends], replaced, asked: answer.asked }
      }
      return { near, far, readers, answer, verdict }
    }
    const whole = { faults: noFaults(), ends: ['done at 300'], replaced: 0, asked: 1 }

    it.each([
      ['the cable between readers and the node that reads the model', 'near', 'toReaders'],
      ['the cable between readers and the other node', 'far', 'toReaders'],
      ['the cable between the store and the node that reads the model', 'near', 'toStore'],
      ['the cable between the store and the other node', 'far', 'toStore'],
    ] as const)('%s is pulled for three seconds: a pause', async (_what, which, cable) => {
      const all = await start()
      all[which][cable].pull()
      await sleep(3000)
      all[which][cable].plug()
      expect(await all.verdict()).toEqual(whole)
      const [near, far] = [all.readers.slice(0, 2), all.readers.slice(2)]
      for (const { log } of which === 'far' ? far : near) expect(longestPauseMs(log)).toBeGreaterThan(2000)
    })

    it.each(['near', 'far'] as const)(
      'answers of the store do not come to one node (%s), and what it asks does: a pause',
      async (which) => {
        const all = await start()
        all[which].toStore.loseThere()
        await sleep(3000)
        all[which].toStore.plug()
        expect(await all.verdict()).toEqual(whole)
        const [near, far] = [all.readers.slice(0, 2), all.readers.slice(2)]
        for (const { log } of which === 'far' ? far : near) expect(longestPauseMs(log)).toBeGreaterThan(2000)
      },
    )

    it('the node that reads the model is cut off from the store for longer than its lease: one end for all, at one place', async () => {
      const all = await start(2000)
      all.near.toStore.pull()
      await sleep(5000)
      all.near.toStore.plug()
      const { ends, ...rest } = await all.verdict()
      expect(rest).toEqual({ faults: noFaults(), replaced: 0, asked: 1 })
      expect(ends).toEqual([expect.stringMatching(/^interrupted at \d+$/)])
    })

    it('a slow line carries the sum of what it missed, to the end', async () => {
      const all = await start(10_000, 200)
      // Eight kilobytes a second for two readers, each of whom would need fifteen.
      all.far.toReaders.slowDown(64_000)
      expect(await all.verdict()).toEqual(whole)
      const [, , slow] = all.readers
      const offsets = [0, ...(slow?.log.entries.map(({ position }) => position.o) ?? [])]
      expect(Math.max(...offsets.map((o, at) => o - (offsets[at - 1] ?? 0)).slice(2))).toBeGreaterThan(10)
    })
  })
})

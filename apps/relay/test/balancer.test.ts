import { describeWithProgram } from '@deltawire/testkit/describe'
import { type RedisServer, startRedis } from '@deltawire/testkit/redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Balancer, BALANCERS, startBalancer } from './support/balancer.ts'
import { followEvents, followSocket } from './support/follow.ts'
import { judge, noFaults } from './support/judge.ts'
import { createWorld, type World } from './support/relay-world.ts'

/** Two nodes behind a balancer with the configuration that is deployed. Readers know of the balancer alone. */
describe.each(['haproxy', 'nginx'] as const)('behind %s', (name) => {
  describeWithProgram('redis', `a relay behind ${name}`, (redisProgram) => {
    describeWithProgram(name, `a relay behind ${name}`, (program) => {
      let redis: RedisServer
      const opened: { close(): Promise<void> }[] = []
      beforeAll(async () => {
        redis = await startRedis(redisProgram)
      })
      afterEach(async () => {
        for (const one of opened.splice(0).reverse()) await one.close()
      })
      afterAll(() => redis.close())

      async function start(seed: number) {
        const world: World = await createWorld({ nodes: 2, redis, answers: [{ seed, length: 300 }], chunkMs: 10 })
        opened.push(world)
        const balancer: Balancer = await startBalancer(program, BALANCERS[name], world.nodes)
        opened.push(balancer)
        const [[producer, other], [truth]] = [world.nodes, world.truths]
        if (producer === undefined || other === undefined || truth === undefined) throw new Error('there are two nodes')
        const id = await world.begin(producer, truth)
        const readers = Array.from({ length: 8 }, (_, at) =>
          (at % 2 === 0 ? followSocket : followEvents)(id, `reader ${at}`, () => balancer),
        )
        opened.push({ close: async () => readers.forEach((reader) => reader.leave()) })
        await Promise.all(readers.map((reader) => reader.reached(50)))
        return { world, producer, other, truth, readers, balancer, id }
      }

      /** What a stranger to the relay finds in the logs, when all is over. */
      async function verdictOf({ world, truth, readers }: Awaited<ReturnType<typeof start>>) {
        await Promise.all(readers.map((reader) => reader.over))
        const faults = noFaults()
        const ends = new Set(readers.map(({ log }) => `${log.end} at ${judge(log, truth, faults)}`))
        const replaced = readers.filter(({ log }) => log.entries.some(({ replaces }) => replaces)).length
        return { faults, ends: [...ends], replaced, asked: world.timesAsked(truth) }
      }
      const whole = { faults: noFaults(), ends: ['done at 300'], replaced: 0, asked: 1 }

      it('answers on both doors, and as OpenAI does', async () => {
        const all = await start(51)
        const plain = await fetch(`${all.balancer.origin}/v1/streams/${all.id}/events?format=openai`)
        expect(plain.status).toBe(200)
        expect((await plain.text()).endsWith('data: [DONE]\n\n')).toBe(true)
        expect(await verdictOf(all)).toEqual(whole)
      })

      it('survives a node that is killed: its readers are at the other one, where they were', async () => {
        const all = await start(52)
        await all.other.kill()
        expect(await verdictOf(all)).toEqual(whole)
      })

      it('survives a node that is asked to leave while it reads the model', async () => {
        const all = await start(53)
        const exit = all.producer.terminate()
        expect(await verdictOf(all)).toEqual(whole)
        expect(await exit).toBe(0)
      })
    })
  })
})

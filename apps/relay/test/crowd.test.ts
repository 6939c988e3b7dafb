import { describeWithProgram } from '@deltawire/testkit/describe'
import { isBusy } from '@deltawire/testkit/is-busy'
import { expect, it } from 'vitest'
import { type Answer, type ClockedUpstream, startClockedUpstream } from './support/clocked-upstream.ts'
import { delays, percentile } from './support/delays.ts'
import { followEvents, type Follower, followSocket } from './support/follow.ts'
import { judgeText, noFaults } from './support/judge.ts'
import { kernelBytes, residentBytes } from './support/memory.ts'
import { startReaders } from './support/reader-process.ts'
import { type RelayNode, startNode } from './support/relay-node.ts'
import { ask } from './support/relay-world.ts'
import { withRedis } from './support/with-redis.ts'

/** How many, at once. `DELTAWIRE_RELAY_CROWD=2000 npx vitest run --config vitest.world.config.ts --project relay crowd`. */
const CROWD = Number(process.env['DELTAWIRE_RELAY_CROWD'] ?? 200)
const BYSTANDERS = 10
/** Who is not touched may wait twice as long as before, and so long in any case: two cores carry everybody here. */
const FLOOR_MS = 100
const MIB = 1024 * 1024

describeWithProgram('redis', 'a crowd', (program) => {
  const stage = withRedis(program)
  const { opened } = stage

  async function upstreamOf(pace: Parameters<typeof startClockedUpstream>[0]): Promise<ClockedUpstream> {
    const upstream = await startClockedUpstream(pace)
    opened.push(upstream.close)
    return upstream
  }

  async function nodeOf({ baseURL }: ClockedUpstream, settings: Record<string, number> = {}): Promise<RelayNode> {
    const common = { UPSTREAM_URL: baseURL, UPSTREAM_KEY: 'mock', REDIS: stage.redis.url, MAX_LIVE_STREAMS: 1000 }
    const node = await startNode({ ...common, ...settings })
    opened.push(node.kill)
    return node
  }

  function follow(id: string, count: number, next: () => RelayNode, door = followSocket) {
    const readers = Array.from({ length: count }, (_, at) => door(id, `${door.name} ${at}`, next))
    opened.push(() => readers.forEach((reader) => reader.leave()))
    return readers
  }

  const all = (readers: readonly Follower[], offset: number) =>
    Promise.all(readers.map((reader) => reader.reached(offset)))

  /** Follows through both doors, and tells how late what a model says comes there. */
  function bystand(id: string, node: RelayNode, answer: Answer) {
    const readers = [
      ...follow(id, BYSTANDERS / 2, () => node),
      ...Array.from({ length: BYSTANDERS / 2 }, (_, at) => followEvents(id, `bystander ${at}`, () => node)),
    ]
    opened.push(() => readers.forEach((reader) => reader.leave()))
    /** What the slowest of a hundred waited for, of what was said between these offsets. */
    const p99 = (from: number, to: number): number =>
      percentile(
        readers.flatMap(({ log }) => delays(log, answer, from, to)),
        0.99,
      )
    return { readers, p99 }
  }

  /** What a stranger finds in the logs. */
  function verdict(readers: readonly Follower[], answer: Answer) {
    const faults = noFaults()
    const ends = new Set(readers.map(({ log }) => `${log.end} at ${judgeText(log, answer, faults)}`))
    const replaced = readers.filter(({ log }) => log.entries.some(({ replaces }) => replaces)).length
    return { faults, ends: [...ends], replaced, asked: answer.asked }
  }
  const whole = ({ length }: Answer) => ({ faults: noFaults(), ends: [`done at ${length}`], replaced: 0, asked: 1 })

  const tell = (what: string, figures: object): void =>
    console.info(
      `${CROWD} ${what}: ${JSON.stringify(figures, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value))}`,
    )

  it(
    'that stops reading costs its window each, delays nobody, and is at the head when it wakes',
    { timeout: 120_000 },
    async () => {
      const upstream = await upstreamOf({ length: 1200, chunkMs: 10, characters: 600 })
      const node = await nodeOf(upstream)
      const { id } = await ask(node, 'm')
      const answer = upstream.answer('m')
      const bystanders = bystand(id, node, answer)
      await all(bystanders.readers, 150)
      const calm = bystanders.p99(20, 150)
      // Most of them keep nothing; what some of them have is judged.
      const crowd = await startReaders(node.origin, id, CROWD)
      opened.push(crowd.end)
      const over = crowd.over()
      const judged = follow(id, BYSTANDERS, () => node)
      await all(judged, 200)
      const { port } = new URL(node.origin)
      const before = { kernel: kernelBytes(port), resident: await residentBytes(node.pid) }
      process.kill(crowd.pid, 'SIGSTOP')
      opened.push(() => process.kill(crowd.pid, 'SIGCONT'))
      for (const reader of judged) reader.pause()
      const stoppedAt = answer.saidAt.length
      await all(bystanders.readers, stoppedAt + 350)
      const kernel = (kernelBytes(port) - before.kernel) / CROWD
      const resident = (await residentBytes(node.pid)) - before.resident
      const during = bystanders.p99(stoppedAt, stoppedAt + 350)
      const wokenAt = performance.now()
      process.kill(crowd.pid, 'SIGCONT')
      for (const reader of judged) reader.resume()
      await all(judged, answer.saidAt.length)
      const awakeMs = performance.now() - wokenAt
      tell('stopped', { calm, during, 'kernel KiB each': kernel / 1024, 'resident MiB': resident / MIB, awakeMs })
      // Some 220 kB went by for each.
      expect(kernel).toBeLessThan(64 * 1024)
      expect(resident).toBeLessThan(64 * MIB + CROWD * 16_384)
      if (!isBusy()) {
        expect(during).toBeLessThan(Math.max(2 * calm, FLOOR_MS))
        expect(awakeMs).toBeLessThan(1000)
      }
      const readers = [...judged, ...bystanders.readers]
      await Promise.all([over, ...readers.map((reader) => reader.over)])
      expect(verdict(readers, answer)).toEqual(whole(answer))
    },
  )

  it(
    'whose node is killed is at another at once, where it was, and nobody there waits',
    { timeout: 120_000 },
    async () => {
      const upstream = await upstreamOf({ length: 250, chunkMs: 40, characters: 20 })
      const [staying, dying] = [await nodeOf(upstream), await nodeOf(upstream)]
      const { id } = await ask(staying, 'm')
      const answer = upstream.answer('m')
      const bystanders = bystand(id, staying, answer)
      let next = dying
      const crowd = follow(id, CROWD, () => next)
      await all([...crowd, ...bystanders.readers], 100)
      const calm = bystanders.p99(25, 100)
      const before = await residentBytes(staying.pid)
      next = staying
      await dying.kill()
      const killedAt = performance.now()
      const saidAt = answer.saidAt.length
      await all([...crowd, ...bystanders.readers], saidAt)
      const backMs = performance.now() - killedAt
      const resident = (await residentBytes(staying.pid)) - before
      await all(bystanders.readers, saidAt + 75)
      const during = bystanders.p99(saidAt, saidAt + 75)
      tell('whose node died', { calm, during, backMs, 'resident MiB': resident / MIB })
      expect(backMs).toBeLessThan(isBusy() ? 30_000 : 5_000)
      // The crowd comes back in the process that measures: half a millisecond for each.
      if (!isBusy()) expect(during).toBeLessThan(Math.max(2 * calm, FLOOR_MS + CROWD / 2))
      expect(resident).toBeLessThan(64 * MIB + CROWD * 65_536)
      await Promise.all([...crowd, ...bystanders.readers].map(({ over }) => over))
      expect(verdict([...crowd, ...bystanders.readers], answer)).toEqual(whole(answer))
    },
  )

  it(
    'leaves a node that is asked to go bit by bit: twenty answers end whole, and nothing is reset',
    { timeout: 120_000 },
    async () => {
      const upstream = await upstreamOf({ length: 100, chunkMs: 100, characters: 20 })
      const graceMs = 15_000
      const [staying, leaving] = [await nodeOf(upstream), await nodeOf(upstream, { GRACE_MS: graceMs })]
      const answers = Array.from({ length: 20 }, (_, at) => upstream.answer(`m${at}`))
      const ids = await Promise.all(answers.map((_, at) => ask(leaving, `m${at}`)))
      let next = leaving
      const crowds = ids.map(({ id }) => follow(id, CROWD / ids.length, () => next))
      const everybody = crowds.flat()
      await all(everybody, 10)
      next = staying
      const askedAt = performance.now()
      const exit = leaving.terminate().then((code) => ({ code, tookMs: performance.now() - askedAt }))
      await Promise.all(everybody.map(({ over }) => over))
      const { code, tookMs } = await exit
      const moved = everybody.flatMap(({ log }) => log.connectedAt.slice(1)).map((at) => at - askedAt)
      const counts = new Map<number, number>()
      for (const ms of moved) counts.set(Math.floor(ms / 100), (counts.get(Math.floor(ms / 100)) ?? 0) + 1)
      const busiest = Math.max(...counts.values())
      const mean = moved.length / (Math.max(...moved) / 100)
      tell('asked to leave', { moved: moved.length, busiest, mean, tookMs })
      expect(code).toBe(0)
      expect(tookMs).toBeLessThan(graceMs)
      // Three times the mean, and what chance adds to a small one.
      if (!isBusy()) expect(busiest).toBeLessThanOrEqual(3 * mean + 3 * Math.sqrt(mean) + 3)
      expect(moved.length).toBeGreaterThan(CROWD / 4)
      for (const [at, answer] of answers.entries()) expect(verdict(crowds[at] ?? [], answer)).toEqual(whole(answer))
    },
  )
})

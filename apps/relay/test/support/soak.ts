import { randomNumbers } from '@deltawire/testkit'
import type { RedisServer } from '@deltawire/testkit/redis'
import { setTimeout as sleep } from 'node:timers/promises'
import { startClockedUpstream } from './clocked-upstream.ts'
import { delays, percentile } from './delays.ts'
import { followEvents, type Follower, followSocket } from './follow.ts'
import { type Faults, judgeText, noFaults } from './judge.ts'
import { residentBytes } from './memory.ts'
import type { RelayNode } from './relay-node.ts'
import { createWorld, type World } from './relay-world.ts'

/** What a relay did for a long time while something broke every few seconds. */
export interface SoakFigures extends Faults {
  answers: number
  readers: number
  updates: number
  /** What broke, and how often. */
  readonly broken: Record<string, number>
  /** Answers that another node ended. */
  interrupted: number
  /** Answers that ended in two ways, or in two places. */
  disagreements: number
  /** Answers for which the model was asked more than once. */
  askedAgain: number
  /** From the model's word to the reader, in milliseconds: what half of them, and what one in a hundred, took longer than. */
  p50Ms: number
  p99Ms: number
  /** How the memory of the node to which nothing was done grew, after a third of the time. */
  residentMiBPerHour: number
  residentMiB: number
}

export interface SoakOptions {
  readonly redis: RedisServer
  readonly ms: number
  readonly answersPerSecond: number
  readonly readersEach: number
  readonly seed: number
}

const PACE = { length: 100, chunkMs: 40, characters: 20 }
const FAULT_MS = 5_000
const SAMPLE_MS = 2_000
const MIB = 1024 * 1024

export async function soak({ redis, ms, answersPerSecond, readersEach, seed }: SoakOptions): Promise<SoakFigures> {
  const random = randomNumbers(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const upstream = await startClockedUpstream(PACE)
  const about = { nodes: 3, redis, answers: [], chunkMs: 0, leaseMs: 10_000 }
  const world = await createWorld({ ...about, upstreamURL: upstream.baseURL })
  const [steady] = world.nodes
  if (steady === undefined) throw new Error('there are three nodes')
  const living = new Set<Follower>()
  const figures: SoakFigures = {
    answers: 0,
    readers: 0,
    updates: 0,
    broken: {},
    interrupted: 0,
    disagreements: 0,
    askedAgain: 0,
    p50Ms: 0,
    p99Ms: 0,
    residentMiBPerHour: 0,
    residentMiB: 0,
    ...noFaults(),
  }
  const late: number[] = []
  const samples: [ms: number, mib: number][] = []
  const beganAt = performance.now()
  const isOver = (): boolean => performance.now() - beganAt >= ms

  async function play(name: string): Promise<void> {
    const { id } = await world.beginAnyhow({ name }, world.balancer(anyOf(world)))
    const readers = Array.from({ length: readersEach }, (_, at) =>
      (at % 2 === 0 ? followSocket : followEvents)(id, `${name}, reader ${at}`, world.balancer(anyOf(world))),
    )
    for (const reader of readers) living.add(reader)
    await Promise.all(readers.map(({ over }) => over))
    const answer = upstream.answer(name)
    const ends = new Set<string>()
    for (const reader of readers) {
      living.delete(reader)
      ends.add(`${reader.log.end} at ${judgeText(reader.log, answer, figures)}`)
      figures.updates += reader.log.entries.length
      late.push(...delays(reader.log, answer, 0, PACE.length))
    }
    figures.answers++
    figures.readers += readers.length
    figures.disagreements += Number(ends.size > 1)
    figures.interrupted += Number(!ends.has(`done at ${PACE.length}`))
    figures.askedAgain += Number(answer.asked > 1)
  }

  const anyOf = ({ nodes }: World): RelayNode | undefined => {
    const alive = nodes.filter(({ isAlive }) => isAlive)
    return alive[below(alive.length)]
  }
  const victim = (): RelayNode | undefined => world.nodes.find((node) => node !== steady && node.isAlive)
  const FAULTS: { readonly [what: string]: () => Promise<unknown> } = {
    async 'readers cut'() {
      for (const reader of living) if (random() < 0.3) reader.cut()
    },
    async 'node killed'() {
      await victim()?.kill()
      await world.addNode()
    },
    async 'node asked to leave'() {
      const leaving = victim()
      await world.addNode()
      await leaving?.terminate()
    },
    async 'store killed'() {
      await redis.kill()
      await redis.start()
    },
    'connections of the store cut': () => redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    'subscriptions of the store cut': () => redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  }

  async function breakThings(): Promise<void> {
    const faults = Object.entries(FAULTS)
    for (let turn = 0; !isOver(); turn++) {
      const [what, fault] = faults[turn % faults.length] ?? []
      if (what === undefined) return
      await Promise.all([sleep(FAULT_MS), fault?.()])
      figures.broken[what] = (figures.broken[what] ?? 0) + 1
    }
  }

  async function sample(): Promise<void> {
    while (!isOver()) {
      await sleep(SAMPLE_MS)
      samples.push([performance.now() - beganAt, (await residentBytes(steady?.pid ?? 0)) / MIB])
    }
  }

  async function ask(): Promise<void> {
    const playing: Promise<void>[] = []
    for (let n = 0; !isOver(); n++) {
      playing.push(play(`m${n}`))
      await sleep(beganAt + ((n + 1) * 1000) / answersPerSecond - performance.now())
    }
    await Promise.all(playing)
  }

  try {
    await Promise.all([ask(), breakThings(), sample()])
  } finally {
    for (const reader of living) reader.leave()
    await world.close()
    await upstream.close()
  }
  figures.p50Ms = percentile(late, 0.5)
  figures.p99Ms = percentile(late, 0.99)
  const settled = samples.filter(([at]) => at > ms / 3)
  figures.residentMiBPerHour = slope(settled) * 3_600_000
  figures.residentMiB = settled.at(-1)?.[1] ?? 0
  return figures
}

/** How much y grows with x: least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const over = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  return over / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
}

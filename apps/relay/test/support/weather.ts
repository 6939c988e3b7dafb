import { randomNumbers } from '@deltawire/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { followEvents, type Follower, followSocket } from './follow.ts'
import { type Faults, judge, noFaults } from './judge.ts'
import type { RelayNode } from './relay-node.ts'
import type { RedisServer } from '@deltawire/testkit/redis'
import { createWorld, type World } from './relay-world.ts'
import type { Truth } from './truth.ts'

/** What was done to a relay, and what came of it. */
export interface Figures extends Faults {
  streams: number
  readers: number
  /** Things that readers got. */
  updates: number
  /** Connections of readers that were broken. */
  cuts: number
  /** Nodes that were killed. */
  kills: number
  /** Nodes that were stopped for longer than their lease, and went on. */
  freezes: number
  /** Nodes that were asked to leave. */
  drains: number
  /** Those of them whose answers took longer than their grace: what is not over then is interrupted. */
  longDrains: number
  /** Restarts of the store. */
  restarts: number
  /** Those of them that took more than half a lease. */
  longOutages: number
  /** Answers whose node had died, and which another node ended. */
  takeOvers: number
  /** Times that readers were told to forget what they had, because the store had lost it. */
  replaced: number
  /** Answers that readers saw end in two ways, or in two places. */
  disagreements: number
  /** Answers that could not be begun. */
  unbegun: number
  /** Answers that did not come whole although nobody harmed their node. */
  unexplained: number
  /** Nodes that ended although nobody asked them to. */
  crashes: number
  /** Answers for which the model was asked more than once. */
  askedAgain: number
}

export const noFigures = (): Figures => ({
  streams: 0,
  readers: 0,
  updates: 0,
  cuts: 0,
  kills: 0,
  freezes: 0,
  drains: 0,
  longDrains: 0,
  restarts: 0,
  longOutages: 0,
  takeOvers: 0,
  replaced: 0,
  ...noFaults(),
  disagreements: 0,
  unbegun: 0,
  unexplained: 0,
  crashes: 0,
  askedAgain: 0,
})

/** What must be zero, whatever was done. */
export const harmOf = ({ losses, duplicates, reorders, mixed, endless, ...rest }: Figures) => ({
  losses,
  duplicates,
  reorders,
  mixed,
  endless,
  disagreements: rest.disagreements,
  unbegun: rest.unbegun,
  unexplained: rest.unexplained,
  crashes: rest.crashes,
  askedAgain: rest.askedAgain,
})

const STREAMS = 12
const READERS_EACH = 8
const NODES = 3
/** Answers begin one after the other within so long, while the storm blows; the model thinks before each of them. */
const BEGIN_WITHIN_MS = 2_000
const FIRST_CHUNK_MS = 300
/** As by default: a machine that is busy with all this must not be taken for a dead one. */
const LEASE_MS = 10_000
/** After which a reader that has no end is counted as one that gets none. */
const PATIENCE_MS = 60_000
const LATE_MS = 5_000

interface Running {
  readonly id: string
  readonly truth: Truth
  /** One of these reads it. */
  readonly producers: readonly RelayNode[]
  readonly readers: Follower[]
}

/** Runs some answers with many readers through bad weather, the same for the same seed but for the machine's own moods. */
export async function runWeather(seed: number, redis: RedisServer, figures: Figures): Promise<void> {
  const random = randomNumbers(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const answers = Array.from({ length: STREAMS }, (_, at) => ({ seed: seed * 1000 + at, length: 100 + below(250) }))
  const world = await createWorld({
    nodes: NODES,
    redis,
    answers,
    chunkMs: 12,
    firstChunkMs: FIRST_CHUNK_MS,
    leaseMs: LEASE_MS,
  })
  const running: Running[] = []
  try {
    const harmed = new Set<RelayNode>()
    const isOver = new AbortController()
    const diary: string[] = []
    // Drawn before the storm begins, which draws as long as it blows.
    const moments = world.truths.map(() => below(BEGIN_WITHIN_MS))
    const begun = world.truths.map(async (truth, at) => {
      await sleep(moments[at])
      const one = await begin(world, truth, below)
      running.push(one)
      await Promise.all(one.readers.map(({ over }) => over))
    })
    await Promise.all([
      Promise.race([Promise.all(begun), sleep(PATIENCE_MS, undefined, { ref: false })]).finally(() => isOver.abort()),
      blow({
        world,
        running,
        harmed,
        chosen: new Set(),
        below,
        figures,
        signal: isOver.signal,
        diary,
        isRestarting: false,
      }),
    ])
    figures.unbegun += STREAMS - running.length
    // Whoever comes when all is over finds what the others have.
    for (const one of running) {
      const late = followEvents(one.id, `late reader of ${one.truth.name}`, world.balancer())
      one.readers.push(late)
      await Promise.race([late.over, sleep(LATE_MS, undefined, { ref: false })])
    }
    for (const one of running) count(one, world, harmed, figures, diary)
    for (const { hasCrashed, log } of world.nodes) {
      if (hasCrashed) console.error(log.filter((line) => !line.startsWith('{')).join('\n'))
      figures.crashes += Number(hasCrashed)
    }
  } finally {
    for (const { readers } of running) for (const reader of readers) reader.leave()
    await world.close()
  }
}

async function begin(world: World, truth: Truth, below: (n: number) => number): Promise<Running> {
  const { id, producers } = await world.beginAnyhow(truth, world.balancer(anyOf(world.nodes, below)))
  const readers = Array.from({ length: READERS_EACH }, (_, at) => {
    const next = world.balancer(anyOf(world.nodes, below))
    const name = `reader ${at} of ${truth.name}`
    return at % 2 === 0 ? followSocket(id, name, next) : followEvents(id, name, next)
  })
  return { id, truth, producers, readers }
}

interface Storm {
  readonly world: World
  readonly running: readonly Running[]
  /** Nodes whose answers may have been interrupted. */
  readonly harmed: Set<RelayNode>
  /** Nodes to which something was done: nothing more is. */
  readonly chosen: Set<RelayNode>
  readonly below: (n: number) => number
  readonly figures: Figures
  readonly signal: AbortSignal
  /** What was done to whom, and when: for a message. */
  readonly diary: string[]
  isRestarting: boolean
}

const note = ({ diary }: Storm, what: string): void => void diary.push(`${new Date().toISOString()} ${what}`)

type Gust = (storm: Storm) => Promise<void>

/** What may happen, and how often among a hundred. */
const GUSTS: readonly (readonly [weight: number, gust: Gust])[] = [
  [90, cut],
  [2, kill],
  [2, drain],
  [2, freeze],
  [4, restart],
]

/** Between two things that happen. */
const GUST_MS = 40
/** So many things with nodes and the store for one run: each takes a start of a process. */
const MAX_LARGE = 6

async function blow(storm: Storm): Promise<void> {
  const large: Promise<void>[] = []
  while (!storm.signal.aborted) {
    let pick = storm.below(100)
    const [, gust = cut] = GUSTS.find(([weight]) => (pick -= weight) < 0) ?? []
    if (gust === cut) await cut(storm)
    else if (large.length < MAX_LARGE) {
      const done = gust(storm)
      // Its failure is told at the end, and is no unhandled one until then.
      done.catch(() => {})
      large.push(done)
    }
    await sleep(GUST_MS)
  }
  await Promise.all(large)
}

async function cut({ running, below, figures }: Storm): Promise<void> {
  if (running.length === 0) return
  const { readers } = anyOf(running, below)
  const reader = anyOf(readers, below)
  if (reader.log.end !== undefined) return
  reader.cut()
  figures.cuts++
}

/** A node to which something is done: one at least is left alone. */
function choose({ world, chosen, below }: Storm): RelayNode | undefined {
  const living = world.nodes.filter((node) => node.isAlive && !chosen.has(node))
  if (living.length < 2) return undefined
  const node = anyOf(living, below)
  chosen.add(node)
  return node
}

async function kill(storm: Storm): Promise<void> {
  const node = choose(storm)
  if (node === undefined) return
  storm.harmed.add(node)
  storm.figures.kills++
  note(storm, `kills ${node.origin}`)
  await node.kill()
  await storm.world.addNode()
}

async function drain(storm: Storm): Promise<void> {
  const node = choose(storm)
  if (node === undefined) return
  storm.figures.drains++
  note(storm, `drains ${node.origin}`)
  const askedAt = performance.now()
  const code = await node.terminate()
  // Its last words have five seconds of its grace.
  if (performance.now() - askedAt >= storm.world.graceMs - 5_000) {
    storm.figures.longDrains++
    storm.harmed.add(node)
  }
  if (code !== 0) throw new Error(`a node that was asked to leave ended with ${code}`)
  await storm.world.addNode()
}

async function freeze(storm: Storm): Promise<void> {
  const node = choose(storm)
  if (node === undefined) return
  storm.harmed.add(node)
  storm.figures.freezes++
  note(storm, `freezes ${node.origin}`)
  node.freeze()
  await sleep(storm.world.leaseMs + 1500)
  node.thaw()
  note(storm, `thaws ${node.origin}`)
}

async function restart(storm: Storm): Promise<void> {
  const { redis, leaseMs, nodes } = storm.world
  if (storm.isRestarting) return
  storm.isRestarting = true
  storm.figures.restarts++
  const killedAt = performance.now()
  note(storm, 'kills the store')
  await redis.kill()
  await redis.start()
  note(storm, 'the store is back')
  // A machine that is busy takes its time to start a store. Leases may not last that long, whoever holds them.
  if (performance.now() - killedAt > leaseMs / 2) {
    storm.figures.longOutages++
    for (const node of nodes) storm.harmed.add(node)
  }
  // Two outages in a row are one that is longer than a lease.
  await sleep(leaseMs)
  storm.isRestarting = false
}

function count(
  { id, truth, producers, readers }: Running,
  world: World,
  harmed: Set<RelayNode>,
  figures: Figures,
  diary: readonly string[],
): void {
  figures.streams++
  figures.readers += readers.length
  const ends = new Set<string>()
  const tell = (): void => console.error(accountOf(id, truth, readers, producers, world, diary))
  for (const { log } of readers) {
    figures.updates += log.entries.length
    figures.replaced += log.entries.filter(({ replaces }) => replaces).length
    ends.add(`${log.end} at ${judge(log, truth, figures)}`)
  }
  if (ends.size > 1) {
    figures.disagreements++
    tell()
  }
  const isWhole = ends.has(`done at ${truth.length}`)
  const isExplained = producers.some((node) => harmed.has(node))
  if (!isWhole && isExplained) figures.takeOvers++
  if (!isWhole && !isExplained) {
    figures.unexplained++
    tell()
  }
  if (world.timesAsked(truth) > 1) figures.askedAgain++
}

/** All that is known of an answer with which something is wrong. */
function accountOf(
  id: string,
  truth: Truth,
  readers: readonly Follower[],
  producers: readonly RelayNode[],
  { nodes }: World,
  diary: readonly string[],
): string {
  const steps = readers.map(({ log }) => {
    const positions = log.entries.map(({ position: { e, o }, replaces }) => `${e}.${o}${replaces ? '!' : ''}`)
    const states = log.end === undefined ? log.states : []
    return `${log.reader}: ${log.end} after ${[...positions, ...states].join(' ')}`
  })
  const logs = nodes.flatMap(({ origin, log }) => [`${origin}:`, ...log])
  const by = producers.map(({ origin }) => origin).join(' or ')
  return [`${truth.name} (${id}), of ${truth.length}, read by ${by}`, ...steps, ...diary, ...logs].join('\n')
}

function anyOf<T>(items: readonly T[], below: (n: number) => number): T {
  const item = items[below(items.length)]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}

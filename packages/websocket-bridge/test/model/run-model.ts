import type { EngineEvent, StreamEnd, StreamState } from '../../src/engine.ts'
import { checksum } from '../../src/protocol/checksum.ts'
import { decodeServerFrame } from '../../src/protocol/decode-frame.ts'
import type { WireChunk } from '../../src/protocol/frame.ts'
import { epochOf, type Fork } from '../../src/protocol/position.ts'
import { addWireChunk, createReceiver, type Receiver } from '../../src/protocol/receive.ts'
import { toWireChunk } from '../../src/protocol/wire-chunk.ts'
import { createCursor, type Cursor, move } from '../../src/stream/cursor.ts'
import { createSendRule, type SendRule } from '../../src/stream/send-rule.ts'
import { createStreamLog, type StreamLog } from '../../src/stream/stream-log.ts'
import { createJudge, Violation } from './judge.ts'
import { randomChunk } from './random-chunk.ts'
import { type Random, randomOf } from './random.ts'

/** What happened in a run. */
export interface ModelReport {
  streams: number
  readers: number
  chunks: number
  frames: number
  sums: number
  renames: number
  gaps: number
  disconnections: number
  takeOvers: number
  lostChunks: number
  lostStores: number
  /** Frames that got lost, came twice, or overtook others. */
  spoiled: number
}

/** Two nodes: what is told to each is late by another time. */
const NODES = 2
/** Small, so that logs are cut all the time. */
const KEPT_LENGTH = 300
const MOST_STEPS = 6_000
/** How many frames get lost, come twice, or overtake others. */
const FAULTY = 0.03

/** The store: what is confirmed. */
interface Store {
  lineage: Fork[]
  /** As they travel. */
  chunks: string[]
  /** Of the chunks. */
  sum: WireChunk | undefined
  end: StreamEnd | undefined
}

interface Node {
  log: StreamLog
  rule: SendRule
  readonly coming: EngineEvent[]
}

interface Reader {
  readonly receiver: Receiver
  node: Node | undefined
  cursor: Cursor | undefined
  /** Frames on their way. */
  readonly wire: string[]
  readonly joinsAt: number
}

export const emptyReport = (): ModelReport => ({
  streams: 0,
  readers: 0,
  chunks: 0,
  frames: 0,
  sums: 0,
  renames: 0,
  gaps: 0,
  disconnections: 0,
  takeOvers: 0,
  lostChunks: 0,
  lostStores: 0,
  spoiled: 0,
})

/**
 * Plays one stream: a source, a store that loses what it has, two nodes, readers that come late, go, and come back.
 *
 * Nothing here has a socket or a clock. The judge looks at every frame that a reader took in.
 *
 * @throws Violation
 */
export function runModel(seed: number, report: ModelReport): void {
  const random = randomOf(seed)
  const judge = createJudge('e0')
  const store: Store = { lineage: [{ e: 'e0', at: 0 }], chunks: [], sum: undefined, end: undefined }
  const length = 1 + random.below(60)
  /** Some nodes are far behind. */
  const eagerness = random.pick([0.1, 0.7])
  const nodes = Array.from({ length: NODES }, () => nodeOf(store, random))
  const readers = Array.from({ length: 1 + random.below(6) }, () => readerOf(random.below(length + 10)))
  let lives = 0
  report.streams++
  report.readers += readers.length

  function tell(event: EngineEvent): void {
    for (const node of nodes) node.coming.push(event)
  }

  function produce(): void {
    if (store.end !== undefined) return
    if (judge.chunks.length >= length) {
      if (!random.chance(0.3)) return
      store.end = { st: 'done', h: checksum(store.sum) }
      tell({ kind: 'end', end: store.end })
      return
    }
    const from = store.chunks.length
    for (let count = 1 + random.below(3); count > 0; count--) {
      const chunk = randomChunk(random, judge.chunks.length)
      const wire = toWireChunk(chunk, store.sum)
      store.sum = addWireChunk(store.sum, wire)
      store.chunks.push(JSON.stringify(wire))
      judge.add(chunk)
      report.chunks++
    }
    tell({ kind: 'chunks', from, chunks: store.chunks.slice(from) })
  }

  /** Another node becomes the producer. Half of the time the newest chunks went with the old one. */
  function takeOver(): void {
    if (store.end !== undefined) return
    const lost = random.chance(0.5) ? 0 : Math.min(store.chunks.length, 1 + random.below(8))
    store.chunks.length -= lost
    if (lost > 0) store.sum = sumOf(store.chunks)
    const fork = { e: `e${++lives}`, at: store.chunks.length }
    store.lineage = [...store.lineage, fork]
    judge.fork(fork.e, fork.at)
    report.takeOvers++
    report.lostChunks += lost
    tell({ kind: 'epoch', lineage: store.lineage })
  }

  /** The store loses everything, and its producer brings it back. */
  function loseAll(): void {
    if (store.end !== undefined) return
    const e = `e${++lives}`
    store.lineage = [{ e, at: 0 }]
    judge.fork(e, store.chunks.length)
    report.lostStores++
    tell({ kind: 'reset', state: stateOf(store, random) })
  }

  function hear(node: Node): void {
    const event = node.coming.shift()
    if (event === undefined) return
    // An engine may tell again what it has told.
    if (event.kind === 'chunks' && random.chance(0.05)) node.coming.unshift(event)
    if (node.log.apply(event)) return
    // It attaches again: the state, and from then on what comes.
    node.coming.length = 0
    node.log.reset(stateOf(store, random))
  }

  function restart(node: Node): void {
    Object.assign(node, nodeOf(store, random))
    node.coming.length = 0
    for (const reader of readers) if (reader.node === node) disconnect(reader)
  }

  function disconnect(reader: Reader): void {
    reader.wire.length = 0
    reader.node = reader.cursor = undefined
    report.disconnections++
  }

  function connect(reader: Reader): void {
    reader.node = random.pick(nodes)
    reader.cursor = createCursor(reader.receiver.position, reader.node.log.epoch)
  }

  function send({ node, cursor, wire }: Reader): void {
    if (node === undefined || cursor === undefined || cursor.ended || wire.length >= 3) return
    const step = node.rule.next(cursor.e, cursor.o)
    if ((step !== undefined) !== node.rule.hasNext(cursor.e, cursor.o)) throw new Violation('has a next step, or not')
    if (step === undefined) return
    move(cursor, step)
    // A server that sends to many does not ask again after it.
    if (!cursor.ended && step.isLast === node.rule.hasNext(cursor.e, cursor.o))
      throw new Violation('says whether a step is the last one')
    wire.push(step.frame.text)
    report.frames++
    if (random.chance(FAULTY)) spoil(wire)
    if (step.frame.isWhole) report.sums++
  }

  /** No WebSocket does this; whoever follows two at a time, or by other means, must bear it. */
  function spoil(wire: string[]): void {
    report.spoiled++
    const text = wire.pop() ?? ''
    const kind = random.below(3)
    if (kind === 1) wire.push(text, text)
    if (kind === 2) wire.unshift(text)
  }

  function receive(reader: Reader): void {
    const text = reader.wire.shift()
    if (text === undefined) return
    const frame = decodeServerFrame(text)
    if (frame?.t !== 'd' && frame?.t !== 'end') throw new Violation(`no frame of a stream: ${text}`)
    const before = reader.receiver.position
    const verdict = reader.receiver.receive(frame)
    const { position, sum } = reader.receiver
    if (verdict === 'corrupt') throw new Violation(`corrupt at ${position?.e}.${position?.o}`)
    if (verdict === 'gap') {
      report.gaps++
      disconnect(reader)
      return
    }
    if (verdict === 'renamed') report.renames++
    checkMonotone(before, position, verdict)
    if (position !== undefined) judge.check(position, sum)
    if (verdict === 'ended') judge.checkEnd(position, sum)
  }

  function act(reader: Reader, step: number): void {
    if (reader.joinsAt > step || reader.receiver.end !== undefined) return
    if (reader.node === undefined) connect(reader)
    if (random.chance(0.5)) send(reader)
    if (random.chance(0.6)) receive(reader)
    if (reader.node !== undefined && random.chance(0.04)) disconnect(reader)
  }

  for (let step = 0; step < MOST_STEPS; step++) {
    if (random.chance(0.4)) produce()
    if (random.chance(0.02)) takeOver()
    if (random.chance(0.005)) loseAll()
    for (const node of nodes) {
      if (random.chance(eagerness)) hear(node)
      if (random.chance(0.1)) node.log.trim()
      if (random.chance(0.005)) restart(node)
    }
    for (const reader of readers) act(reader, step)
    if (readers.every(({ receiver }) => receiver.end !== undefined)) return
  }
  // I4: whoever follows a stream hears its end.
  throw new Violation(`no end: ${JSON.stringify(readers.map(({ receiver }) => receiver.position))}`)
}

/** I3: within an epoch a reader only goes forward. */
function checkMonotone(before: Receiver['position'], after: Receiver['position'], verdict: string): void {
  if (before === undefined || after === undefined) return
  if (before.e === after.e && after.o < before.o) throw new Violation(`went back within ${after.e} (${verdict})`)
  if (verdict === 'known' && (before.e !== after.e || before.o !== after.o))
    throw new Violation('moved by what it knew')
}

function nodeOf(store: Store, random: Random): Node {
  const log = createStreamLog(stateOf(store, random), { keptLength: KEPT_LENGTH })
  return { log, rule: createSendRule(log), coming: [] }
}

const readerOf = (joinsAt: number): Reader => ({
  receiver: createReceiver(),
  node: undefined,
  cursor: undefined,
  wire: [],
  joinsAt,
})

/** The state as an engine gives it, compacted up to wherever. */
function stateOf({ lineage, chunks, end }: Store, random: Random): StreamState {
  const base = random.chance(0.5) ? 0 : random.below(chunks.length + 1)
  const sum = base === 0 ? undefined : JSON.stringify(sumOf(chunks.slice(0, base)))
  return {
    id: 's',
    owner: 'o',
    key: 'k',
    request: '{}',
    createdAt: 0,
    orphan: 'continue',
    node: epochOf(lineage),
    fence: 1,
    flags: {},
    status: end?.st ?? 'live',
    lineage,
    base,
    sum,
    chunks: chunks.slice(base),
    end,
  }
}

function sumOf(chunks: readonly string[]): WireChunk | undefined {
  let sum: WireChunk | undefined
  for (const chunk of chunks) sum = addWireChunk(sum, JSON.parse(chunk) as WireChunk)
  return sum
}

import type { EngineEvent, StreamState } from '../engine.ts'
import { epochOf, type Lineage } from '../protocol/position.ts'
import type { Listener } from './channels.ts'
import { formatLineage, isExtension } from './lineage.ts'
import { type Message, readMessage } from './message.ts'
import type { ReadStream } from './state-of.ts'

/** Follows one stream for one listener: messages as long as they fit, and reading where they do not. */
export interface Tail extends Listener {
  readonly id: string
  /** Begins with what was read after the channel was there. */
  begin(state: StreamState): void
  /** Compares with what the store says now, in few words. */
  compare(now: Glance | undefined): void
  stop(): void
}

/** The store in few words. */
export interface Glance {
  readonly epoch: string
  readonly tail: number
  readonly flags: number
  readonly isEnded: boolean
}

export interface TailOptions {
  readonly id: string
  /** Reads a stream from an offset on. */
  readonly read: (id: string, from: number) => Promise<ReadStream | undefined>
  readonly tell: (event: EngineEvent) => void
  readonly now: () => number
  /** How long a producer has to bring back a live stream that the store has lost. */
  readonly patienceMs: number
}

/** Everything. */
const ALL = -1

export function createTail({ id, read, tell, now, patienceMs }: TailOptions): Tail {
  let lineage: Lineage = []
  /** What has been told. */
  let tail = 0
  let flags = new Set<string>()
  let hasEnded = false
  let isOver = false
  /** What came while the stream was read. */
  let held: string[] | undefined = []
  let isStale = false
  let missingSince: number | undefined

  function begin(state: StreamState): void {
    ;({ lineage } = state)
    tail = state.base + state.chunks.length
    flags = new Set(Object.keys(state.flags))
    hasEnded = state.end !== undefined
  }

  function hear(text: string): void {
    if (held !== undefined) held.push(text)
    else if (!isOver) take(readMessage(text))
  }

  function take(message: Message | undefined): void {
    switch (message?.kind) {
      case 'chunks':
        if (message.epoch === epochOf(lineage) && message.from <= tail) add(message.from, message.chunks)
        else synchronize()
        break
      case 'news':
        if (message.epoch !== epochOf(lineage) || message.tail > tail) synchronize()
        break
      case 'end':
        if (message.tail === tail) end(message.end)
        else synchronize()
        break
      case 'epoch':
        if (formatLineage(message.lineage) === formatLineage(lineage)) break
        if (message.lineage.length === lineage.length + 1 && isExtension(message.lineage, lineage))
          goOn(message.lineage)
        else synchronize()
        break
      case 'flag':
        flag(message.name, message.value)
        break
      case 'restored':
        synchronize()
        break
      case undefined:
    }
  }

  function add(from: number, chunks: readonly string[]): void {
    const fresh = chunks.slice(tail - from)
    if (fresh.length === 0) return
    const before = tail
    tail += fresh.length
    tell({ kind: 'chunks', from: before, chunks: fresh })
  }

  function end(how: NonNullable<StreamState['end']>): void {
    if (hasEnded) return
    hasEnded = true
    tell({ kind: 'end', end: how })
  }

  function flag(name: string, value: string): void {
    if (flags.has(name)) return
    flags.add(name)
    tell({ kind: 'flag', name, value })
  }

  function goOn(to: Lineage): void {
    for (const { at } of to.slice(lineage.length)) tail = Math.min(tail, at)
    lineage = to
    tell({ kind: 'epoch', lineage })
  }

  function reset(state: StreamState): void {
    begin(state)
    tell({ kind: 'reset', state })
  }

  /** Reads what was missed. Messages wait for it. */
  function synchronize(): void {
    isStale = true
    if (held !== undefined || isOver) return
    held = []
    void readAll().then(release)
  }

  async function readAll(): Promise<void> {
    try {
      while (isStale && !isOver) {
        isStale = false
        const found = await read(id, tail)
        if (!isOver) await catchUp(found)
      }
    } catch {
      // The store does not answer: the next comparison finds what is missing.
      isStale = false
    }
  }

  async function catchUp(found: ReadStream | undefined): Promise<void> {
    if (found === undefined) return miss()
    missingSince = undefined
    const { state } = found
    const isSame = formatLineage(state.lineage) === formatLineage(lineage)
    if (!isSame && isExtension(state.lineage, lineage)) {
      goOn(state.lineage)
      isStale = true
      return
    }
    if (!isSame || (found.isWhole && found.tail >= tail)) {
      const whole = found.isWhole ? found : await read(id, ALL)
      if (whole !== undefined && !isOver) reset(whole.state)
      return
    }
    // The store has lost its newest chunks: their producer adds the same again.
    if (found.tail < tail) return
    add(found.from, state.chunks)
    for (const [name, value] of Object.entries(state.flags)) flag(name, value)
    if (state.end !== undefined) end(state.end)
  }

  function miss(): void {
    missingSince ??= now()
    if (!hasEnded && now() - missingSince < patienceMs) return
    isOver = true
    tell({ kind: 'gone' })
  }

  function release(): void {
    const texts = held ?? []
    held = undefined
    for (const text of texts) hear(text)
    // Something asked for it after the last answer had come.
    if (isStale && held === undefined) synchronize()
  }

  return {
    id,
    begin(state) {
      begin(state)
      release()
    },
    hear,
    missed: synchronize,
    compare(glance) {
      if (isOver || held !== undefined) return
      const isUnchanged =
        glance !== undefined &&
        glance.epoch === epochOf(lineage) &&
        glance.tail === tail &&
        glance.flags === flags.size &&
        glance.isEnded === hasEnded
      if (!isUnchanged) synchronize()
    },
    stop() {
      isOver = true
    },
  }
}

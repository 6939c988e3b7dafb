import type { Clock } from '../clock.ts'
import type { Attachment, Engine, EngineEvent, StreamState } from '../engine.ts'
import type { Position } from '../protocol/position.ts'
import { createCursor, type Cursor, move } from '../stream/cursor.ts'
import { createSendRule, type SendRule } from '../stream/send-rule.ts'
import type { SharedFrame } from '../stream/shared-frame.ts'
import { createStreamLog, type StreamLog } from '../stream/stream-log.ts'
import type { AboutStream } from './principal.ts'

/** Whoever follows a stream, through whichever door. */
export interface Reader {
  readonly cursor: Cursor
  /** Whether it takes a frame now. */
  readonly isReady: boolean
  /** There is a frame that it did not take. It asks to be served (`serve`) when it does. */
  held(): void
  send(frame: SharedFrame): void
  /** The stream is no more. */
  gone(): void
  /** Nothing has come from the source for so long. */
  stalled(ms: number): void
}

/** A stream that this node is attached to. */
export interface LocalStream extends AboutStream {
  readonly log: StreamLog
  readonly rule: SendRule
  readonly readers: Set<Reader>
  readonly createdAt: number
  readonly request: string
  readonly orphan: StreamState['orphan']
  readonly key: string
  readonly flags: { [name: string]: string }
  readonly flagListeners: Set<(name: string, value: string) => void>
  /** How many need it though they do not read: its producer. */
  holds: number
  /** When it last changed. */
  changedAt: number
  /** Since when nobody needs it. */
  idleSince: number | undefined
  stalledSaid: boolean
  /** The store went on where this node could not follow, and has not answered since. */
  isBehind: boolean
}

export interface LocalStreamsOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly stalledAfterMs: number
  /** A stream has something new for its readers. Urgent is what must not be held back: the first chunk, the end. */
  readonly onChange: (stream: LocalStream, chunks: number, isUrgent: boolean) => void
}

/** The streams that this node is attached to: one attachment each, however many follow. */
export interface LocalStreams {
  /** Attaches, unless that has happened. `undefined` if there is no such stream. */
  open(id: string): Promise<LocalStream | undefined>
  /** Adds a reader, which is sent at once what there is. */
  follow(stream: LocalStream, reader: Reader): void
  leave(stream: LocalStream, reader: Reader): void
  /** Sends a reader all that it takes. */
  serve(stream: LocalStream, reader: Reader): void
  /** Once a second. */
  tick(): void
  readonly all: ReadonlyMap<string, LocalStream>
  close(): void
}

/** An attachment that tells nothing until somebody is ready to hear. */
interface Hearing extends Attachment {
  begin(listener: (event: EngineEvent) => void): void
}

/** How long a stream is kept attached that nobody needs: a reload finds it here. */
const IDLE_MS = 30_000

export const cursorFor = (stream: LocalStream, from: Position | undefined): Cursor =>
  createCursor(from, stream.log.epoch)

export function createLocalStreams(options: LocalStreamsOptions): LocalStreams {
  const { engine, clock, onChange, stalledAfterMs } = options
  const all = new Map<string, LocalStream>()
  const opening = new Map<string, Promise<LocalStream | undefined>>()
  const detachments = new Map<string, () => void>()
  let isClosed = false

  async function open(id: string): Promise<LocalStream | undefined> {
    const known = all.get(id)
    if (known !== undefined) return known
    const pending = opening.get(id) ?? attach(id).finally(() => opening.delete(id))
    opening.set(id, pending)
    return pending
  }

  async function attach(id: string): Promise<LocalStream | undefined> {
    const attachment = await hearing(id)
    if (attachment === undefined) return undefined
    if (isClosed) {
      attachment.detach()
      return undefined
    }
    const stream = localStreamOf(attachment.state, clock.now())
    all.set(id, stream)
    detachments.set(id, attachment.detach)
    attachment.begin((event) => take(stream, event))
    return stream
  }

  /** Attaches. What comes between the state and its answer waits for `begin`. */
  async function hearing(id: string): Promise<Hearing | undefined> {
    const early: EngineEvent[] = []
    let listener = (event: EngineEvent): void => void early.push(event)
    const attachment = await engine.attach(id, (event) => listener(event))
    if (attachment === undefined) return undefined
    return {
      ...attachment,
      begin(then) {
        listener = then
        for (const event of early) then(event)
      },
    }
  }

  function take(stream: LocalStream, event: EngineEvent): void {
    const { log } = stream
    const wasEmpty = log.tail === 0
    if (!log.apply(event)) void synchronize(stream)
    stream.changedAt = clock.now()
    stream.stalledSaid = false
    switch (event.kind) {
      case 'flag':
        stream.flags[event.name] = event.value
        for (const listener of stream.flagListeners) listener(event.name, event.value)
        break
      case 'gone':
        drop(stream)
        for (const reader of stream.readers) reader.gone()
        stream.readers.clear()
        break
      case 'chunks':
        onChange(stream, event.chunks.length, wasEmpty)
        break
      case 'end':
      case 'epoch':
      case 'reset':
        onChange(stream, 1, true)
        break
    }
  }

  /**
   * The store went on where this node cannot follow: it attaches again.
   *
   * Reading the state would not do: what is told between the state and its answer would be lost, or come twice.
   */
  async function synchronize(stream: LocalStream): Promise<void> {
    const { id } = stream
    stream.isBehind = false
    detachments.get(id)?.()
    try {
      const attachment = await hearing(id)
      if (all.get(id) !== stream) attachment?.detach()
      else if (attachment === undefined) take(stream, { kind: 'gone' })
      else {
        detachments.set(id, attachment.detach)
        take(stream, { kind: 'reset', state: attachment.state })
        attachment.begin((event) => take(stream, event))
      }
    } catch {
      // The store does not answer, which says nothing of the stream: its readers stay, and it is asked again in a second.
      stream.isBehind = true
    }
  }

  function drop(stream: LocalStream): void {
    if (all.get(stream.id) !== stream) return
    all.delete(stream.id)
    detachments.get(stream.id)?.()
    detachments.delete(stream.id)
  }

  function serve(stream: LocalStream, reader: Reader): void {
    const { cursor } = reader
    const { rule } = stream
    while (!cursor.ended) {
      // Asked before the frame is made: those who do not read must not cost anything.
      if (!reader.isReady) {
        if (rule.hasNext(cursor.e, cursor.o)) reader.held()
        return
      }
      const step = rule.next(cursor.e, cursor.o)
      if (step === undefined) return
      move(cursor, step)
      reader.send(step.frame)
      if (cursor.ended) leave(stream, reader)
      if (step.isLast) return
    }
  }

  function leave(stream: LocalStream, reader: Reader): void {
    stream.readers.delete(reader)
    noteNeed(stream)
  }

  function noteNeed(stream: LocalStream): void {
    if (stream.readers.size > 0 || stream.holds > 0) stream.idleSince = undefined
    else stream.idleSince ??= clock.now()
  }

  function tick(): void {
    const now = clock.now()
    for (const stream of all.values()) {
      noteNeed(stream)
      if (stream.isBehind) void synchronize(stream)
      if (stream.idleSince !== undefined && now - stream.idleSince >= IDLE_MS) drop(stream)
      const silentMs = now - stream.changedAt
      if (stream.stalledSaid || stream.log.end !== undefined || silentMs < stalledAfterMs) continue
      stream.stalledSaid = true
      for (const reader of stream.readers) reader.stalled(silentMs)
    }
  }

  return {
    open,
    serve,
    leave,
    tick,
    follow(stream, reader) {
      stream.readers.add(reader)
      noteNeed(stream)
      serve(stream, reader)
    },
    all,
    close() {
      isClosed = true
      for (const stream of all.values()) drop(stream)
    },
  }
}

function localStreamOf(state: StreamState, now: number): LocalStream {
  const { id, owner, topic, createdAt, request, orphan, key, flags } = state
  const log = createStreamLog(state)
  return {
    id,
    owner,
    topic,
    createdAt,
    request,
    orphan,
    key,
    log,
    flags: { ...flags },
    rule: createSendRule(log),
    readers: new Set(),
    flagListeners: new Set(),
    holds: 0,
    changedAt: now,
    idleSince: now,
    stalledSaid: false,
    isBehind: false,
  }
}

import type { Hub } from '../hub/hub.ts'
import type { LocalStream } from '../hub/local-streams.ts'
import { goingAway } from '../hub/refusals.ts'
import type { Position } from '../protocol/position.ts'
import { Refusal } from '../refusal.ts'
import { frameEvents, openaiEvents } from './event-format.ts'
import { createEventReader, type EventReader } from './event-reader.ts'

/** What is to be followed, by whom, and how it is written. */
export interface EventsOrder {
  /** Whose answer it is: it ends when this aborts. */
  readonly request: Request
  readonly stream: LocalStream
  readonly from: Position | undefined
  readonly format: 'frames' | 'openai'
  readonly headers?: Readonly<Record<string, string>>
  /** Unix milliseconds: who comes back after that needs another token. */
  readonly expiresAt?: number | undefined
}

/** The answers of this node that follow a stream. */
export interface EventStreams {
  answer(order: EventsOrder): Response
  /** Answers that are waited for: they take room as those do that are open. */
  readonly waiting: Set<AbortController>
  /** @throws Refusal where this node holds as many answers as it may */
  checkRoom(): void
  /** Ends the answers of clients that come back by themselves, one after the other within so long. */
  drain(withinMs: number): void
  /** Ends every answer. */
  close(): void
  readonly size: number
}

export interface EventStreamsOptions {
  readonly hub: Hub
  readonly heartbeatMs: number
  readonly recycleMs: number
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Neither kept nor compressed on the way: both would hold events back.
  'cache-control': 'no-cache, no-transform',
  // nginx collects answers unless it is told not to.
  'x-accel-buffering': 'no',
}

export function createEventStreams({ hub, heartbeatMs, recycleMs }: EventStreamsOptions): EventStreams {
  const { clock } = hub
  /** With when each is to end, by the clock of the relay. */
  const readers = new Map<EventReader, number>()
  const waiting = new Set<AbortController>()
  let isClosed = false
  hub.onTick(() => {
    const now = clock.now()
    for (const [reader, endsAt] of readers) {
      if (reader.canResume && now >= endsAt) reader.end()
      else reader.tick(now)
    }
  })

  function answer({ request, stream, from, format, headers, expiresAt = Infinity }: EventsOrder): Response {
    if (isClosed) throw goingAway()
    // Nobody is there to read it.
    if (request.signal.aborted) return new Response(null, { status: 499 })
    // Not every server tells a body that its reader has gone.
    const leave = (): void => reader.end()
    const reader = createEventReader({
      hub,
      stream,
      from,
      heartbeatMs,
      recycleMs,
      format: format === 'openai' ? openaiEvents(stream, from) : frameEvents(),
      onLeft(left) {
        readers.delete(left)
        request.signal.removeEventListener('abort', leave)
      },
    })
    if (!reader.hasEnded) {
      readers.set(reader, Math.min(reader.endsAt, clock.now() + expiresAt - clock.date()))
      request.signal.addEventListener('abort', leave)
    }
    return new Response(reader.body, { headers: { ...HEADERS, ...headers } })
  }

  function checkRoom(): void {
    const { maxSockets } = hub.limits
    if (readers.size + waiting.size < maxSockets) return
    throw new Refusal('too_many', `No more than ${maxSockets} answers at once on this node (maxSockets).`, {
      retryMs: 1_000,
    })
  }

  return {
    answer,
    waiting,
    checkRoom,
    drain(withinMs) {
      const now = clock.now()
      for (const [reader, endsAt] of readers) readers.set(reader, Math.min(endsAt, now + clock.random() * withinMs))
    },
    close() {
      isClosed = true
      for (const reader of readers.keys()) reader.end()
    },
    get size() {
      return readers.size
    },
  }
}

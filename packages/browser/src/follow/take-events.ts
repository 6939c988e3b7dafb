import { eventsIn } from '../transport/events-in.ts'
import type { OpenStream } from '../transport/transport.ts'
import { connectionLost } from './connection-lost.ts'
import { createOrder } from './create-order.ts'
import type { Environment } from './environment.ts'
import type { FollowOptions, Position } from './follow.ts'

/** So many chunks are taken before the clock is asked, and so long before the page gets its turn. */
const CHUNKS_PER_LOOK = 64
const SLICE_MS = 8

/** A page that was away for so long has a connection that may be dead without knowing it. */
const STALE_MS = 10_000

/** Takes what comes over one connection: what is new of it, in order, and with the page's leave. */
export async function takeEvents(
  events: OpenStream['events'],
  position: Position,
  connection: AbortController,
  environment: Environment,
  take: FollowOptions['take'],
): Promise<void> {
  const { signal } = connection
  const isNew = createOrder(position.lastEventId)
  let count = 0
  let sliceStart = environment.now()
  let lastChunkAt = sliceStart
  const unwatch = environment.onWake(() => {
    if (position.streamId !== undefined && environment.now() - lastChunkAt > STALE_MS)
      connection.abort(connectionLost('the page was away'))
  })
  try {
    for await (const given of events)
      for (const { chunk, id, isWhole } of eventsIn(given)) {
        signal.throwIfAborted()
        const last = position.lastEventId
        if (id !== undefined && !isNew(id)) {
          // After new ones nobody can tell whether it comes twice or too late: from the beginning, then.
          if (count === 0 || id === last) continue
          position.lastEventId = undefined
          throw connectionLost('events out of order')
        }
        take(chunk, isWhole ?? (count === 0 && last === undefined))
        position.lastEventId = id ?? last
        lastChunkAt = environment.now()
        if (++count % CHUNKS_PER_LOOK === 0 && lastChunkAt - sliceStart > SLICE_MS) {
          await environment.yield()
          sliceStart = environment.now()
        }
      }
  } finally {
    unwatch()
  }
}

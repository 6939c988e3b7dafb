import type { DataFrame, EndFrame, ErrFrame, OkFrame } from '../protocol/frame.ts'
import type { Beginning } from '../protocol/receive.ts'
import type { Clock } from './clock.ts'
import { createFollowedStream, type FollowedStream } from './followed-stream.ts'
import type { Link } from './link.ts'
import type { RelayError } from './relay-error.ts'
import type { Reader } from './relay-reader.ts'

/** The streams that this client follows, and which link carries which of them. */
export interface Subscriptions {
  /** @param on the link that carries it already */
  read(id: string, from: Beginning | undefined, on?: Link): { id: string; stream: FollowedStream; reader: Reader }
  /** Subscribes on a link to what it does not carry yet. */
  sayAll(link: Link): void
  lost(link: Link): void
  receive(link: Link, frame: DataFrame | EndFrame): void
  answer(link: Link, frame: OkFrame): void
  refuse(link: Link, frame: ErrFrame, error: RelayError): void
  /** Whether a link carries everything. */
  isSettled(link: Link): boolean
  fail(reason: RelayError): void
}

interface Around {
  readonly clock: Clock
  /** Where to send to, if anywhere. */
  readonly linkOf: () => Link | undefined
  readonly nextId: () => string
}

/** When a subscription is asked for again that the server could not give. */
const RETRY_MS = 1000

export function createSubscriptions({ clock, linkOf, nextId }: Around): Subscriptions {
  const streams = new Map<string, FollowedStream>()
  /** The streams of each link, with the id of the request where it has no answer yet. */
  const carried = new Map<Link, Map<string, string | undefined>>()
  const retries = new Set<unknown>()
  let over: RelayError | undefined

  const on = (link: Link): Map<string, string | undefined> => {
    const ids = carried.get(link) ?? new Map<string, string | undefined>()
    carried.set(link, ids)
    return ids
  }

  function subscribe(link: Link, id: string): void {
    const request = nextId()
    on(link).set(id, request)
    link.send({ t: 'sub', id: request, s: id, from: streams.get(id)?.position })
  }

  function sayAll(link: Link): void {
    for (const id of streams.keys()) if (!on(link).has(id)) subscribe(link, id)
  }

  /** The subscription is over, on whichever link. */
  function forget(id: string): void {
    streams.delete(id)
    for (const ids of carried.values()) ids.delete(id)
  }

  function leave(id: string): void {
    for (const [link, ids] of carried) if (ids.has(id)) link.send({ t: 'unsub', s: id })
    forget(id)
  }

  function retryIn(ms: number): void {
    const timer = clock.setTimeout(() => {
      retries.delete(timer)
      const link = linkOf()
      if (link !== undefined) sayAll(link)
    }, ms)
    retries.add(timer)
  }

  return {
    sayAll,
    lost: (link) => void carried.delete(link),
    read(id, from, link) {
      const stream = streams.get(id) ?? createFollowedStream(from)
      streams.set(id, stream)
      if (link !== undefined) on(link).set(id, undefined)
      const isTooLittle = stream.isPart && from === undefined
      if (isTooLittle) stream.forget()
      const reader = stream.read(from, () => {
        if (streams.get(id) === stream) leave(id)
      })
      const newest = linkOf()
      if (over !== undefined) stream.fail(over)
      else if (newest !== undefined && (isTooLittle || !on(newest).has(id))) subscribe(newest, id)
      return { id, stream, reader }
    },
    receive(link, frame) {
      const stream = streams.get(frame.s)
      if (stream === undefined) return
      // What comes before the answer to `sub` belongs to an earlier subscription.
      const isMissing = stream.receive(frame) && on(link).get(frame.s) === undefined
      if (isMissing) stream.missed()
      if (stream.isOver) leave(frame.s)
      else if (isMissing) subscribe(link, frame.s)
    },
    answer(link, frame) {
      for (const [id, request] of on(link)) if (request === frame.id) on(link).set(id, undefined)
    },
    refuse(link, frame, error) {
      const [id] = [...on(link)].find(([stream, request]) => stream === frame.s || request === frame.id) ?? []
      if (id === undefined) return
      on(link).delete(id)
      const isForNow = frame.retryMs !== undefined || frame.code === 'unavailable' || frame.code === 'draining'
      if (isForNow) return retryIn(frame.retryMs ?? RETRY_MS)
      streams.get(id)?.fail(error)
      forget(id)
    },
    isSettled: (link) => [...on(link).values()].every((request) => request === undefined),
    fail(reason) {
      over = reason
      for (const timer of retries) clock.clearTimeout(timer)
      for (const stream of streams.values()) stream.fail(reason)
      streams.clear()
      carried.clear()
    },
  }
}

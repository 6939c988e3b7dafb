import type { DataFrame, EndFrame, Status, WireChunk } from '../protocol/frame.ts'
import type { Position } from '../protocol/position.ts'
import { type Beginning, createReceiver, type Received } from '../protocol/receive.ts'
import type { Link } from './link.ts'
import { RelayError } from './relay-error.ts'
import { createReader, type Reader } from './relay-reader.ts'
import { remainder, saysTheSame } from './remainder.ts'
import { ANSWERED, type Want, type Wants } from './wants.ts'

/** A stream that this client follows, and its readers. */
export interface FollowedStream {
  receive(link: Link, frame: DataFrame | EndFrame): void
  read(from?: Beginning): Reader
  readonly position: Position | undefined
  readonly status: Status | undefined
}

/** How an end is told to a reader that is none. */
const FAILURES: { readonly [status: string]: string } = {
  failed: 'the source failed',
  interrupted: 'the node that read it died',
  limit: 'the answer passed a limit',
}

/** A server whose frames never fit together does not do what the protocol says. */
const MAX_MISSES = 8

/** What is followed, by the names of the streams. */
export type FollowedStreams = Map<string, FollowedStream>

/**
 * Follows a stream, from its beginning or from what somebody has received before, until it ends or its last reader leaves.
 *
 * @param has the link that carries it already
 */
export function followStream(
  s: string,
  first: Beginning | undefined,
  wants: Wants,
  streams: FollowedStreams,
  has?: Link,
): FollowedStream {
  const receiver = createReceiver(first)
  const readers = new Set<Reader>()
  let isPart = first !== undefined && first.sum === undefined
  /** What readers were given before all of it was forgotten. */
  let before: WireChunk | undefined
  let isDamaged = false
  let misses = 0
  let status: Status | undefined
  let end: { readonly reason: RelayError | undefined } | undefined

  function finish(reason?: RelayError): void {
    end ??= { reason }
    for (const reader of readers) reader.end(end.reason)
  }

  /** Gives a reader all that there is, as what is to be added to what it has, if that can be. */
  function bring(reader: Reader, hasSome: boolean, had: WireChunk | undefined): void {
    const { sum = {} } = receiver
    const rest = hasSome ? had && remainder(had, sum) : sum
    if (rest === undefined) reader.replace(sum)
    else if (had === undefined ? rest === receiver.sum : !saysTheSame(had, sum)) reader.add(rest)
  }

  /** All of it came at once: readers get what is new in it. */
  function bringAll(had: WireChunk | undefined): void {
    for (const reader of readers) bring(reader, isPart || had !== undefined, isPart ? undefined : had)
    isPart = false
    before = undefined
  }

  /** @returns whether something is missing */
  function receive(frame: DataFrame | EndFrame): boolean {
    const had = receiver.sum ?? before
    const verdict = judge(frame)
    if (verdict === 'gap') return true
    if (frame.t === 'end') return receiveEnd(frame, verdict)
    status ??= 'live'
    if (verdict !== 'added' && verdict !== 'replaced') return false
    misses = 0
    if (frame.n === frame.o) bringAll(had)
    else for (const reader of readers) for (const chunk of frame.c) reader.add(chunk)
    return false
  }

  function receiveEnd({ o, st, err }: EndFrame, verdict: Received): boolean {
    // Of a part the checksum says nothing; the offset does.
    if (verdict === 'corrupt' && !(isPart && receiver.position?.o === o)) {
      if (isDamaged) finish(new RelayError('corrupt', 'the answer arrived damaged, twice'))
      isDamaged = true
      forget()
      return true
    }
    // An empty stream has an end and no data.
    if (before !== undefined) bringAll(before)
    status = st
    const failure = FAILURES[st]
    // Whatever has a message is no `done`, and a code of its own.
    finish(failure === undefined ? undefined : new RelayError(st as 'failed', err?.message ?? failure, { error: err }))
    return false
  }

  /** Content that is none breaks the sum. That is found out at the end, and repaired. */
  function judge(frame: DataFrame | EndFrame): Received {
    try {
      return receiver.receive(frame)
    } catch {
      return 'gap'
    }
  }

  function forget(): void {
    before = receiver.sum ?? before
    receiver.reset()
  }

  function give(reader: Reader, from: Beginning | undefined): void {
    const { sum, position } = receiver
    if (end !== undefined) reader.end(end.reason)
    if (sum === undefined || isPart) return
    if (from?.position.e === position?.e && from?.position.o === position?.o) return
    bring(reader, from !== undefined, from?.sum)
  }

  const want: Want = {
    s,
    on: new Map(has && [[has, ANSWERED]]),
    frame: (id) => ({ t: 'sub', id, s, from: receiver.position }),
    reject(reason) {
      finish(reason)
      leave()
    },
  }

  function leave(): void {
    wants.drop(want, { t: 'unsub', s })
    // Somebody may follow it anew.
    if (streams.get(s) === stream) streams.delete(s)
  }

  const stream: FollowedStream = {
    receive(link, frame) {
      // What comes before the answer to `sub` belongs to an earlier subscription.
      const isMissing = receive(frame) && want.on.get(link) === ANSWERED
      // A position that the relay does not know, for whatever reason, is no place to go on from.
      if (isMissing && ++misses === MAX_MISSES / 2) forget()
      if (misses > MAX_MISSES) finish(new RelayError('corrupt', 'the frames do not fit together'))
      if (end !== undefined) leave()
      else if (isMissing) wants.say(want, link)
    },
    read(from) {
      const reader = createReader(receiver, from !== undefined, () => {
        if (readers.delete(reader) && readers.size === 0) leave()
      })
      readers.add(reader)
      if (isPart && from === undefined) {
        forget()
        wants.say(want)
      }
      give(reader, from)
      return reader
    },
    get position() {
      return receiver.position
    },
    get status() {
      return status
    },
  }
  streams.set(s, stream)
  wants.add(want)
  return stream
}

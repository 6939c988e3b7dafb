import type { DataFrame, EndFrame, Status, WireChunk } from '../protocol/frame.ts'
import type { Position } from '../protocol/position.ts'
import { addWireChunk, type Beginning, createReceiver, type Received } from '../protocol/receive.ts'
import { RelayError } from './relay-error.ts'
import { createReader, type Reader } from './relay-reader.ts'
import { remainder, saysTheSame } from './remainder.ts'

/** A stream that this client follows, and its readers. */
export interface FollowedStream {
  /**
   * Takes in a frame.
   *
   * @returns whether to subscribe again, from the position that there is now
   */
  receive(frame: DataFrame | EndFrame): boolean
  /** Counts a subscription that had to be asked for again. Too many in a row, and the stream fails. */
  missed(): void
  /** The stream will not go on. */
  fail(reason: RelayError): void
  /** @param leave called when the last reader has left */
  read(from: Beginning | undefined, leave: () => void): Reader
  /** Whether only a later part is known: a reader who wants all of it needs another subscription. */
  readonly isPart: boolean
  /** Forgets what was received, to begin again. */
  forget(): void
  readonly position: Position | undefined
  readonly status: Status | undefined
  readonly isOver: boolean
}

/** How an end is told to a reader that is none. */
const FAILURES: { readonly [status: string]: string } = {
  failed: 'the source failed',
  interrupted: 'the node that read the source died',
  limit: 'the answer passed a limit of the relay',
}

/** A server whose frames never fit together does not do what the protocol says. */
const MAX_MISSES = 8

/** Makes a stream of which nothing has been received, or what somebody has received before. */
export function createFollowedStream(first: Beginning | undefined): FollowedStream {
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

  function tell(chunks: readonly WireChunk[]): void {
    for (const reader of readers) for (const chunk of chunks) reader.add(chunk)
  }

  /** All of it came at once: readers get what is new in it. */
  function tellWhole(had: WireChunk | undefined, chunks: readonly WireChunk[]): void {
    const { sum = {} } = receiver
    if (had === undefined && !isPart) return tell(chunks)
    const rest = had === undefined || isPart ? undefined : remainder(had, sum)
    isPart = false
    if (rest === undefined) for (const reader of readers) reader.replace(sum)
    else if (had !== undefined && !saysTheSame(had, sum)) tell([rest])
  }

  function receiveData(frame: DataFrame): boolean {
    const had = receiver.sum ?? before
    const verdict = judge(frame)
    if (verdict === 'gap') return true
    status ??= 'live'
    if (verdict !== 'added' && verdict !== 'replaced') return false
    misses = 0
    if (frame.n === frame.o) tellWhole(had, frame.c)
    else tell(frame.c)
    before = undefined
    return false
  }

  function receiveEnd(frame: EndFrame): boolean {
    const verdict = judge(frame)
    if (verdict === 'gap') return true
    // Of a part the checksum says nothing; the offset does.
    if (verdict === 'corrupt' && !(isPart && receiver.position?.o === frame.o)) {
      if (isDamaged) finish(new RelayError('corrupt', 'the answer arrived damaged, twice'))
      isDamaged = true
      forget()
      return end === undefined
    }
    // An empty stream has an end and no data.
    if (before !== undefined) tellWhole(before, [])
    status = frame.st
    const failure = FAILURES[frame.st]
    // Whatever has a message is no `done`, and a code of its own.
    finish(
      failure === undefined
        ? undefined
        : new RelayError(frame.st as 'failed', frame.err?.message ?? failure, { error: frame.err }),
    )
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
    if (from === undefined) return reader.add(addWireChunk(undefined, sum))
    if (from.position.e === position?.e && from.position.o === position.o) return
    const rest = from.sum && remainder(from.sum, sum)
    if (rest === undefined) reader.replace(sum)
    else reader.add(rest)
  }

  return {
    receive: (frame) => end === undefined && (frame.t === 'd' ? receiveData(frame) : receiveEnd(frame)),
    missed() {
      // A position that the relay does not know, for whatever reason, is no place to go on from.
      if (++misses === MAX_MISSES / 2) forget()
      if (misses > MAX_MISSES) finish(new RelayError('corrupt', 'the frames of the relay do not fit together'))
    },
    fail: finish,
    read(from, leave) {
      const reader = createReader(receiver, from !== undefined, () => {
        if (readers.delete(reader) && readers.size === 0) leave()
      })
      readers.add(reader)
      if (readers.size > 1 || first === undefined) give(reader, from)
      return reader
    },
    forget,
    get isPart() {
      return isPart
    },
    get position() {
      return receiver.position
    },
    get status() {
      return status
    },
    get isOver() {
      return end !== undefined
    },
  }
}

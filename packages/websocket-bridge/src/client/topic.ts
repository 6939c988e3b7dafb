import type { Status } from '../protocol/frame.ts'
import { createLoop, type Loop } from './loop.ts'

/** A stream of a topic. */
export interface TopicStream {
  readonly id: string
  /** `live` when it begins, otherwise how it has ended; `ended` where that was while there was no connection. */
  readonly status: Status | 'ended'
}

/** A topic that this client is told of, and its readers. */
export interface Topic {
  /** Tells of a stream, if that is news. */
  tell(stream: TopicStream): void
  /** The server is asked, on another connection: it tells of all that live. */
  begin(): void
  /** It has told of them. */
  settle(): void
  fail(reason: Error): void
  read(): AsyncIterable<TopicStream>
}

/** @param leave called when the last reader has left */
export function createTopic(leave: () => void): Topic {
  const live = new Map<string, TopicStream>()
  const readers = new Map<Loop<TopicStream>, Map<string, TopicStream>>()
  /** Those that lived before, and of which the server has not said so again. */
  let untold = new Set<string>()

  function tell(stream: TopicStream): void {
    untold.delete(stream.id)
    if (stream.status === 'live' && live.has(stream.id)) return
    if (stream.status === 'live') live.set(stream.id, stream)
    else live.delete(stream.id)
    for (const [loop, news] of readers) {
      news.set(stream.id, stream)
      loop.wake()
    }
  }

  return {
    tell,
    begin() {
      untold = new Set(live.keys())
    },
    settle() {
      for (const id of untold) tell({ id, status: 'ended' })
    },
    fail(reason) {
      for (const loop of readers.keys()) loop.end(reason)
    },
    read() {
      const news = new Map(live)
      const take = (): TopicStream | undefined => {
        const [first] = news.values()
        if (first !== undefined) news.delete(first.id)
        return first
      }
      const loop = createLoop(take, () => {
        if (readers.delete(loop) && readers.size === 0) leave()
      })
      readers.set(loop, news)
      return loop.values
    },
  }
}

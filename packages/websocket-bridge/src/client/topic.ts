import type { Status } from '../protocol/frame.ts'
import { createLoop, type Loop } from './loop.ts'

/** A stream of a topic. */
export interface TopicStream {
  readonly id: string
  /** `live` when it begins, otherwise how it has ended. */
  readonly status: Status
}

/** A topic that this client is told of, and its readers. */
export interface Topic {
  /** Tells of a stream, if that is news. */
  tell(stream: TopicStream): void
  fail(reason: Error): void
  read(): AsyncIterable<TopicStream>
}

/** @param leave called when the last reader has left */
export function createTopic(leave: () => void): Topic {
  const live = new Map<string, TopicStream>()
  const readers = new Map<Loop<TopicStream>, Map<string, TopicStream>>()

  return {
    tell(stream) {
      // After each connection the server tells of all that live.
      if (stream.status === 'live' && live.has(stream.id)) return
      if (stream.status === 'live') live.set(stream.id, stream)
      else live.delete(stream.id)
      for (const [loop, news] of readers) {
        news.set(stream.id, stream)
        loop.wake()
      }
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

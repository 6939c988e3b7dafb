import type { Engine, Following, StreamSummary } from '../engine.ts'
import { fromStore } from '../refusal.ts'

export interface FollowTopicOptions {
  readonly engine: Engine
  readonly topic: string
  readonly mayRead: (stream: StreamSummary) => Promise<boolean>
  readonly onError: (reason: unknown, stream: StreamSummary) => void
}

/** The live streams of a topic that may be read; each that begins or ends there is told to the listener. */
export async function followTopic(
  { engine, topic, mayRead, onError }: FollowTopicOptions,
  listener: (stream: StreamSummary) => void,
): Promise<Following> {
  const fail = (reason: unknown, stream: StreamSummary): false => {
    onError(reason, stream)
    return false
  }
  // In the order in which it happened, however long each answer takes: who hears of an end last believes that.
  let told: Promise<unknown> = Promise.resolve()
  const following = await fromStore(
    engine.follow(topic, (stream) => {
      const verdict = mayRead(stream).catch((reason: unknown) => fail(reason, stream))
      told = Promise.all([verdict, told])
        .then(([may]) => may && listener(stream))
        .catch((reason: unknown) => fail(reason, stream))
    }),
  )
  try {
    const readable = await Promise.all(following.streams.map(mayRead))
    return { streams: following.streams.filter((_stream, at) => readable[at] === true), stop: following.stop }
  } catch (reason) {
    following.stop()
    throw reason
  }
}

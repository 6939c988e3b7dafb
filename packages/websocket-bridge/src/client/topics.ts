import type { StreamFrame } from '../protocol/frame.ts'
import { createTopic, type Topic, type TopicStream } from './topic.ts'
import type { Want, Wants } from './wants.ts'

/** The topics that this client wants to be told of. */
export interface Topics {
  read(name: string): AsyncIterable<TopicStream>
  tell(frame: StreamFrame): void
}

export function createTopics(wants: Wants): Topics {
  const topics = new Map<string, Topic>()

  function follow(name: string): AsyncIterable<TopicStream> {
    const want: Want = {
      on: new Map(),
      frame(id) {
        topic.begin()
        return { t: 'topic', id, topic: name }
      },
      resolve: () => topic.settle(),
      reject(reason) {
        forget()
        topic.fail(reason)
      },
    }
    const topic = createTopic(() => {
      forget()
      wants.drop(want, { t: 'untopic', topic: name })
    })
    // It may be asked for anew by then.
    const forget = (): void => void (topics.get(name) === topic && topics.delete(name))
    topics.set(name, topic)
    const streams = topic.read()
    // Its readers are told if that is refused.
    wants.add(want)
    return streams
  }

  return {
    read: (name) => topics.get(name)?.read() ?? follow(name),
    tell: ({ topic, s, st }) => topics.get(topic)?.tell({ id: s, status: st }),
  }
}

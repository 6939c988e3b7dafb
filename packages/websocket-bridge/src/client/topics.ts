import type { ErrFrame, StreamFrame } from '../protocol/frame.ts'
import type { Link } from './link.ts'
import type { RelayError } from './relay-error.ts'
import { createTopic, type Topic, type TopicStream } from './topic.ts'

/** The topics that this client wants to be told of. */
export interface Topics {
  read(name: string): AsyncIterable<TopicStream>
  sayAll(link: Link): void
  tell(frame: StreamFrame): void
  refuse(frame: ErrFrame, error: RelayError): void
  fail(reason: RelayError): void
}

/** @param linkOf where to send to, if anywhere */
export function createTopics(linkOf: () => Link | undefined, nextId: () => string): Topics {
  const topics = new Map<string, Topic>()
  /** Their names, by the ids of the requests. */
  const asked = new Map<string, string>()
  let over: RelayError | undefined

  function ask(link: Link | undefined, name: string): void {
    if (link === undefined) return
    const id = nextId()
    asked.set(id, name)
    link.send({ t: 'topic', id, topic: name })
  }

  function create(name: string): Topic {
    const topic = createTopic(() => {
      topics.delete(name)
      linkOf()?.send({ t: 'untopic', topic: name })
    })
    topics.set(name, topic)
    ask(linkOf(), name)
    return topic
  }

  return {
    read(name) {
      const topic = topics.get(name) ?? create(name)
      const streams = topic.read()
      if (over !== undefined) topic.fail(over)
      return streams
    },
    sayAll(link) {
      for (const name of topics.keys()) ask(link, name)
    },
    tell: ({ topic, s, st }) => topics.get(topic)?.tell({ id: s, status: st }),
    refuse({ id = '' }, error) {
      topics.get(asked.get(id) ?? '')?.fail(error)
    },
    fail(reason) {
      over = reason
      for (const topic of topics.values()) topic.fail(reason)
    },
  }
}

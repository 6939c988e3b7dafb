import type { StreamSummary } from '../engine.ts'
import type { Status } from '../protocol/frame.ts'
import type { Listener } from './channels.ts'

/** Follows one topic for one listener. */
export interface TopicTail extends Listener {
  /** Begins with what was read after the channel was there. */
  begin(live: readonly StreamSummary[]): void
  stop(): void
}

export interface TopicTailOptions {
  readonly topic: string
  readonly tell: (stream: StreamSummary) => void
  /** The live streams of the topic. */
  readonly readLive: () => Promise<readonly StreamSummary[]>
  /** Streams by their ids, those that are gone left out. */
  readonly readSome: (ids: readonly string[]) => Promise<readonly StreamSummary[]>
}

export function createTopicTail({ topic, tell, readLive, readSome }: TopicTailOptions): TopicTail {
  const live = new Map<string, StreamSummary>()
  let held: StreamSummary[] | undefined = []
  let isOver = false

  function take(stream: StreamSummary): void {
    // What was told before, or had ended before.
    if (isOver || (stream.status === 'live') === live.has(stream.id)) return
    if (stream.status === 'live') live.set(stream.id, stream)
    else live.delete(stream.id)
    tell(stream)
  }

  function release(): void {
    const streams = held ?? []
    held = undefined
    for (const stream of streams) take(stream)
  }

  async function readAgain(): Promise<void> {
    const now = await readLive()
    const ids = new Set(now.map(({ id }) => id))
    const ended = await readSome([...live.keys()].filter((id) => !ids.has(id)))
    for (const stream of [...ended, ...now]) take(stream)
  }

  return {
    begin(streams) {
      for (const stream of streams) live.set(stream.id, stream)
      release()
    },
    hear(message) {
      // Written by this engine.
      const [id, owner, status, createdAt] = JSON.parse(message) as [string, string, Status, number]
      const stream: StreamSummary = { id, owner, topic, status, createdAt }
      if (held === undefined) take(stream)
      else held.push(stream)
    },
    missed() {
      if (held !== undefined) return
      held = []
      // A store that is lost again says so again.
      void readAgain()
        .catch(() => {})
        .then(release)
    },
    stop() {
      isOver = true
    },
  }
}

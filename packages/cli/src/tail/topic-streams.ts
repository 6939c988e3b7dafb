import type { Relay } from '@deltawire/websocket-bridge/client'
import type { Io } from '../io.ts'
import { anyOf } from './any-of.ts'

/** How long after the end of a command news of its streams may be on their way. */
const graceMs = 500

/**
 * The streams of topics, each once.
 *
 * @param run when it has ended, what is already known of is still given, and then it is over
 */
export async function* topicStreams(
  relay: Relay,
  names: readonly string[],
  run: Promise<unknown> | undefined,
  { clock, signal }: Pick<Io, 'clock' | 'signal'>,
): AsyncGenerator<{ readonly id: string; readonly topic: string }, void, undefined> {
  const seen = new Set<string>()
  const news = anyOf(names.map((topic) => named(relay, topic)))
  let hasEnded = false
  // Also when it failed: it is judged elsewhere.
  const ended = run?.then(noop, noop).then(() => (hasEnded = true))
  let next = news.next()
  try {
    for (;;) {
      const over = hasEnded ? clock.sleep(graceMs, signal) : ended
      const result = await (over === undefined ? next : Promise.race([next, over]))
      if (typeof result !== 'object') {
        // The command has ended just now, or the time after that has.
        if (result === undefined) return
        continue
      }
      if (result.done === true) return
      next = news.next()
      if (seen.has(result.value.id)) continue
      seen.add(result.value.id)
      yield result.value
    }
  } finally {
    // Nobody waits for it any more, and closing the relay ends it with an error.
    next.catch(noop)
    void news.return().catch(noop)
  }
}

const noop = (): void => {}

/** A stream is told of when it begins, and when it ends. */
async function* named(relay: Relay, topic: string) {
  for await (const { id } of relay.topic(topic)) yield { id, topic }
}

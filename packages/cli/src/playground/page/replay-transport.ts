import type { ChatTransport, ChunkEvent } from '@deltawire/browser'
import { demoAnswer } from '../demo-answer.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The playground's answer out of the page itself: for a page without a server. */
export function replayTransport(isResumable: boolean): ChatTransport {
  const script = demoAnswer()
  const written = new Map<string, { began: number; pace: number; end?: number }>()

  const dueOf = ({ began, pace, end = performance.now() }: { began: number; pace: number; end?: number }): number =>
    Math.min(script.length, Math.floor(((end - began) * pace) / 1000))

  async function* events(streamId: string, from: number, signal: AbortSignal): AsyncGenerator<ChunkEvent> {
    const stream = written.get(streamId)
    for (let at = from; stream !== undefined && at < script.length;) {
      for (const due = dueOf(stream); at < due; at += 1) {
        const chunk = script[at]
        if (chunk !== undefined) yield { chunk, id: String(at + 1) }
      }
      if (stream.end !== undefined) return
      signal.throwIfAborted()
      await sleep(1000 / Math.min(stream.pace, 60))
    }
  }

  return {
    isResumable,
    async send({ metadata }, { signal, key }) {
      const pace = Number((metadata as { pace?: unknown } | undefined)?.pace) || 60
      written.set(key, { began: performance.now(), pace })
      return { ...(isResumable && { streamId: key }), events: events(key, 0, signal) }
    },
    async resume({ streamId, lastEventId }, { signal }) {
      return written.has(streamId) ? { streamId, events: events(streamId, Number(lastEventId ?? 0), signal) } : null
    },
    async stop({ streamId }) {
      const stream = written.get(streamId)
      if (stream !== undefined) stream.end = performance.now()
      return { stopped: stream !== undefined }
    },
  }
}

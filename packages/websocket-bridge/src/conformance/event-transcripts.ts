import type { DataFrame, EndFrame } from '../protocol/frame.ts'
import { formatPosition, type Position } from '../protocol/position.ts'
import { type Transcript, type TranscriptStep, TRANSCRIPTS } from './transcripts.ts'

/** One request of a client that follows `st_1` over server-sent events, and what is answered. */
export interface EventExchange {
  /** The `Last-Event-ID` that the client has to send; `null` for none. */
  readonly lastEventId: string | null
  /** The body, as it goes over the wire. After it the connection ends. */
  readonly body: string
}

/** A conversation over server-sent events, and what a client has to make of it. */
export interface EventTranscript extends Pick<Transcript, 'name' | 'section' | 'status' | 'text'> {
  readonly exchanges: readonly EventExchange[]
}

/**
 * The conversations of `TRANSCRIPTS` that can be had over server-sent events.
 *
 * There a client has no frames to say: it connects again, with `Last-Event-ID` for its position. So those about close
 * codes, drains and refusals are left out.
 */
export const EVENT_TRANSCRIPTS: readonly EventTranscript[] = TRANSCRIPTS.flatMap((transcript) => {
  const exchanges = exchangesOf(transcript.steps)
  const { name, section, status, text } = transcript
  return exchanges === undefined ? [] : [{ name, section, status, text, exchanges }]
})

function exchangesOf(steps: readonly TranscriptStep[]): EventExchange[] | undefined {
  const exchanges: { lastEventId: string | null; body: string }[] = []
  for (const step of steps) {
    if ('connects' in step) continue
    if ('closes' in step) {
      if (step.closes !== 1006) return undefined
    } else if ('client' in step) exchanges.push({ lastEventId: lastEventIdOf(step.client), body: '' })
    else {
      const { server } = step
      const last = exchanges.at(-1)
      if (server.t === 'drain' || server.t === 'err' || last === undefined) return undefined
      last.body += eventOf(server as DataFrame | EndFrame)
    }
  }
  return exchanges
}

function lastEventIdOf({ from }: { readonly [field: string]: unknown }): string | null {
  // Of the transcripts, where it is a position or `null`.
  return from === null ? null : formatPosition(from as Position)
}

function eventOf(frame: DataFrame | EndFrame): string {
  const { t, e, o } = frame
  return `id: ${formatPosition({ e, o })}\nevent: ${t}\ndata: ${JSON.stringify(frame)}\n\n`
}

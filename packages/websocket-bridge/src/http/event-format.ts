import { encodeChunk, encodeDone } from '@deltawire/core'
import type { StreamEnd } from '../engine.ts'
import type { LocalStream } from '../hub/local-streams.ts'
import type { DataFrame, Ending, WireChunk } from '../protocol/frame.ts'
import { formatPosition, parsePosition, type Position } from '../protocol/position.ts'
import { addWireChunk } from '../protocol/receive.ts'
import { restoreChunk } from '../protocol/wire-chunk.ts'
import type { SharedFrame } from '../stream/shared-frame.ts'
import { errorBody } from './error-response.ts'

/** In what form a stream goes into server-sent events. Made for one reader each. */
export interface EventFormat {
  /**
   * The events of a frame; `''` for none, or for none yet.
   *
   * @param hasRoom whether the reader takes them now
   */
  write(frame: SharedFrame, hasRoom: boolean): string
  /** What was kept back while there was no room. */
  flush(): string
  /** What is said when the stream has gone. */
  readonly gone: string
  /** Whether it keeps what a reader does not take, as a sum. One that does not is only given what is taken. */
  readonly keeps: boolean
  /** Whether a client that lost the connection comes back to where it was. */
  readonly canResume: boolean
}

const GONE = 'The stream is no longer kept.'

/** What the `id` of an end has behind its position: whoever comes back with that has heard of it. */
export const END_MARK = '.end'

/** Our frames, with their position as `id`: for `EventSource`, and all that resume. */
export const frameEvents = (): EventFormat => ({
  write: ({ kind, text, position }) =>
    `id: ${position}${kind === 'end' ? END_MARK : ''}\nevent: ${kind}\ndata: ${text}\n\n`,
  flush: () => '',
  gone: `event: err\ndata: ${JSON.stringify({ t: 'err', code: 'gone', msg: GONE })}\n\n`,
  keeps: false,
  canResume: true,
})

const FAILED: { readonly [E in Exclude<Ending, 'cancelled' | 'done'>]: string } = {
  failed: 'The stream failed.',
  interrupted: 'The stream was interrupted.',
  limit: 'The stream is longer than allowed.',
}

/**
 * Chunks as OpenAI sends them, with their position as `id`, the first one the sum so far or what follows `from`.
 *
 * Where what the client has is not in the stream any more, the first event is a `sum`: it takes the place of all that.
 * Later there is no way to take back what was sent: a reader that does not read has the sum of what it missed kept for it,
 * and one whose text is not in the stream any more is told that it broke.
 */
export function openaiEvents(stream: LocalStream, from: Position | undefined): EventFormat {
  let kept: { readonly sum: WireChunk; readonly position: string } | undefined
  let isBegun = false
  let mark = ''

  const encode = (chunk: WireChunk): string => encodeChunk(restoreChunk(chunk, stream.log.sum() ?? chunk))

  /** Chunks that came as they are have a place each; of summed ones only the last is one to come back to. */
  function eventsOf(
    chunks: readonly WireChunk[],
    { covers, position }: Pick<SharedFrame, 'covers' | 'position'>,
  ): string {
    const { e = '', o = 0 } = parsePosition(position) ?? {}
    const events = chunks.length === covers ? chunks : [sumOf(chunks)]
    return events
      .map((chunk, at) => `id: ${formatPosition({ e, o: o - (events.length - 1 - at) })}\n${encode(chunk)}`)
      .join('')
  }

  function say(text: string): string {
    if (text === '') return ''
    const said = mark + text
    mark = ''
    return said
  }

  function flush(): string {
    if (kept === undefined) return ''
    const { sum, position } = kept
    kept = undefined
    return say(eventsOf([sum], { covers: 1, position }))
  }

  function write(frame: SharedFrame, hasRoom: boolean): string {
    // It has ended: the log says how.
    if (frame.kind === 'end') return flush() + endEvents(stream.log.end)
    if (frame.covers === 0) return ''
    if (frame.isWhole && isBegun) return flush() + failure('interrupted', FAILED.interrupted)
    if (frame.isWhole && from !== undefined && from.o > 0) mark = 'event: sum\n'
    isBegun = true
    const chunks = (frame.chunks ??= (JSON.parse(frame.text) as DataFrame).c)
    if (hasRoom && kept === undefined) return say((frame.openai ??= eventsOf(chunks, frame)))
    kept = { sum: sumOf(chunks, kept?.sum), position: frame.position }
    return hasRoom ? flush() : ''
  }

  return { write, flush, gone: failure('gone', GONE), keeps: true, canResume: false }
}

const sumOf = (chunks: readonly WireChunk[], before?: WireChunk): WireChunk => chunks.reduce(addWireChunk, before) ?? {}

const failure = (code: string, message: string): string => `data: ${JSON.stringify(errorBody(code, message))}\n\n`

function endEvents(end: StreamEnd | undefined): string {
  // Whoever cancelled it wanted it to end there.
  if (end === undefined || end.st === 'done' || end.st === 'cancelled') return encodeDone()
  return failure(end.err?.code ?? end.st, end.err?.message ?? FAILED[end.st])
}

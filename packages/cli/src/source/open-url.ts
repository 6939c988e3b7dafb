import { StreamError } from '@deltawire/core'
import type { Io } from '../io.ts'
import { openCapture, type Capture } from '../recording/read-recording.ts'
import type { Read, RecordingHead } from '../recording/recording.ts'
import { abortable } from './abortable.ts'
import { plain } from './plain.ts'

/**
 * A stream or a recording from a URL, by GET.
 *
 * @throws StreamError `connect_failed`
 */
export async function openUrl(url: string, io: Io): Promise<Capture> {
  const sentAt = io.clock.now()
  const started = new Date(io.clock.date()).toISOString()
  const response = await io.fetch(url, { signal: io.signal }).catch((cause: unknown) => {
    if (io.signal.aborted) throw io.signal.reason
    throw new StreamError('connect_failed', `no answer from ${placeOf(url)}`, { url: placeOf(url) }, { cause })
  })
  const body = plain(abortable(response.body ?? nothing(), io.signal))
  const capture = await openCapture(body)
  if (capture.head !== undefined) return capture
  const head: RecordingHead = {
    v: 1,
    type: 'chat.recording',
    started,
    request: { method: 'GET', url: placeOf(url), headers: {} },
    response: {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      t: io.clock.now() - sentAt,
    },
    tool: 'deltawire',
  }
  return { head, reads: timed(capture.reads, () => io.clock.now() - sentAt) }
}

async function* timed(reads: AsyncIterable<Read>, now: () => number): AsyncGenerator<Read> {
  for await (const { bytes } of reads) yield { atMs: now(), bytes }
}

/** Without the query: keys stand there, at some. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

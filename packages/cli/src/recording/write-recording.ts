import { version } from '../../package.json'
import { encodeHead, encodeLine, inTenths, lineOf } from './encode-recording.ts'
import { RecordedBreak, type Capture } from './read-recording.ts'
import type { RecordingHead } from './recording.ts'

export interface WriteRecordingOptions {
  /** When it began, in milliseconds since 1970, for a capture that does not tell. */
  readonly date: number
  /** Gives a read its time where the capture has none; nobody knows it when absent. */
  readonly now?: (() => number) | undefined
  readonly write: (text: string) => Promise<void>
}

/**
 * Writes any capture as a recording, line by line as it comes.
 *
 * @returns whether the connection broke
 */
export async function writeRecording(
  { head: known, reads }: Capture,
  { date, now: clock, write }: WriteRecordingOptions,
): Promise<boolean> {
  // A recording has its own times, or says that it has none.
  const now = known === undefined ? clock : undefined
  const head = known ?? headOf(date, now !== undefined)
  await write(encodeHead(head))
  let at = head.response.t
  let bytes = 0
  try {
    for await (const read of reads) {
      at = read.atMs ?? now?.() ?? at
      bytes += read.bytes.length
      await write(encodeLine(lineOf({ atMs: at, bytes: read.bytes })))
    }
  } catch (error) {
    if (!(error instanceof RecordedBreak)) throw error
    await write(encodeLine([inTenths(at), 'e', { name: error.code, message: error.message }]))
    await write(encodeLine([inTenths(at), 'x', { reason: 'error', bytes }]))
    return true
  }
  await write(encodeLine([inTenths(now?.() ?? at), 'x', { reason: 'eof', bytes }]))
  return false
}

/** Of a call of which only the body is known. */
function headOf(date: number, isTimed: boolean): RecordingHead {
  return {
    v: 1,
    type: 'chat.recording',
    started: new Date(date).toISOString(),
    request: { method: 'POST', url: '', headers: {} },
    response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 0 },
    ...(!isTimed && { timed: false }),
    tool: `deltawire ${version}`,
  }
}

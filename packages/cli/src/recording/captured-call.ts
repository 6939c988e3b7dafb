import { version } from '../../package.json'
import { encodeHead, encodeLine, inTenths, lineOf } from './encode-recording.ts'
import type { RecordingHead } from './recording.ts'
import { createRedaction, secretsIn } from './redaction.ts'

/** A call that something else has kept, without the times of its reads. */
export interface CapturedCall extends Pick<RecordingHead, 'request' | 'response'> {
  readonly started: Date
  /** The body of the response. */
  readonly bytes: Uint8Array
}

/**
 * The same as a recording, without its secrets.
 *
 * @param names what the user wants left out besides
 */
export function recordingOf({ started, request, response, bytes }: CapturedCall, names: readonly string[]): string {
  const secrets = [request, response].flatMap(({ headers }) => secretsIn(headers))
  const redaction = createRedaction({ secrets: [...secrets, ...valuesIn(request.url)], names })
  const head: RecordingHead = {
    v: 1,
    type: 'chat.recording',
    started: started.toISOString(),
    request,
    response: { ...response, t: inTenths(response.t) },
    timed: false,
    tool: `deltawire ${version}`,
  }
  const at = head.response.t
  return [
    encodeHead(redaction.head(head)),
    ...(bytes.length > 0 ? [encodeLine(lineOf({ atMs: at, bytes: redaction.bytes(bytes) }))] : []),
    encodeLine([at, 'x', { reason: 'eof', bytes: bytes.length }]),
  ].join('')
}

/** Keys stand in queries, at some: where else they stand they are left out, too. */
function valuesIn(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { searchParams, username, password } = new URL(url)
  const named = [...searchParams].filter(([name]) => /key|token|secret|auth|password|sig/i.test(name))
  return [...named.map(([, value]) => value), username, password].filter((value) => value.length >= 8)
}
